//! The supervisor's mailbox: one ordered channel. A request is refused with `busy` while too many messages wait.
//! Releases, reports and timers are always accepted, so that `Drop` and the engines never block.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::effects::Timer;
use super::models::LeaseId;
use super::owners::{Continue, Post};
use super::ticket::{Reply, Ticket};
use crate::engine::EngineReport;
use crate::error::{Error, ErrorCode};
use crate::events::ClientId;
use crate::protocol::{Command, ModelConfig};

/// A request is refused while this many messages wait.
const LIMIT: usize = 1024;

pub(super) enum Message {
    /// A request of a client.
    Command {
        ticket: Ticket,
        command: Command,
    },
    /// Take a lease. `reply` is called when the model is ready or has failed.
    Acquire {
        lease: LeaseId,
        debug_label: String,
        config: ModelConfig,
        reply: Reply,
    },
    Release {
        lease: LeaseId,
    },
    ClientGone {
        client: ClientId,
    },
    Engine {
        path: String,
        epoch: u64,
        report: EngineReport,
    },
    /// Work that ran elsewhere is done.
    Continue(Continue),
    Timer(Timer),
    Shutdown {
        done: oneshot::Sender<()>,
    },
}

/// A message that was not accepted, and the reason.
pub(super) struct Refused {
    pub(super) error: Error,
    pub(super) message: Message,
}

#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    sender: mpsc::UnboundedSender<Message>,
    waiting: Arc<AtomicUsize>,
}

/// The supervisor's end.
pub(super) struct Inbox {
    receiver: mpsc::UnboundedReceiver<Message>,
    waiting: Arc<AtomicUsize>,
}

impl Mailbox {
    pub(super) fn new() -> (Self, Inbox) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        (Self { sender, waiting: waiting.clone() }, Inbox { receiver, waiting })
    }

    /// Delivers a message regardless of the limit. After the supervisor has ended, the message is dropped.
    pub(super) fn tell(&self, message: Message) {
        let _ended = self.put(message);
    }

    /// Delivers a request. If the mailbox is full or closed, the ticket is answered with the error.
    pub(super) fn command(&self, ticket: Ticket, command: Command) {
        let Err(refused) = self.ask(Message::Command { ticket, command }) else { return };
        let Refused { error, message } = *refused;
        if let Message::Command { ticket, .. } = message {
            ticket.answer(Err(error));
        }
    }

    /// Delivers a message unless too many are waiting. Gives an undelivered message back.
    pub(super) fn ask(&self, message: Message) -> std::result::Result<(), Box<Refused>> {
        if self.waiting.load(Ordering::Relaxed) >= LIMIT {
            let detail = format!("{LIMIT} requests are waiting for the manager - try again when some are answered");
            return Err(Box::new(Refused { error: Error::new(ErrorCode::Busy, detail), message }));
        }
        self.put(message)
    }

    /// Sends the continuations of work that runs elsewhere.
    pub(super) fn post(&self) -> Post {
        let mailbox = self.clone();
        Post::new(move |then| mailbox.tell(Message::Continue(then)))
    }

    fn put(&self, message: Message) -> std::result::Result<(), Box<Refused>> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.sender.send(message).map_err(|unsent| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let error = Error::new(ErrorCode::Closed, "the manager has been shut down - make a new port");
            Box::new(Refused { error, message: unsent.0 })
        })
    }
}

impl Inbox {
    pub(super) async fn next(&mut self) -> Option<Message> {
        let message = self.receiver.recv().await?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Devices;
    use crate::error::Result;
    use crate::events::Bus;

    fn ask(mailbox: &Mailbox) -> Result<()> {
        let bus = Bus::new(Devices::default());
        let ticket = Ticket::new(bus, 1, "r".into());
        let message = Message::Command { ticket, command: Command::Unload { path: "a.gguf".into() } };
        mailbox.ask(message).map_err(|refused| refused.error)
    }

    #[test]
    fn a_mailbox_whose_supervisor_has_ended_says_closed_however_often_it_is_asked() {
        let (mailbox, inbox) = Mailbox::new();
        drop(inbox);
        for _ in 0..=LIMIT {
            assert_eq!(ask(&mailbox).map_err(|error| error.code), Err(ErrorCode::Closed));
        }
    }

    #[test]
    fn too_many_requests_are_busy_and_a_release_gets_in() {
        let (mailbox, mut inbox) = Mailbox::new();
        for _ in 0..LIMIT {
            assert_eq!(ask(&mailbox), Ok(()));
        }
        assert_eq!(ask(&mailbox).map_err(|error| error.code), Err(ErrorCode::Busy));
        mailbox.tell(Message::Release { lease: LeaseId(1) });
        let received = std::iter::from_fn(|| inbox.receiver.try_recv().ok()).count();
        assert_eq!(received, LIMIT + 1);
    }
}
