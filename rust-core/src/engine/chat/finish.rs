//! How turns end: finish, cancel, roll back, drop a scope. A cancelled turn, queued or running, ends here.

use std::collections::VecDeque;
use std::time::Instant;

use super::scheduler::Scheduler;
use crate::engine::backend::Sequence;
use crate::engine::command::GenerationJob;
use crate::engine::report::{Ending, EngineReport};

impl Scheduler<'_> {
    /// Ends all work that was cancelled, queued or running.
    pub(super) fn reap_cancelled(&mut self) {
        self.reap_cancelled_prefills();
        self.embeddings.reap_cancelled();
        self.admissible |= self.benches.reap_cancelled();
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

    /// Ends a running turn. After a stop or at its length, its tokens stay. After a cancel or an error, the slot goes
    /// back to where the turn began, unless the job keeps a partial answer.
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
        // Not earlier: if a sink or a context panics, the job must still be in the list.
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
        // In this order: a manager that learns of the end may save or fork the cached tokens.
        (self.report)(EngineReport::Cached { scope, tokens });
        (self.report)(EngineReport::Finished(finished));
    }

    /// Ends a scope: cancels its queued and running turns, and forgets its cached tokens.
    pub(super) fn drop_scope(&mut self, scope: &str) {
        let (dropped, queue) = self.queue.drain(..).partition(|job| job.scope == scope);
        self.queue = queue;
        self.refuse_each(dropped);
        self.drop_prefills(scope);
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
    pub(super) fn cut(&mut self, sequence: Sequence, length: usize) -> bool {
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

    fn refuse_each(&self, jobs: VecDeque<Box<GenerationJob>>) {
        for job in jobs {
            self.refuse(&job, Ending::Cancelled);
        }
    }

    /// Clears a sequence whose content is unknown, because a call failed halfway.
    pub(super) fn wipe(&mut self, sequence: Sequence) {
        self.context.clear(sequence);
        self.slots[sequence as usize].tokens.clear();
    }
}
