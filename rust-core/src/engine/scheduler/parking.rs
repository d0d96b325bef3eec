//! Takes a scope out of its slot and puts it back, verified: a scope that another one displaces is not prefilled again.

use std::sync::Arc;

use super::Scheduler;
use crate::engine::{EngineReport, Sequence};
use crate::residency::Parked;

impl Scheduler<'_> {
    /// Frees a slot for another scope. Where the memory cannot be saved, its scope is forgotten. What comes back is to be
    /// reported after the other scope was restored: a budget then never gives up the one that is just needed.
    pub(super) fn park(&mut self, sequence: Sequence) -> Option<Arc<Parked>> {
        let held = self.slots[sequence as usize].tokens.len();
        // One token of a prompt is computed in any case, and nothing less is worth keeping.
        if held < 2 {
            self.forget(sequence);
            return None;
        }
        let state = match self.context.save(sequence) {
            Ok(state) => state,
            Err(error) => {
                tracing::warn!(sequence, %error, "a scope could not be parked");
                self.forget(sequence);
                return None;
            }
        };
        self.context.clear(sequence);
        let slot = std::mem::take(&mut self.slots[sequence as usize]);
        let parked = Arc::new(Parked::new(slot.scope?, slot.tokens, state));
        self.parked.retain(|_, parked| parked.strong_count() > 0);
        self.parked.insert(parked.scope().to_owned(), Arc::downgrade(&parked));
        Some(parked)
    }

    /// Puts the scope of a queued job into an empty slot, if it is parked. What does not verify is cleared, and prefilled
    /// as if it had never been parked.
    pub(super) fn restore(&mut self, sequence: Sequence, queued: usize) {
        let scope = self.queue[queued].scope.clone();
        let Some(parked) = self.parked.remove(&scope).and_then(|parked| parked.upgrade()) else { return };
        let result = self.try_restore(sequence, &scope, &parked);
        if result.is_ok() {
            let slot = &mut self.slots[sequence as usize];
            slot.scope = Some(scope.clone());
            slot.tokens = parked.tokens().to_vec();
        } else {
            self.context.clear(sequence);
        }
        (self.report)(EngineReport::Restored { scope, result });
    }

    fn try_restore(&mut self, sequence: Sequence, scope: &str, parked: &Parked) -> Result<(), String> {
        let state = parked.open(scope)?;
        self.context.restore(sequence, state).map_err(|error| error.detail)?;
        let (held, wanted) = (self.context.length(sequence) as usize, parked.tokens().len());
        if held == wanted { Ok(()) } else { Err(format!("it holds {held} tokens instead of {wanted}")) }
    }
}
