//! The right, and the duty, to answer one request of a client.

use std::sync::Arc;

use crate::error::{Error, ErrorCode, Result};
use crate::events::{Bus, ClientId};
use crate::protocol::Event;

/// Takes the result of a request, or of one of its steps. It must return at once. A reply that is made from a
/// [`Ticket`] answers `internal` when it is dropped uncalled; a reply that the manager makes for itself may be dropped.
pub(crate) type Reply<T = ()> = Box<dyn FnOnce(Result<T>) + Send>;

/// One unanswered request. It is answered exactly once: if the code in between loses the ticket or panics, its `Drop`
/// answers `internal`.
#[must_use = "dropping a ticket answers `internal`"]
pub(crate) struct Ticket {
    bus: Arc<Bus>,
    client: ClientId,
    /// None once it is answered.
    request_id: Option<String>,
    #[cfg(test)]
    loss: Option<losses::Place>,
}

impl Ticket {
    pub(crate) fn new(bus: Arc<Bus>, client: ClientId, request_id: String) -> Self {
        Self {
            bus,
            client,
            request_id: Some(request_id),
            #[cfg(test)]
            loss: losses::next(),
        }
    }

    pub(crate) fn client(&self) -> ClientId {
        self.client
    }

    /// Answers with `done` or `failed`.
    pub(crate) fn answer(self, result: Result<()>) {
        self.answer_with(result, |request_id, ()| Event::Done { request_id });
    }

    /// Answers with an event of the command's own, or with `failed`.
    pub(crate) fn answer_with<T>(mut self, result: Result<T>, event: impl FnOnce(String, T) -> Event) {
        #[cfg(test)]
        if self.loss == Some(losses::Place::Answer) {
            return;
        }
        let Some(request_id) = self.request_id.take() else { return };
        let event = match result {
            Ok(value) => event(request_id, value),
            Err(error) => Event::Failed { request_id, error },
        };
        self.bus.reply(self.client, event);
    }

    /// The ticket as a reply: `done` or `failed`.
    pub(crate) fn reply(self) -> Reply {
        self.reply_with(|request_id, ()| Event::Done { request_id })
    }

    /// The ticket as a reply: an event of the command's own, or `failed`.
    pub(crate) fn reply_with<T: 'static>(self, event: impl FnOnce(String, T) -> Event + Send + 'static) -> Reply<T> {
        #[cfg(test)]
        if self.loss == Some(losses::Place::Reply) {
            return Box::new(|_result| {});
        }
        Box::new(move |result| self.answer_with(result, event))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(request_id) = self.request_id.take() {
            tracing::error!(request_id, "a request was lost");
            self.bus.reply(self.client, Event::Failed { request_id, error: lost() });
        }
    }
}

fn lost() -> Error {
    Error::new(ErrorCode::Internal, "the library lost the request, which is a defect of the library - ask again")
}

/// Loses tickets by a seed, for tests. It affects only tickets that are made on the thread that called `seed`.
#[cfg(test)]
pub(super) mod losses {
    use std::cell::Cell;

    /// The place where a ticket is dropped.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum Place {
        /// When its reply is made.
        Reply,
        /// When it is to be answered.
        Answer,
    }

    thread_local! {
        static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// Loses half of this thread's tickets from now on, at random places.
    pub(crate) fn seed(seed: u64) {
        STATE.set(Some(seed | 1));
    }

    /// The place of the next ticket's loss, by a step of xorshift64 (Marsaglia, 2003).
    pub(super) fn next() -> Option<Place> {
        let mut state = STATE.get()?;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        STATE.set(Some(state));
        match state % 4 {
            0 => Some(Place::Reply),
            1 => Some(Place::Answer),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::Devices;
    use crate::events::Pull;

    fn answers(bus: &Bus, client: ClientId) -> Vec<Event> {
        match bus.pull(client, Duration::ZERO) {
            Pull::Batch(batch) => batch.events.into_iter().map(|numbered| numbered.event).collect(),
            Pull::TimedOut | Pull::Closed => Vec::new(),
        }
    }

    #[test]
    fn a_ticket_that_is_answered_says_nothing_when_it_is_dropped() {
        let bus = Bus::new(Devices::default());
        let client = bus.connect();
        Ticket::new(bus.clone(), client, "r".into()).answer(Ok(()));
        assert_eq!(answers(&bus, client), [Event::Done { request_id: "r".into() }]);
    }

    #[test]
    fn a_ticket_that_is_lost_answers_internal_wherever_it_was_held() {
        let ways: [fn(Ticket); 3] = [
            drop,
            |ticket| drop(ticket.reply()),
            |ticket| {
                let reply: Reply<u32> = ticket.reply_with(|request_id, _| Event::Done { request_id });
                let lost = move || {
                    let _reply = reply;
                    panic!("half-way");
                };
                let panicked = std::thread::spawn(lost).join();
                assert!(panicked.is_err());
            },
        ];
        for lose in ways {
            let bus = Bus::new(Devices::default());
            let client = bus.connect();
            lose(Ticket::new(bus.clone(), client, "r".into()));
            assert_eq!(answers(&bus, client), [Event::Failed { request_id: "r".into(), error: lost() }]);
        }
    }
}
