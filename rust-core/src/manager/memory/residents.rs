//! What an app has in memory beside the models. It is asked to go through the client that registered it; only the app
//! itself can free it, so nothing here waits longer than a deadline.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::hub::ClientId;
use crate::manager::mailbox::Message;
use crate::manager::supervisor::Supervisor;
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
    owner: ClientId,
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
    /// What they take together.
    pub(super) fn bytes(&self) -> u64 {
        self.by_id.values().map(|registered| registered.resident.size_bytes).fold(0, u64::saturating_add)
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

impl Supervisor {
    /// Registers a resident or takes its new state. An id that another client registered before belongs to this one from now
    /// on: after a reload the newest JavaScript has the thing.
    pub(in crate::manager) fn set_resident(&mut self, owner: ClientId, resident: Resident) {
        if !self.hub.is_connected(owner) {
            return; // It was closed as it sent this, and would never be gone again.
        }
        let residents = &mut self.memory.residents.by_id;
        let before = residents.get(&resident.id);
        let departure = before.and_then(|before| before.answer_in(&resident));
        let asked = before.filter(|before| departure.is_none() && before.owner == owner).and_then(|it| it.asked);
        let changed = before.is_none_or(|before| before.resident != resident);
        // Another one's answer is awaited in vain.
        let taken_over = before.is_some_and(|before| before.asked.is_some() && before.owner != owner);
        let id = resident.id.clone();
        residents.insert(id.clone(), Registered { owner, resident: resident.clone(), asked });
        if changed {
            self.hub.publish(Event::ResidentChanged { resident });
        }
        match departure {
            Some(departure) => self.resident_answered(&id, &departure),
            None if taken_over => self.resident_answered(&id, &Departure::Stays),
            None => {}
        }
    }

    /// The resident has freed its memory, says its owner. What another client says of an id that it has lost is not true of
    /// the new owner's.
    pub(in crate::manager) fn remove_resident(&mut self, client: ClientId, id: &str) {
        if self.memory.residents.by_id.get(id).is_some_and(|registered| registered.owner == client) {
            self.forget_resident(id);
        }
    }

    /// The residents of a client that has gone go at once, unlike its leases: there is nobody left to ask, the host frees what
    /// belonged to its JavaScript, and a reload registers anew what it makes anew.
    pub(in crate::manager) fn client_gone(&mut self, client: ClientId) {
        let owned = |(id, registered): (&String, &Registered)| (registered.owner == client).then(|| id.clone());
        for id in self.memory.residents.by_id.iter().filter_map(owned).collect::<Vec<_>>() {
            self.forget_resident(&id);
        }
    }

    fn forget_resident(&mut self, id: &str) {
        let Some(gone) = self.memory.residents.by_id.remove(id) else { return };
        self.hub.publish(Event::ResidentRemoved { id: id.to_owned() });
        self.resident_answered(id, &Departure::Gone(gone.resident.size_bytes));
    }

    /// Asks whoever could go, and says whose answers are awaited now. One that was asked a moment ago is not asked twice.
    pub(super) fn ask_residents(&mut self, reason: &str) -> HashSet<String> {
        let residents = &mut self.memory.residents;
        let ask = residents.last_ask + 1;
        let mut awaited = HashSet::new();
        for (id, registered) in residents.by_id.iter_mut().filter(|(_, registered)| registered.could_go()) {
            awaited.insert(id.clone());
            if registered.asked.is_none() {
                registered.asked = Some(ask);
                residents.last_ask = ask;
                self.hub.reply(registered.owner, Event::EvictResident { id: id.clone(), reason: reason.to_owned() });
            }
        }
        if residents.last_ask == ask {
            let mailbox = self.mailbox.clone();
            self.runtime.spawn(async move {
                tokio::time::sleep(PATIENCE).await;
                mailbox.tell(Message::EvictionOverdue { ask });
            });
        }
        awaited
    }

    /// Whoever was asked then and has not answered stays, as far as we know.
    pub(in crate::manager) fn eviction_overdue(&mut self, ask: u64) {
        let mut silent = Vec::new();
        for (id, registered) in &mut self.memory.residents.by_id {
            if registered.asked == Some(ask) {
                registered.asked = None;
                silent.push(id.clone());
            }
        }
        for id in silent {
            tracing::warn!(resident = id, "asked to go and did not within 2 s");
            self.resident_answered(&id, &Departure::Stays);
        }
    }

    fn resident_answered(&mut self, id: &str, departure: &Departure) {
        self.memory.resident_answered(id, departure);
        self.go_on();
    }
}
