//! Residents: what an app has in memory beside the models. A resident is asked to go through the client that registered
//! it. Only the app can free it, so nothing here waits longer than a deadline.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::events::ClientId;
use crate::manager::effects::{Effect, Effects, Timer};
use crate::protocol::{Event, Resident};

/// How long an app may take to free a resident. One that never answers must not keep a load waiting.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Residents {
    by_id: BTreeMap<String, Registered>,
    /// Number of the last time that some were asked.
    last_ask: u64,
}

struct Registered {
    client: ClientId,
    resident: Resident,
    /// The time that it was asked to go, until it answers or its patience ends.
    asked: Option<u64>,
}

/// What became of a resident that was asked to go.
pub(super) enum Departure {
    /// It gave back this many bytes.
    Gone(u64),
    Stays,
}

impl Residents {
    /// Bytes of all residents together.
    pub(super) fn bytes(&self) -> u64 {
        self.by_id.values().map(|registered| registered.resident.size_bytes).fold(0, u64::saturating_add)
    }

    /// Registers a resident or takes its new state. An id that another client registered before belongs to this one from
    /// now on: after a reload the newest JavaScript has the thing. Gives the answer that this is to having been asked.
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

    /// The resident has freed its memory, says its client. A client that has lost the id to another one is not heard.
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

    /// Asks every resident that could go, and gives those whose answers are awaited now. A resident that was asked a
    /// moment ago is not asked twice.
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

    /// The patience of an ask has ended. Gives the residents that have not answered it; they stay, as far as is known.
    pub(super) fn overdue(&mut self, ask: u64) -> Vec<String> {
        let mut silent = Vec::new();
        for (id, registered) in &mut self.by_id {
            if registered.asked == Some(ask) {
                registered.asked = None;
                tracing::warn!(resident = id, "asked to go and did not within 2 s");
                silent.push(id.clone());
            }
        }
        silent
    }
}

impl Registered {
    /// One at work is left alone, and one without memory has none to give.
    fn could_go(&self) -> bool {
        !self.resident.in_use && self.resident.size_bytes > 0
    }

    /// What a new state says to having been asked. `None`: nothing yet.
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
