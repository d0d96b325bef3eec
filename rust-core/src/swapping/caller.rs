//! One client, used by calls that block. Whoever waits pulls for all who wait, so that there is no thread of its own.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::Client;
use crate::error::{Error, ErrorCode, Result};
use crate::events::Pull;
use crate::manager::ModelManager;
use crate::protocol::{Batch, Command, Envelope, Event, GenerationPhase, GenerationState, NumberedEvent, Snapshot};

/// How long one pull waits. It wakes at once for events and for `close`.
const PULL_TIMEOUT: Duration = Duration::from_secs(60);

/// Numbers every call of the process: a generation's id must be new to the whole manager.
static NEXT_CALL: AtomicU64 = AtomicU64::new(1);

pub(super) struct Caller {
    client: Client,
    desk: Mutex<Desk>,
    /// Somebody has stopped pulling, and may have sorted out an answer for somebody else.
    sorted: Condvar,
}

/// What came for whom.
#[derive(Default)]
struct Desk {
    pulling: bool,
    closed: bool,
    /// Number of the last event.
    seq: u64,
    /// What happened to generations up to this number was taken from a snapshot.
    covered: u64,
    /// By the id of the call, which is its request's and its generation's.
    inboxes: HashMap<String, VecDeque<News>>,
}

/// What a call hears.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    /// Answers it, or tells of its generation.
    Event(Event),
    /// Events were dropped; this is how far its generation is.
    State(GenerationState),
    /// Events were dropped, and nobody knows its generation: it has not begun, or ended too long ago.
    Unknown,
}

/// A call that has been sent. Its news come to nobody else, and end with it.
pub(super) struct Call<'a> {
    caller: &'a Caller,
    id: String,
}

impl Caller {
    pub(super) fn connect(manager: &ModelManager) -> Self {
        Self { client: manager.connect(), desk: Mutex::default(), sorted: Condvar::new() }
    }

    /// Sends a command and waits for its `done`.
    pub(super) fn call(&self, command: Command) -> Result<()> {
        let call = self.send(|_| command);
        loop {
            match call.next()? {
                News::Event(Event::Done { .. }) => return Ok(()),
                News::Event(Event::Failed { error, .. }) => return Err(error),
                News::Event(_) | News::State(_) | News::Unknown => {}
            }
        }
    }

    /// Sends a command made with an id that nobody else has.
    pub(super) fn send(&self, command: impl FnOnce(&str) -> Command) -> Call<'_> {
        let id = format!("swapping-{}", NEXT_CALL.fetch_add(1, Ordering::Relaxed));
        let envelope = Envelope { command: command(&id), request_id: id.clone() };
        let json = serde_json::to_string(&envelope).expect("a command is plain data with string keys");
        self.desk().inboxes.insert(id.clone(), VecDeque::new());
        let call = Call { caller: self, id };
        self.client.send(&json);
        call
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.client.snapshot()
    }

    /// Every call that waits, now or later, ends as `closed`.
    pub(super) fn close(&self) {
        self.client.close();
        self.desk().closed = true;
        self.sorted.notify_all();
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing under this lock can panic half-way.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// Waits for the next news of this call. Ends as `closed` when the client is closed.
    pub(super) fn next(&self) -> Result<News> {
        let mut desk = self.caller.desk();
        loop {
            if let Some(news) = desk.inboxes.get_mut(&self.id).and_then(VecDeque::pop_front) {
                return Ok(news);
            }
            if desk.closed {
                let detail = "the connection to the manager was closed before the answer - make a new one";
                return Err(Error::new(ErrorCode::Closed, detail));
            }
            if desk.pulling {
                desk = self.caller.sorted.wait(desk).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            desk.pulling = true;
            drop(desk);
            let pulled = self.caller.client.next_events(PULL_TIMEOUT);
            desk = self.caller.desk();
            match pulled {
                Pull::Batch(batch) => desk.sort(batch, || self.caller.client.snapshot()),
                Pull::TimedOut => {}
                Pull::Closed => desk.closed = true,
            }
            desk.pulling = false;
            self.caller.sorted.notify_all();
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.caller.desk().inboxes.remove(&self.id);
    }
}

impl Desk {
    /// Gives each event to the call that it is about. A gap in the numbers means that events were dropped.
    fn sort(&mut self, batch: Batch, snapshot: impl FnOnce() -> Snapshot) {
        let mut gap = false;
        for NumberedEvent { seq, .. } in &batch.events {
            gap |= *seq != self.seq + 1;
            self.seq = *seq;
        }
        let covered = if gap { self.seq } else { self.covered };
        for NumberedEvent { seq, event } in batch.events {
            let call = match about(&event) {
                About::Request(id) => id,
                About::Generation(id) if seq > covered => id,
                About::Generation(_) | About::Nobody => continue,
            };
            if let Some(inbox) = self.inboxes.get_mut(call) {
                inbox.push_back(News::Event(event));
            }
        }
        if gap {
            self.catch_up(snapshot());
        }
    }

    /// Events were dropped, of which the snapshot knows what matters.
    fn catch_up(&mut self, snapshot: Snapshot) {
        self.covered = snapshot.seq;
        let mut known: HashMap<String, GenerationState> =
            snapshot.generations.into_iter().map(|generation| (generation.id.clone(), generation)).collect();
        for (id, inbox) in &mut self.inboxes {
            inbox.push_back(known.remove(id).map_or(News::Unknown, News::State));
        }
    }
}

enum About<'a> {
    Request(&'a str),
    Generation(&'a str),
    Nobody,
}

fn about(event: &Event) -> About<'_> {
    match event {
        Event::Done { request_id }
        | Event::Failed { request_id, .. }
        | Event::Transcript { request_id, .. }
        | Event::Replay { request_id, .. }
        | Event::Log { request_id, .. }
        | Event::MemoryFit { request_id, .. }
        | Event::Prefilled { request_id, .. }
        | Event::Tokens { request_id, .. }
        | Event::Text { request_id, .. }
        | Event::RenderedPrompt { request_id, .. }
        | Event::Embeddings { request_id, .. }
        | Event::Benched { request_id, .. }
        | Event::HubRepository { request_id, .. }
        | Event::StoredModels { request_id, .. } => About::Request(request_id),
        Event::TextDelta { generation_id, .. }
        | Event::ReasoningDelta { generation_id, .. }
        | Event::ToolCallDelta { generation_id, .. }
        | Event::LogprobsDelta { generation_id, .. }
        | Event::ToolCallDropped { generation_id, .. } => About::Generation(generation_id),
        Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { .. } } => {
            About::Generation(generation_id)
        }
        Event::PhaseChanged { .. }
        | Event::BenchProgress { .. }
        | Event::GenerationQueued { .. }
        | Event::ModelChanged { .. }
        | Event::ScopeChanged { .. }
        | Event::ScopeDeleted { .. }
        | Event::TranscriptChanged { .. }
        | Event::SuspensionChanged { .. }
        | Event::ResidentChanged { .. }
        | Event::ResidentRemoved { .. }
        | Event::EvictResident { .. }
        | Event::DownloadChanged { .. }
        | Event::DownloadRemoved { .. }
        | Event::Recorded { .. } => About::Nobody,
    }
}
