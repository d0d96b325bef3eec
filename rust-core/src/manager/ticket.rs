//! The right, and the duty, to answer one request of a client.

use std::sync::Arc;

use crate::error::{Error, ErrorCode, Result};
use crate::events::{Bus, ClientId};
use crate::protocol::Event;

/// Answers a request, or a step of one. A reply that is made from a [`Ticket`] answers `internal` when it is dropped
/// uncalled; one that the manager makes for itself may be dropped. It must return at once.
pub(crate) type Reply<T = ()> = Box<dyn FnOnce(Result<T>) + Send>;

/// One request that waits for its answer. It answers exactly once: where the code in between loses it, or panics with it,
/// its `Drop` answers `internal`.
#[must_use = "dropping a ticket answers `internal`"]
pub(crate) struct Ticket {
    bus: Arc<Bus>,
    client: ClientId,
    /// None once it is answered.
    request_id: Option<String>,
}

impl Ticket {
    pub(crate) fn new(bus: Arc<Bus>, client: ClientId, request_id: String) -> Self {
        Self { bus, client, request_id: Some(request_id) }
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
        if losses::takes_one() {
            return Box::new(move |_result| drop(self));
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
    Error::new(ErrorCode::Internal, "the request was lost inside the library, which is a defect of it - ask again")
}

/// Replies that get lost, for tests: seeded, and of the thread alone that asks for them.
#[cfg(test)]
pub(super) mod losses {
    use std::cell::Cell;

    thread_local! {
        static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// From now on one reply in four is lost on this thread; with `None` no reply is.
    pub(crate) fn seed(seed: Option<u64>) {
        STATE.set(seed.map(|seed| seed | 1));
    }

    /// A step of xorshift64 (Marsaglia, 2003).
    pub(super) fn takes_one() -> bool {
        let Some(mut state) = STATE.get() else { return false };
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        STATE.set(Some(state));
        state % 4 == 0
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
