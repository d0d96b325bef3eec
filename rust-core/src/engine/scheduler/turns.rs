//! How turns begin and end: admission to a slot, cancel, roll-back, the end of a scope.

use std::collections::VecDeque;
use std::time::Instant;

use super::Scheduler;
use crate::engine::prefix::{Reuse, reuse};
use crate::engine::slot::{Choice, choose};
use crate::engine::stream::{Ending, Stream};
use crate::engine::{EngineReport, Job, Sequence, Token};
use crate::error::Error;

impl Scheduler<'_> {
    /// Ends what was cancelled, queued or running.
    pub(super) fn reap_cancelled(&mut self) {
        self.reap_cancelled_guesses();
        self.embeddings.reap_cancelled();
        self.reap_cancelled_benches();
        for index in (0..self.streams.len()).rev() {
            if self.streams[index].job.cancel.is_cancelled() {
                self.finish(index, Ending::Cancelled);
            }
        }
        if self.queue.iter().any(|job| job.cancel.is_cancelled()) {
            let (cancelled, queue) = self.queue.drain(..).partition(|job| job.cancel.is_cancelled());
            self.queue = queue;
            self.refuse_each(cancelled);
        }
    }

    /// Lets queued jobs in, in order, as far as there are slots. A job whose scope is busy waits for that, and one whose
    /// beginning is being prefilled by another for that; the ones behind it do not.
    pub(super) fn admit(&mut self) {
        if !std::mem::take(&mut self.admissible) {
            return;
        }
        let mut index = 0;
        while index < self.queue.len() && self.slots.iter().any(|slot| !slot.busy) {
            self.mark_wanted(index + 1);
            let choice = choose(&self.slots, &self.queue[index].scope);
            let sequence = match choice {
                Choice::Own(sequence) => sequence,
                Choice::Free(sequence) | Choice::Displace(sequence) if !self.awaits_donor(index) => sequence,
                Choice::Free(_) | Choice::Displace(_) | Choice::Wait => {
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

    /// Marks the scopes of the jobs from an index of the queue on.
    pub(super) fn mark_wanted(&mut self, from: usize) {
        for slot in &mut self.slots {
            let mut later = self.queue.iter().skip(from);
            slot.wanted = slot.scope.is_some() && later.any(|job| Some(&job.scope) == slot.scope.as_ref());
        }
    }

    /// Begins a turn. The job stays in the queue until nothing can fail any more, so that a panic loses no job.
    fn begin(&mut self, index: usize, sequence: Sequence, choice: Choice) -> Result<(), Error> {
        let sampler = {
            let job = &self.queue[index];
            self.context.sampler(&job.options, job.prompt.format.as_ref())?
        };
        self.interrupt_guess(sequence);
        let Job { scope, prompt, .. } = &*self.queue[index];
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

    /// Puts a scope into the slot that was chosen for it, which holds then what serves the prompt and nothing else.
    pub(super) fn move_in(&mut self, scope: &str, prompt: &[Token], choice: Choice) -> Reuse {
        let (sequence, displaced) = match choice {
            Choice::Own(sequence) | Choice::Free(sequence) => (sequence, None),
            Choice::Displace(sequence) => (sequence, self.park(sequence)),
            Choice::Wait => unreachable!("whoever waits has no slot to move into"),
        };
        if let Choice::Free(_) | Choice::Displace(_) = choice {
            let own = self.kept(scope);
            if !own.is_some_and(|own| self.restore(sequence, &own)) {
                self.share(sequence, prompt);
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

    /// Cuts the sequence to what serves the prompt.
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

    /// Ends a running turn. What ended well stays; what did not goes back to where the turn began, but for a partial
    /// answer that is to be kept.
    pub(super) fn finish(&mut self, index: usize, ending: Ending) {
        let stream = &mut self.streams[index];
        stream.flush(Instant::now());
        let (sequence, kept, keep_partial) = (stream.sequence, stream.kept, stream.job.options.keep_partial);
        match &ending {
            Ending::Stop | Ending::Length => {}
            Ending::Cancelled | Ending::Failed(_) if keep_partial => {}
            Ending::Cancelled | Ending::Failed(_) => {
                self.cut(sequence, kept);
            }
        }
        // Only now: a sink or a context that panics must not take the job with it.
        let stream = self.streams.remove(index);
        self.slots[sequence as usize].busy = false;
        self.admissible = true;
        let (scope, forget, span) = (stream.job.scope.clone(), stream.forget, stream.span.clone());
        let finished = stream.finish(ending, Instant::now());
        tracing::debug!(parent: &span, reason = ?finished.reason, usage = ?finished.usage, "finished");
        if forget {
            (self.report)(EngineReport::Finished(finished));
            self.forget(sequence);
            return;
        }
        let slot = &mut self.slots[sequence as usize];
        if slot.tokens.is_empty() {
            slot.scope = None;
        }
        let tokens = Some(slot.tokens.len() as u32);
        // First: whoever hears that the turn has finished may save or fork what is cached of it.
        (self.report)(EngineReport::Cached { scope, tokens });
        (self.report)(EngineReport::Finished(finished));
    }

    /// Ends a scope: its queued and its running turns are cancelled, and what is cached for it is forgotten.
    pub(super) fn drop_scope(&mut self, scope: &str) {
        let (dropped, queue) = self.queue.drain(..).partition(|job| job.scope == scope);
        self.queue = queue;
        self.refuse_each(dropped);
        self.drop_guesses(scope);
        self.parked.remove(scope);
        let running = self.streams.iter_mut().find(|stream| stream.job.scope == scope);
        let owned = self.slots.iter().position(|slot| slot.scope.as_deref() == Some(scope));
        match (running, owned) {
            (Some(stream), _) => {
                stream.forget = true;
                stream.job.cancel.cancel();
            }
            (None, Some(slot)) => self.forget(slot as Sequence),
            (None, None) => {}
        }
    }

    /// Takes a slot away from its scope.
    pub(super) fn forget(&mut self, sequence: Sequence) {
        self.context.clear(sequence);
        let slot = std::mem::take(&mut self.slots[sequence as usize]);
        if let Some(scope) = slot.scope {
            (self.report)(EngineReport::Cached { scope, tokens: None });
        }
    }

    /// Forgets everything from `length` on. False if the memory could not be cut and was cleared instead.
    fn cut(&mut self, sequence: Sequence, length: usize) -> bool {
        let tokens = &mut self.slots[sequence as usize].tokens;
        let cut = length > 0 && (tokens.len() <= length || self.context.truncate(sequence, length as u32));
        if cut {
            tokens.truncate(length);
        } else {
            self.context.clear(sequence);
            tokens.clear();
        }
        cut
    }

    fn refuse_each(&self, jobs: VecDeque<Box<Job>>) {
        for job in jobs {
            self.refuse(&job, Ending::Cancelled);
        }
    }

    pub(super) fn report_prefilling(&self, stream: &Stream) {
        let (done, total) = stream.progress();
        let generation = stream.job.generation.clone();
        (self.report)(EngineReport::Prefilling { generation, done, total });
    }

    /// After a call that failed in its middle nobody knows what a sequence holds.
    pub(super) fn wipe(&mut self, sequence: Sequence) {
        self.context.clear(sequence);
        self.slots[sequence as usize].tokens.clear();
    }
}
