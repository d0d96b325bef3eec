//! What the engines report of their slots, and the scopes that wait in RAM.

use std::sync::Arc;

use super::saving::{Taken, When};
use crate::kv::{KvSnapshot, is_cheaper_to_read};
use crate::manager::scope::Kv;
use crate::manager::supervisor::Supervisor;
use crate::protocol::{Event, LifecycleEvent};

const USED_UP: &str = "parkedBudgetBytes is used up";

impl Supervisor {
    /// An engine has changed what it holds of a scope; nothing, when it was forgotten.
    pub(in crate::manager) fn cached(&mut self, path: &str, scope: &str, tokens: Option<u32>) {
        // A scope that went back to nothing has no slot either, but nobody took it away.
        let kv = tokens.filter(|tokens| *tokens > 0).map_or(Kv::Uncached, Kv::Resident);
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.kv_version += 1;
        }
        if self.place(path, scope, kv) && tokens.is_none() {
            self.record_dropped(path, scope, "it lost its slot, and its KV could not be taken out");
        }
        if let Some(tokens) = tokens {
            self.watch_fullness(path, scope, tokens);
        }
    }

    /// A scope left its slot. It is kept as far as the budget goes.
    pub(in crate::manager) fn parked(&mut self, path: &str, parked: Arc<KvSnapshot>, reason: &str) {
        let (scope, bytes) = (parked.scope().to_owned(), parked.bytes());
        if !self.place(path, &scope, Kv::Parked(parked.tokens().len() as u32)) {
            return; // Disposed, or at home in another model, in the meantime.
        }
        self.record(path, LifecycleEvent::ScopeParked { scope, bytes }, reason.into());
        self.keep_parked(path, parked);
    }

    /// Puts a scope among the parked ones of its model. Whoever no longer fits goes to disk, or is forgotten.
    pub(super) fn keep_parked(&mut self, path: &str, parked: Arc<KvSnapshot>) {
        let Some(running) = self.models.get_mut(path).and_then(|model| model.running.as_mut()) else { return };
        for given_up in running.parking.put(parked) {
            self.give_up(path, given_up);
        }
    }

    /// A parked scope loses its place in RAM. Until it is on disk the engine still finds it; a disk that is slower than
    /// scopes change is given one at a time beyond the budget, and the others are forgotten.
    fn give_up(&mut self, path: &str, parked: Arc<KvSnapshot>) {
        let (id, bytes) = (parked.scope().to_owned(), parked.bytes());
        let budget = self.models.get(path).and_then(|model| model.running.as_ref()).map_or(0, |it| it.parking.budget());
        let may_wait = |leaving: &u64| *leaving == 0 || leaving.saturating_add(bytes) <= budget;
        let leaving = self.disk.as_ref().map(|disk| disk.leaving).filter(may_wait);
        let taken = leaving.and_then(|_| self.take_copy(path, &id, parked));
        match taken.filter(|taken| self.belongs_on_disk(&id, taken, When::IfWorth)) {
            Some(taken) => {
                let (path, given_up) = (path.to_owned(), id.clone());
                let unparked = self.reply_here(move |it, _written| {
                    if let Some(disk) = &mut it.disk {
                        disk.leaving -= bytes;
                    }
                    it.unpark(&path, &given_up, USED_UP);
                });
                if let Some(disk) = &mut self.disk {
                    disk.leaving += bytes;
                }
                self.write(&id, Some(taken), unparked);
            }
            None => self.unpark(path, &id, USED_UP),
        }
    }

    /// Forgets that a scope is in RAM, if it is not there any more.
    pub(in crate::manager) fn unpark(&mut self, path: &str, id: &str, reason: &str) {
        let parking = self.models.get(path).and_then(|model| model.running.as_ref()).map(|running| &running.parking);
        if parking.is_some_and(|parking| parking.get(id).is_some()) {
            return; // Parked again in the meantime.
        }
        let Some(scope) = self.scopes.get(id).filter(|scope| matches!(scope.kv, Kv::Parked(_))) else { return };
        let on_disk = scope.is_on_disk();
        if self.place(path, id, Kv::Uncached) && !on_disk {
            self.record_dropped(path, id, reason);
        }
    }

    /// A scope is in a slot again, or did not verify. `Cached` follows at the end of its turn.
    pub(in crate::manager) fn restored(&mut self, path: &str, id: &str, result: std::result::Result<(), String>) {
        let running = self.models.get_mut(path).and_then(|model| model.running.as_mut());
        let was_parked = running.is_some_and(|running| running.parking.remove(id));
        let Some(scope) = self.scopes.get_mut(id).filter(|scope| scope.model == path) else { return };
        // One that was given up is not among the parked any more, but whoever writes it to disk kept it.
        let was_parked = was_parked || matches!(scope.kv, Kv::Parked(_));
        let tokens = match (scope.kv, scope.saved_here()) {
            (Kv::Parked(tokens), _) => tokens,
            (_, Some(saved)) => saved.kv.tokens,
            (Kv::Resident(tokens), None) => tokens,
            (Kv::Uncached, None) => 0,
        };
        match result {
            Ok(()) => {
                // What is in the slot now is what the file holds, unless it came from RAM.
                if let Some(saved) = scope.saved.as_mut().filter(|_| !was_parked) {
                    saved.version = scope.kv_version;
                }
                self.place(path, id, Kv::Resident(tokens));
                let reason = if was_parked { "from RAM" } else { "from disk" };
                self.record(path, LifecycleEvent::ScopeRestored { scope: id.to_owned() }, reason.into());
            }
            Err(reason) => {
                scope.kv = Kv::Uncached;
                if !was_parked {
                    scope.saved = None;
                }
                self.place(path, id, Kv::Uncached);
                let kept = if was_parked { "parked" } else { "saved" };
                self.record_dropped(path, id, &format!("what was {kept} cannot be used: {reason}"));
            }
        }
    }

    /// After an engine's exit no scope has anything in it.
    pub(in crate::manager) fn uncache_scopes(&mut self, path: &str) {
        let cached: Vec<String> = self
            .scopes
            .iter()
            .filter(|(_, scope)| scope.model == path && scope.kv != Kv::Uncached)
            .map(|(id, _)| id.clone())
            .collect();
        for scope in cached {
            self.place(path, &scope, Kv::Uncached);
        }
    }

    /// False if the scope has gone, or belongs to another model.
    pub(super) fn place(&mut self, path: &str, scope: &str, kv: Kv) -> bool {
        let Some(placed) = self.scopes.get_mut(scope).filter(|scope| scope.model == path) else { return false };
        placed.kv = kv;
        self.publish_scope(scope);
        true
    }

    pub(in crate::manager) fn publish_scope(&mut self, id: &str) {
        if let Some(scope) = self.scopes.get(id) {
            self.hub.publish(Event::ScopeChanged { scope: scope.summary() });
        }
    }

    pub(super) fn record_dropped(&mut self, path: &str, scope: &str, reason: &str) {
        self.record(path, LifecycleEvent::ScopeDropped { scope: scope.to_owned() }, reason.to_owned());
    }

    /// Whether a copy is to be written, by what its scope may, by the room there is and by what it costs.
    pub(super) fn belongs_on_disk(&self, id: &str, taken: &Taken, when: When) -> bool {
        let Some(scope) = self.scopes.get(id) else { return false };
        let rate =
            self.models.get(&taken.model).and_then(|model| model.running.as_ref()).and_then(|it| it.prefill_rate());
        let parked = &taken.parked;
        self.may_save_kv(scope)
            && parked.bytes() <= self.saved_budget
            && (when == When::Asked || is_cheaper_to_read(parked.tokens().len() as u32, parked.bytes(), rate))
    }
}
