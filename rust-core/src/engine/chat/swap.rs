//! Parks and restores scopes: copies a scope's KV out of its slot, and puts the verified copy back, so that a displaced
//! scope need not be prefilled again. `slots` chooses the scope.

use std::sync::{Arc, Weak};

use super::scheduler::Scheduler;
use super::slots::{Slot, SlotChoice, choose};
use crate::engine::backend::Sequence;
use crate::engine::report::EngineReport;
use crate::error::{Error, ErrorCode, Result};
use crate::kv::KvSnapshot;

/// The last token of a prompt is computed in any case, so one cached token saves nothing.
const WORTH_KEEPING: usize = 2;

impl Scheduler<'_> {
    /// Takes an idle scope out of its slot, as `EngineCommand::Park` asks.
    pub(super) fn park_scope(&mut self, scope: &str) -> Result<()> {
        let Some(sequence) = self.sequence_of(scope) else { return Ok(()) };
        if self.slots[sequence as usize].busy {
            let detail = format!("a turn of scope {scope} is running - park it when that has ended, or cancel it");
            return Err(Error::new(ErrorCode::Busy, detail));
        }
        if let Some(parked) = self.park(sequence) {
            (self.report)(EngineReport::Parked { parked, reason: "park was asked for" });
        }
        Ok(())
    }

    /// Copies the KV of a scope that is in a slot, if it is worth keeping. Called between two steps, when tokens and
    /// memory agree.
    pub(super) fn copy_scope(&mut self, scope: &str) -> Result<Option<Arc<KvSnapshot>>> {
        self.sequence_of(scope).map_or(Ok(None), |sequence| self.seal(sequence))
    }

    /// Remembers a copy that its receiver keeps alive. A scope in a slot is newer than any copy, which is then ignored.
    pub(super) fn keep(&mut self, parked: &Arc<KvSnapshot>) {
        self.parked.retain(|_, parked| parked.strong_count() > 0);
        if self.sequence_of(parked.scope()).is_none() {
            self.parked.insert(parked.scope().to_owned(), Arc::downgrade(parked));
        }
    }

    /// Puts a kept scope into a slot before its turn comes.
    pub(super) fn restore_scope(&mut self, scope: &str) -> Result<()> {
        if self.sequence_of(scope).is_some() {
            return Ok(());
        }
        let not_cached = |reason: &str| {
            let detail = format!("scope {scope} cannot be restored: {reason} - its next turn prefills it");
            Error::new(ErrorCode::NotCached, detail)
        };
        let parked = self.kept(scope).ok_or_else(|| not_cached("no copy of it is kept"))?;
        self.mark_wanted(0);
        let (sequence, displaced) = match choose(&self.slots, scope) {
            SlotChoice::Own(_) => return Ok(()),
            SlotChoice::Free(sequence) => (sequence, None),
            SlotChoice::Displace(sequence) => (sequence, self.park(sequence)),
            SlotChoice::Wait => {
                let detail = format!("every slot is busy, none is left for scope {scope} - try again soon");
                return Err(Error::new(ErrorCode::Busy, detail));
            }
        };
        let restored = self.restore(sequence, &parked);
        self.report_displaced(displaced);
        if !restored {
            return Err(not_cached("the copy of it did not verify"));
        }
        self.clock += 1;
        self.slots[sequence as usize].used = self.clock;
        Ok(())
    }

    /// Frees a slot. If the memory cannot be saved, the scope is forgotten. The caller reports the copy only after it
    /// has restored the scope that needs the slot: otherwise a budget could give up the very copy that is needed.
    pub(super) fn park(&mut self, sequence: Sequence) -> Option<Arc<KvSnapshot>> {
        self.interrupt_prefill(sequence);
        let sealed = self.seal(sequence).unwrap_or_else(|error| {
            tracing::warn!(sequence, %error, "a scope could not be parked");
            None
        });
        let Some(parked) = sealed else {
            self.forget(sequence);
            return None;
        };
        self.context.clear(sequence);
        self.slots[sequence as usize] = Slot::default();
        self.keep(&parked);
        Some(parked)
    }

    pub(super) fn report_displaced(&self, displaced: Option<Arc<KvSnapshot>>) {
        if let Some(parked) = displaced {
            (self.report)(EngineReport::Parked { parked, reason: "another scope needed its slot" });
        }
    }

    /// The copy of a scope without a slot, if it is still alive.
    pub(super) fn kept(&self, scope: &str) -> Option<Arc<KvSnapshot>> {
        self.parked.get(scope).and_then(Weak::upgrade)
    }

    /// Puts a scope back into an empty slot. If the copy does not verify, the slot is cleared, and the scope's next
    /// turn is prefilled.
    pub(super) fn restore(&mut self, sequence: Sequence, parked: &KvSnapshot) -> bool {
        let scope = parked.scope().to_owned();
        self.parked.remove(&scope);
        let result = self.try_restore(sequence, parked);
        let restored = result.is_ok();
        if restored {
            let slot = &mut self.slots[sequence as usize];
            slot.scope = Some(scope.clone());
            slot.tokens = parked.tokens().to_vec();
        } else {
            self.context.clear(sequence);
        }
        (self.report)(EngineReport::Restored { scope, result });
        restored
    }

    /// Fills an empty sequence; after an error it may hold anything. Comparing lengths compares positions too, because
    /// a context's length is its last position plus one. A state that begins at a later position, as that of a sliding
    /// window, was complete when it was saved: the checksum vouches for that.
    pub(super) fn try_restore(&mut self, sequence: Sequence, parked: &KvSnapshot) -> std::result::Result<(), String> {
        let state = parked.open(parked.scope())?;
        self.context.restore(sequence, state).map_err(|error| error.detail)?;
        let (held, wanted) = (self.context.length(sequence) as usize, parked.tokens().len());
        if held == wanted { Ok(()) } else { Err(format!("it holds {held} tokens instead of {wanted}")) }
    }

    /// Copies what a slot holds, stamped with its scope.
    pub(super) fn seal(&mut self, sequence: Sequence) -> Result<Option<Arc<KvSnapshot>>> {
        let Slot { scope: Some(scope), tokens, .. } = &self.slots[sequence as usize] else { return Ok(None) };
        if tokens.len() < WORTH_KEEPING {
            return Ok(None);
        }
        let state = self.context.save(sequence)?;
        Ok(Some(Arc::new(KvSnapshot::new(scope.clone(), tokens.clone(), state))))
    }

    fn sequence_of(&self, scope: &str) -> Option<Sequence> {
        self.slots.iter().position(|slot| slot.scope.as_deref() == Some(scope)).map(|index| index as Sequence)
    }
}
