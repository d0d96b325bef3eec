//! A beginning that a new conversation shares with another one is copied, not prefilled: most often the system prompt.
//!
//! Copied as a state, saved and restored. llama.cpp's own copy between sequences is lazy until the next decode: a state
//! that is taken before would be another scope's.

use std::sync::{Arc, Weak};

use super::Scheduler;
use crate::engine::donor::{self, Donor};
use crate::engine::stream::Phase;
use crate::engine::{Sequence, Token};
use crate::kv::KvSnapshot;

impl Scheduler<'_> {
    /// Whether a queued job had better wait: a prompt that is being prefilled will soon hold more of this one's beginning
    /// than any slot does now. Prompts are prefilled one after another anyway, so the wait costs nothing.
    pub(super) fn awaits_donor(&self, queued: usize) -> bool {
        let job = &self.queue[queued];
        // Where a copy could not be cut, the beginning alone cannot be had.
        if self.uncuttable < usize::MAX || self.kept(&job.scope).is_some() {
            return false;
        }
        let coming = self.streams.iter().filter(|stream| stream.phase == Phase::Prefilling).map(|stream| {
            let held = self.slots[stream.sequence as usize].tokens.len();
            (stream.job.prompt.tokens.as_slice(), held)
        });
        let now = self.choose_donor(&self.all_kept(), &job.prompt.tokens).map_or(0, |donor| donor.common);
        donor::worth_waiting(&job.prompt.tokens, now, coming)
    }

    /// Copies the beginning of a prompt into an empty slot, from whoever holds it. On any doubt the slot is left empty.
    pub(super) fn share(&mut self, sequence: Sequence, prompt: &[Token]) {
        let kept = self.all_kept();
        let Some(donor) = self.choose_donor(&kept, prompt) else { return };
        match self.copy_beginning(sequence, &kept, donor) {
            Ok(()) => {
                self.slots[sequence as usize].tokens = prompt[..donor.common].to_vec();
                tracing::debug!(sequence, tokens = donor.common, "a shared beginning was copied");
            }
            Err(reason) => {
                self.context.clear(sequence);
                tracing::debug!(sequence, reason, "a shared beginning could not be copied");
            }
        }
    }

    /// Candidates are what is kept, then the slots: of equal ones, those need no state taken first.
    fn choose_donor(&self, kept: &[Arc<KvSnapshot>], prompt: &[Token]) -> Option<Donor> {
        let slots = self.slots.iter().map(|slot| slot.tokens.as_slice());
        let candidates = kept.iter().map(|parked| parked.tokens()).chain(slots);
        donor::choose(prompt, candidates, self.uncuttable)
    }

    fn copy_beginning(&mut self, sequence: Sequence, kept: &[Arc<KvSnapshot>], donor: Donor) -> Result<(), String> {
        let sealed;
        let source = match kept.get(donor.index) {
            Some(parked) => &**parked,
            None => {
                sealed = self.seal((donor.index - kept.len()) as Sequence).map_err(|error| error.detail)?;
                sealed.as_deref().ok_or("the slot holds nothing")?
            }
        };
        self.try_restore(sequence, source)?;
        if !self.context.truncate(sequence, donor.common as u32) {
            self.uncuttable = self.uncuttable.min(source.tokens().len() - donor.common);
            return Err("this memory cannot be cut there".into());
        }
        // Not a token of the other conversation may stay.
        let left = self.context.length(sequence) as usize;
        if left == donor.common { Ok(()) } else { Err(format!("{left} tokens were left instead of {}", donor.common)) }
    }

    fn all_kept(&self) -> Vec<Arc<KvSnapshot>> {
        self.parked.values().filter_map(Weak::upgrade).collect()
    }
}
