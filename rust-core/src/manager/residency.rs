//! Where each scope's KV is, as the engines report it, and the parked ones themselves.

use std::sync::Arc;

use super::scope::Kv;
use super::supervisor::Supervisor;
use crate::protocol::{Event, LifecycleEvent};
use crate::residency::Parked;

impl Supervisor {
    /// An engine has changed what it holds of a scope; nothing, when it was forgotten.
    pub(super) fn cached(&mut self, path: &str, scope: &str, tokens: Option<u32>) {
        // A scope that went back to nothing has no slot either, but nobody took it away.
        let kv = tokens.filter(|tokens| *tokens > 0).map_or(Kv::Uncached, Kv::Resident);
        if self.place(path, scope, kv) && tokens.is_none() {
            self.record_dropped(path, scope, "another scope needed its slot, and it could not be parked");
        }
    }

    /// A scope gave its slot to another one. It is kept as far as the budget goes.
    pub(super) fn parked(&mut self, path: &str, parked: Arc<Parked>, reason: &str) {
        let (scope, bytes) = (parked.scope().to_owned(), parked.bytes());
        if !self.place(path, &scope, Kv::Parked(parked.tokens().len() as u32)) {
            return; // Disposed, or at home in another model, in the meantime.
        }
        let event = LifecycleEvent::ScopeParked { scope, bytes };
        self.record(path, event, reason.into());
        let Some(running) = self.models.get_mut(path).and_then(|model| model.running.as_mut()) else { return };
        for given_up in running.parking.put(parked) {
            self.lost(path, given_up.scope(), "parkedBudgetBytes is used up");
        }
    }

    /// A parked scope is in a slot again, or did not verify. `Cached` follows at the end of its turn.
    pub(super) fn restored(&mut self, path: &str, scope: &str, result: Result<(), String>) {
        if let Some(running) = self.models.get_mut(path).and_then(|model| model.running.as_mut()) {
            running.parking.remove(scope);
        }
        match result {
            Ok(()) => {
                let event = LifecycleEvent::ScopeRestored { scope: scope.to_owned() };
                self.record(path, event, "its turn has come".into());
            }
            Err(reason) => self.record_dropped(path, scope, &format!("what was parked cannot be used: {reason}")),
        }
    }

    /// After an engine's exit no scope has anything in it.
    pub(super) fn uncache_scopes(&mut self, path: &str) {
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

    /// What was parked of a scope has been given up.
    pub(super) fn lost(&mut self, path: &str, scope: &str, reason: &str) {
        if self.place(path, scope, Kv::Uncached) {
            self.record_dropped(path, scope, reason);
        }
    }

    /// False if the scope has gone, or belongs to another model.
    fn place(&mut self, path: &str, scope: &str, kv: Kv) -> bool {
        let Some(scope) = self.scopes.get_mut(scope).filter(|scope| scope.model == path) else { return false };
        scope.kv = kv;
        self.hub.publish(Event::ScopeChanged { scope: scope.summary() });
        true
    }

    fn record_dropped(&mut self, path: &str, scope: &str, reason: &str) {
        self.record(path, LifecycleEvent::ScopeDropped { scope: scope.to_owned() }, reason.to_owned());
    }
}
