//! How turns begin: admission to a slot.

use std::time::Instant;

use super::common_prefix::{Reuse, reuse};
use super::scheduler::Scheduler;
use super::slots::{SlotChoice, choose};
use super::stream::Stream;
use crate::engine::backend::{Sequence, Token};
use crate::engine::command::GenerationJob;
use crate::engine::report::{Ending, EngineReport};
use crate::error::Error;

impl Scheduler<'_> {
    /// Admits queued jobs, in order, as far as there are slots. A job waits while its scope is busy, or while another
    /// job is prefilling the prefix that both share. The jobs behind it do not wait for it.
    pub(super) fn admit(&mut self) {
        if !std::mem::take(&mut self.admissible) {
            return;
        }
        let mut index = 0;
        while index < self.queue.len() && self.slots.iter().any(|slot| !slot.busy) {
            self.mark_wanted(index + 1);
            let choice = choose(&self.slots, &self.queue[index].scope);
            let sequence = match choice {
                SlotChoice::Own(sequence) => sequence,
                SlotChoice::Free(sequence) | SlotChoice::Displace(sequence) if !self.awaits_prefix_source(index) => {
                    sequence
                }
                SlotChoice::Free(_) | SlotChoice::Displace(_) | SlotChoice::Wait => {
                    index += 1;
                    continue;
                }
            };
            if let Err(error) = self.begin(index, sequence, choice) {
                let job = self.queue.remove(index).expect("the index was checked above");
                self.refuse(&job, Ending::Failed(error));
            }
        }
    }

    /// Marks the slots of scopes that have a job in the queue, from index `from` on.
    pub(super) fn mark_wanted(&mut self, from: usize) {
        for slot in &mut self.slots {
            let mut later = self.queue.iter().skip(from);
            slot.wanted = slot.scope.is_some() && later.any(|job| Some(&job.scope) == slot.scope.as_ref());
        }
    }

    /// Begins a turn. The job stays in the queue until nothing more can fail, so that a panic loses no job.
    fn begin(&mut self, index: usize, sequence: Sequence, choice: SlotChoice) -> Result<(), Error> {
        let sampler = {
            let job = &self.queue[index];
            self.context.sampler(&job.options, job.prompt.format.as_ref())?
        };
        self.interrupt_prefill(sequence);
        let GenerationJob { scope, prompt, .. } = &*self.queue[index];
        let (scope, prompt) = (scope.clone(), prompt.tokens.clone());
        let reuse = self.move_in(&scope, &prompt, choice);
        let job = self.queue.remove(index).expect("admit checked the index");
        self.slots[sequence as usize].busy = true;
        let stream = Stream::new(job, sequence, sampler, reuse, Instant::now());
        let place = self.streams.partition_point(|other| other.sequence < sequence);
        tracing::debug!(parent: &stream.span, cached = reuse.from, pending = stream.pending().len(), "admitted");
        self.report_prefilling(&stream);
        self.streams.insert(place, stream);
        Ok(())
    }

    /// Puts a scope into the slot that was chosen for it. The slot then holds the reusable prefix of the prompt and
    /// nothing else.
    pub(super) fn move_in(&mut self, scope: &str, prompt: &[Token], choice: SlotChoice) -> Reuse {
        let (sequence, displaced) = match choice {
            SlotChoice::Own(sequence) | SlotChoice::Free(sequence) => (sequence, None),
            SlotChoice::Displace(sequence) => (sequence, self.park(sequence)),
            SlotChoice::Wait => unreachable!("a waiting job has no slot to move into"),
        };
        if let SlotChoice::Free(_) | SlotChoice::Displace(_) = choice {
            let own = self.kept(scope);
            if !own.is_some_and(|own| self.restore(sequence, &own)) {
                self.copy_prefix(sequence, prompt);
            }
        }
        self.report_displaced(displaced);
        let reuse = self.reuse(prompt, sequence);
        self.clock += 1;
        let slot = &mut self.slots[sequence as usize];
        slot.scope.get_or_insert_with(|| scope.to_owned());
        slot.used = self.clock;
        reuse
    }

    /// Cuts the sequence to the prefix that the prompt can reuse.
    fn reuse(&mut self, prompt: &[Token], sequence: Sequence) -> Reuse {
        let slot = &self.slots[sequence as usize];
        let context = &self.context;
        let found =
            reuse(&slot.tokens, prompt, |token| (!context.is_control(token)).then(|| context.prompt_bytes(token)));
        // Another tokenization of the same text may be longer than the prompt's own.
        let fits = found.keep + (prompt.len() - found.from) <= self.context_size;
        let reuse = if fits { found } else { Reuse::default() };
        if self.cut(sequence, reuse.keep) { reuse } else { Reuse::default() }
    }

    pub(super) fn report_prefilling(&self, stream: &Stream) {
        let (done, total) = stream.progress();
        let generation = stream.job.generation.clone();
        (self.report)(EngineReport::Prefilling { generation, done, total });
    }
}
