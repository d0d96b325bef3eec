//! Residents: memory that an app holds outside the models. The client that registered a resident is asked to free it.
//! Only the app can free it, so every wait has a deadline.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::events::ClientId;
use crate::manager::effects::{Effect, Effects, Timer};
use crate::protocol::{Event, Resident};

/// How long an app may take to free a resident. An app that never answers must not keep a load waiting.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Residents {
    by_id: BTreeMap<String, Registered>,
    /// Number of the last request to residents.
    last_ask: u64,
}

struct Registered {
    client: ClientId,
    resident: Resident,
    /// Number of the request that it has not answered. None after the deadline.
    asked: Option<u64>,
}

/// The answer of a resident that was asked to go.
pub(super) enum Departure {
    /// It freed this many bytes.
    Gone(u64),
    Stays,
}

impl Residents {
    /// Bytes of all residents together.
    pub(super) fn bytes(&self) -> u64 {
        self.by_id.values().map(|registered| registered.resident.size_bytes).fold(0, u64::saturating_add)
    }

    /// Registers a resident, or updates its state. An id that another client registered moves to this client: after a
    /// reload the newest JavaScript owns the resident. Returns the departure if this answers a request to go.
    pub(super) fn set(&mut self, client: ClientId, resident: Resident, fx: &Effects) -> Option<Departure> {
        let before = self.by_id.get(&resident.id);
        let departure = before.and_then(|before| before.answer_in(&resident));
        let asked = before.filter(|before| departure.is_none() && before.client == client).and_then(|it| it.asked);
        let changed = before.is_none_or(|before| before.resident != resident);
        // The client that was asked has lost the resident, and will not answer.
        let taken_over = before.is_some_and(|before| before.asked.is_some() && before.client != client);
        self.by_id.insert(resident.id.clone(), Registered { client, resident: resident.clone(), asked });
        if changed {
            fx.publish(Event::ResidentChanged { resident });
        }
        departure.or(taken_over.then_some(Departure::Stays))
    }

    /// Removes a resident whose client has freed its memory. A client that has lost the id to another client is
    /// ignored.
    pub(super) fn remove(&mut self, client: ClientId, id: &str, fx: &Effects) -> Option<Departure> {
        self.by_id.get(id).filter(|registered| registered.client == client)?;
        let gone = self.by_id.remove(id)?;
        fx.publish(Event::ResidentRemoved { id: id.to_owned() });
        Some(Departure::Gone(gone.resident.size_bytes))
    }

    pub(super) fn ids_of(&self, client: ClientId) -> Vec<String> {
        let theirs = self.by_id.iter().filter(|(_, registered)| registered.client == client);
        theirs.map(|(id, _)| id.clone()).collect()
    }

    /// Asks every resident that could go, and returns those that have yet to answer. A resident with an open request is
    /// not asked twice.
    pub(super) fn ask(&mut self, reason: &str, fx: &mut Effects) -> HashSet<String> {
        let ask = self.last_ask + 1;
        let mut awaited = HashSet::new();
        for (id, registered) in self.by_id.iter_mut().filter(|(_, registered)| registered.could_go()) {
            awaited.insert(id.clone());
            if registered.asked.is_none() {
                registered.asked = Some(ask);
                self.last_ask = ask;
                fx.tell(registered.client, Event::EvictResident { id: id.clone(), reason: reason.to_owned() });
            }
        }
        if self.last_ask == ask {
            fx.push(Effect::StartTimer { timer: Timer::EvictionOverdue { ask }, after: PATIENCE });
        }
        awaited
    }

    /// The deadline of a request has passed. Returns the residents that have not answered it, which count as staying.
    pub(super) fn overdue(&mut self, ask: u64) -> Vec<String> {
        let mut silent = Vec::new();
        for (id, registered) in &mut self.by_id {
            if registered.asked == Some(ask) {
                registered.asked = None;
                tracing::warn!(resident = id, "a resident did not go within 2 s");
                silent.push(id.clone());
            }
        }
        silent
    }
}

impl Registered {
    /// A resident in use is left alone, and a resident without memory has none to free.
    fn could_go(&self) -> bool {
        !self.resident.in_use && self.resident.size_bytes > 0
    }

    /// The answer that a new state gives to an open request. None if there is no request, or no answer yet.
    fn answer_in(&self, new: &Resident) -> Option<Departure> {
        self.asked?;
        let given_back = self.resident.size_bytes.saturating_sub(new.size_bytes);
        match (given_back, new.in_use) {
            (0, false) => None,
            (0, true) => Some(Departure::Stays),
            (bytes, _) => Some(Departure::Gone(bytes)),
        }
    }
}
