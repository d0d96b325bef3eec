//! Copies the prefix that a new conversation shares with another one, most often the system prompt, instead of
//! prefilling it.
//!
//! The copy is a state, saved and restored. llama.cpp's own copy between sequences is lazy until the next decode: a
//! state taken before that would be another scope's.

use std::sync::{Arc, Weak};

use super::prefix_source::{self, PrefixSource};
use super::scheduler::Scheduler;
use super::stream::Phase;
use crate::engine::backend::{Sequence, Token};
use crate::kv::KvSnapshot;

impl Scheduler<'_> {
    /// Whether a queued job should wait, because a prompt that is being prefilled will soon hold a longer prefix of its
    /// prompt than any slot does now. Prompts are prefilled one after another anyway, so the wait costs nothing.
    pub(super) fn awaits_prefix_source(&self, queued: usize) -> bool {
        let job = &self.queue[queued];
        // Once a copy could not be cut, waiting for a longer prefix is no use.
        if self.uncuttable < usize::MAX || self.kept(&job.scope).is_some() {
            return false;
        }
        let coming = self.streams.iter().filter(|stream| stream.phase == Phase::Prefilling).map(|stream| {
            let held = self.slots[stream.sequence as usize].tokens.len();
            (stream.job.prompt.tokens.as_slice(), held)
        });
        let now = self.choose_source(&self.all_kept(), &job.prompt.tokens).map_or(0, |source| source.common);
        prefix_source::worth_waiting(&job.prompt.tokens, now, coming)
    }

    /// Copies the prefix of a prompt into an empty slot, from a slot or a copy that holds it. On any doubt the slot
    /// stays empty.
    pub(super) fn copy_prefix(&mut self, sequence: Sequence, prompt: &[Token]) {
        let kept = self.all_kept();
        let Some(source) = self.choose_source(&kept, prompt) else { return };
        match self.copy_from(sequence, &kept, source) {
            Ok(()) => {
                self.slots[sequence as usize].tokens = prompt[..source.common].to_vec();
                tracing::debug!(sequence, tokens = source.common, "a shared prefix was copied");
            }
            Err(reason) => {
                self.context.clear(sequence);
                tracing::debug!(sequence, reason, "a shared prefix could not be copied");
            }
        }
    }

    /// Candidates are the kept copies, then the slots: of equal ones, a copy needs no saving first.
    fn choose_source(&self, kept: &[Arc<KvSnapshot>], prompt: &[Token]) -> Option<PrefixSource> {
        let slots = self.slots.iter().map(|slot| slot.tokens.as_slice());
        let candidates = kept.iter().map(|parked| parked.tokens()).chain(slots);
        prefix_source::choose(prompt, candidates, self.uncuttable)
    }

    fn copy_from(&mut self, sequence: Sequence, kept: &[Arc<KvSnapshot>], source: PrefixSource) -> Result<(), String> {
        let sealed;
        let state = match kept.get(source.index) {
            Some(parked) => &**parked,
            None => {
                sealed = self.seal((source.index - kept.len()) as Sequence).map_err(|error| error.detail)?;
                sealed.as_deref().ok_or("the slot holds nothing")?
            }
        };
        self.try_restore(sequence, state)?;
        if !self.context.truncate(sequence, source.common as u32) {
            self.uncuttable = self.uncuttable.min(state.tokens().len() - source.common);
            return Err("this memory cannot be cut there".into());
        }
        // No token of the other conversation may stay.
        let left = self.context.length(sequence) as usize;
        if left == source.common {
            Ok(())
        } else {
            Err(format!("{left} tokens were left instead of {}", source.common))
        }
    }

    fn all_kept(&self) -> Vec<Arc<KvSnapshot>> {
        self.parked.values().filter_map(Weak::upgrade).collect()
    }
}
