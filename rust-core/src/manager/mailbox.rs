//! The supervisor's mailbox: one ordered channel. Requests count against a bound and are refused with `busy` beyond it;
//! releases, reports and timers always get in, so that `Drop` and the engines never block.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::bench::BenchId;
use super::embedding::{Embedded, EmbeddingId};
use super::errands::Question;
use super::lease::LeaseId;
use super::overflow::Fitted;
use super::supervisor::Supervisor;
use super::turns::Saved;
use crate::engine::{EngineReport, Prefilled};
use crate::error::{Error, ErrorCode, Result};
use crate::hub::ClientId;
use crate::protocol::{
    BenchCommand, BenchReport, EmbedCommand, GenerateCommand, Heat, HubRepository, HubToken, MemoryEstimate, MemoryFit,
    Message as ChatMessage, ModelConfig, Mount, Persist, PrefillCommand, Resident, StoredModels, SuspendAfter,
    TrimLevel,
};

/// Requests that may wait at once.
const LIMIT: usize = 1024;

/// How a request is answered. Called exactly once, on any of the manager's threads; must return at once.
pub(crate) type Reply<T = ()> = Box<dyn FnOnce(Result<T>) + Send>;

/// A scope's messages and their revision.
pub(crate) struct Transcript {
    pub(crate) revision: u64,
    pub(crate) messages: Vec<ChatMessage>,
}

/// Runs on the supervisor, in its turn.
pub(crate) type Continuation = Box<dyn FnOnce(&mut Supervisor) + Send>;

pub(crate) enum Message {
    Acquire {
        lease: LeaseId,
        debug_label: String,
        config: ModelConfig,
        reply: Reply,
    },
    Release {
        lease: LeaseId,
    },
    Unload {
        path: String,
        reply: Reply,
    },
    Generate {
        command: Box<GenerateCommand>,
        reply: Reply,
    },
    Prefill {
        command: PrefillCommand,
        reply: Reply<Prefilled>,
    },
    Embed {
        client: ClientId,
        command: EmbedCommand,
        reply: Reply<Embedded>,
    },
    CancelEmbed {
        id: EmbeddingId,
        reply: Reply,
    },
    Bench {
        client: ClientId,
        command: BenchCommand,
        reply: Reply<BenchReport>,
    },
    CancelBench {
        id: BenchId,
        reply: Reply,
    },
    AskModel {
        config: ModelConfig,
        question: Question,
    },
    Cancel {
        generation: String,
        reply: Reply,
    },
    DeleteScope {
        scope: String,
        reply: Reply,
    },
    Park {
        scope: String,
        reply: Reply,
    },
    Restore {
        scope: String,
        reply: Reply,
    },
    Save {
        scope: String,
        reply: Reply,
    },
    Fork {
        scope: String,
        fork: String,
        message_count: Option<u32>,
        reply: Reply,
    },
    RewindTo {
        scope: String,
        message_index: u32,
        reply: Reply,
    },
    SetPersist {
        scope: String,
        persist: Persist,
        reply: Reply,
    },
    DeleteAllScopes {
        reply: Reply,
    },
    Suspend {
        deadline: Duration,
        after: Option<SuspendAfter>,
        reply: Reply,
    },
    Resume {
        reply: Reply,
    },
    SetHeat {
        heat: Heat,
        reply: Reply,
    },
    Trim {
        level: TrimLevel,
        reply: Reply,
    },
    CanLoad {
        config: ModelConfig,
        reply: Reply<MemoryFit>,
    },
    Configure {
        memory_budget: Option<u64>,
        saved_budget: Option<u64>,
        models_budget: Option<u64>,
        reply: Reply,
    },
    SetHub {
        endpoint: Option<String>,
        token: Option<HubToken>,
        reply: Reply,
    },
    BrowseHub {
        repository: String,
        reply: Reply<HubRepository>,
    },
    Download {
        name: String,
        sha256: Option<String>,
        reply: Reply,
    },
    PauseDownload {
        name: String,
        reply: Reply,
    },
    CancelDownload {
        name: String,
        reply: Reply,
    },
    ImportModel {
        path: String,
        name: String,
        reply: Reply,
    },
    VerifyStoredModel {
        name: String,
        reply: Reply,
    },
    ListStoredModels {
        reply: Reply<StoredModels>,
    },
    RemoveStoredModel {
        name: String,
        reply: Reply,
    },
    SetResident {
        client: ClientId,
        resident: Resident,
        reply: Reply,
    },
    RemoveResident {
        client: ClientId,
        id: String,
        reply: Reply,
    },
    /// Residents were asked to go, and have had the time for it.
    EvictionOverdue {
        ask: u64,
    },
    /// A load asks for its memory before it takes any; its engine's thread waits for the answer.
    Claim {
        path: String,
        epoch: u64,
        estimate: MemoryEstimate,
        force: bool,
        reply: oneshot::Sender<Result<()>>,
    },
    /// A client has gone, and with it its residents.
    ClientGone {
        client: ClientId,
    },
    GetTranscript {
        scope: String,
        reply: Reply<Transcript>,
    },
    /// The second half of something that was done elsewhere.
    Continue(Continuation),
    RecordMount {
        debug_label: String,
        path: String,
        mount: Mount,
    },
    KeepAliveElapsed {
        path: String,
        timer: u64,
    },
    Rendered {
        generation: String,
        path: String,
        epoch: u64,
        result: Result<Fitted>,
        /// The scope's KV on disk, read meanwhile, if there was one to be read.
        saved: Option<Saved>,
    },
    Engine {
        path: String,
        epoch: u64,
        report: EngineReport,
    },
    Shutdown {
        done: oneshot::Sender<()>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    sender: mpsc::UnboundedSender<Message>,
    waiting: Arc<AtomicUsize>,
}

/// The supervisor's end.
pub(crate) struct Inbox {
    receiver: mpsc::UnboundedReceiver<Message>,
    waiting: Arc<AtomicUsize>,
}

impl Mailbox {
    pub(crate) fn new() -> (Self, Inbox) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        (Self { sender, waiting: waiting.clone() }, Inbox { receiver, waiting })
    }

    /// Always gets in. A supervisor that has ended needs no message.
    pub(crate) fn tell(&self, message: Message) {
        let _ended = self.put(message);
    }

    /// Gets in unless too much is waiting.
    pub(crate) fn ask(&self, message: Message) -> Result<()> {
        if self.waiting.load(Ordering::Relaxed) >= LIMIT {
            return Err(Error::new(
                ErrorCode::Busy,
                format!("{LIMIT} requests are waiting for the manager - try again when some are answered"),
            ));
        }
        self.put(message)
    }

    fn put(&self, message: Message) -> Result<()> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.sender.send(message).map_err(|_| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            Error::new(ErrorCode::Closed, "the manager has been shut down - make a new port")
        })
    }
}

impl Inbox {
    pub(crate) async fn next(&mut self) -> Option<Message> {
        let message = self.receiver.recv().await?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_whose_supervisor_has_ended_says_closed_however_often_it_is_asked() {
        let (mailbox, inbox) = Mailbox::new();
        drop(inbox);
        for _ in 0..=LIMIT {
            let message = Message::Unload { path: "a.gguf".into(), reply: Box::new(|_| {}) };
            assert_eq!(mailbox.ask(message).map_err(|error| error.code), Err(ErrorCode::Closed));
        }
    }

    #[test]
    fn too_many_requests_are_busy_and_a_release_gets_in() {
        let (mailbox, mut inbox) = Mailbox::new();
        let ask = || mailbox.ask(Message::Unload { path: "a.gguf".into(), reply: Box::new(|_| {}) });
        for _ in 0..LIMIT {
            assert_eq!(ask(), Ok(()));
        }
        assert_eq!(ask().map_err(|error| error.code), Err(ErrorCode::Busy));
        mailbox.tell(Message::Release { lease: LeaseId(1) });
        let received = std::iter::from_fn(|| inbox.receiver.try_recv().ok()).count();
        assert_eq!(received, LIMIT + 1);
    }
}
