//! The two calls of a step: one decode for all streams, one chunk of one prefill.

use std::time::{Duration, Instant};

use super::Scheduler;
use crate::engine::stream::{Ending, Phase};
use crate::engine::threads::Change;
use crate::engine::{DecodeError, Row, Sequence};
use crate::error::{Error, ErrorCode};
use crate::protocol::{Heat, Overflow};

impl Scheduler<'_> {
    /// Decodes one token of every stream that is past its prompt, and samples the next ones.
    pub(super) fn decode(&mut self) {
        self.end_full_streams();
        self.rows.clear();
        for stream in &self.streams {
            if let Phase::Decoding { next } = stream.phase {
                let position = self.slots[stream.sequence as usize].tokens.len() as u32;
                self.rows.push(Row { sequence: stream.sequence, position, token: next, wants_logits: true });
            }
        }
        if self.rows.is_empty() {
            return;
        }
        let started = Instant::now();
        let result = self.context.decode(&self.rows, None);
        let now = Instant::now();
        match result {
            Ok(()) => {
                if self.activity.is_measured() {
                    self.govern(now - started, now);
                }
                for row in &self.rows {
                    self.slots[row.sequence as usize].tokens.push(row.token);
                }
                self.sample_streams(now);
            }
            Err(DecodeError::Full) => self.end_longest(),
            // Not asked for, so not expected: nothing was sampled, and the same rows are decoded again.
            Err(DecodeError::Aborted) => self.resync(),
            Err(DecodeError::Failed(detail)) => {
                for index in (0..self.streams.len()).rev() {
                    if matches!(self.streams[index].phase, Phase::Decoding { .. }) {
                        self.fail_inference(index, &detail);
                    }
                }
            }
        }
    }

    fn govern(&mut self, took: Duration, now: Instant) {
        let change = self.threads.decoded(self.rows.len(), took, now);
        self.change_threads(change);
    }

    pub(super) fn heat(&mut self, heat: Heat) {
        let change = self.threads.heat(heat);
        self.change_threads(change);
    }

    fn change_threads(&mut self, change: Option<Change>) {
        let Some(change) = change else { return };
        self.context.set_threads(change.to);
        self.embeddings.set_threads(change.to);
        self.change_threads_of_bench(change.to);
        change.report(self.report);
    }

    /// Prefills one chunk of one prompt. Several prompts take turns. False if there is none.
    pub(super) fn prefill(&mut self) -> bool {
        let prefilling = |phase: Phase| matches!(phase, Phase::Prefilling);
        let waiting = (0..self.streams.len()).filter(|index| prefilling(self.streams[*index].phase));
        let Some(index) = waiting.min_by_key(|index| self.streams[*index].prefilled_at) else {
            return false;
        };
        let beside_streams = self.streams.iter().any(|stream| !prefilling(stream.phase));
        self.clock += 1;
        let stream = &mut self.streams[index];
        stream.prefilled_at = self.clock;
        let sequence = stream.sequence;
        let begin = self.slots[sequence as usize].tokens.len();
        let pending = stream.pending();
        let count = pending.len().min(self.pace.rows(beside_streams));
        self.rows.clear();
        self.rows.extend(pending[..count].iter().enumerate().map(|(offset, token)| Row {
            sequence,
            position: (begin + offset) as u32,
            token: *token,
            wants_logits: offset + 1 == pending.len(),
        }));
        let abort = stream.job.cancel.or(&self.stop);
        let started = Instant::now();
        let result = self.context.decode(&self.rows, Some(&abort));
        let now = Instant::now();
        match result {
            Ok(()) => {
                if self.activity.is_measured() {
                    self.pace.measured(count, now - started);
                }
                self.prefilled(index, count, now);
            }
            Err(DecodeError::Aborted) => self.resync_prefill(index),
            Err(DecodeError::Full) => self.end_full(index),
            Err(DecodeError::Failed(detail)) => self.fail_inference(index, &detail),
        }
        true
    }

    /// Counts a chunk; after a prompt's last one the first token is sampled, before another call loses the logits.
    fn prefilled(&mut self, index: usize, count: usize, now: Instant) {
        let stream = &mut self.streams[index];
        self.slots[stream.sequence as usize].tokens.extend(self.rows[..count].iter().map(|row| row.token));
        stream.advance(count);
        let complete = stream.pending().is_empty();
        // A job may be waiting for the beginning that it shares with this one.
        self.admissible = true;
        self.report_prefilling(&self.streams[index]);
        if complete && let Some(ending) = self.sample(index, count - 1, now) {
            self.finish(index, ending);
        }
    }

    fn sample_streams(&mut self, now: Instant) {
        let mut ended = Vec::new();
        let mut row = 0;
        for index in 0..self.streams.len() {
            if !matches!(self.streams[index].phase, Phase::Decoding { .. }) {
                continue;
            }
            if let Some(ending) = self.sample(index, row, now) {
                ended.push((index, ending));
            }
            row += 1;
        }
        for (index, ending) in ended.into_iter().rev() {
            self.finish(index, ending);
        }
    }

    fn sample(&mut self, index: usize, row: usize, now: Instant) -> Option<Ending> {
        let stream = &mut self.streams[index];
        match self.context.sample(row, &mut *stream.sampler) {
            Ok(token) => {
                stream.tell_logprob(token, row, &mut *self.context);
                stream.accept(token, &*self.context, now)
            }
            Err(error) => Some(Ending::Failed(error)),
        }
    }

    /// Ends streams whose next token has no place.
    fn end_full_streams(&mut self) {
        for index in (0..self.streams.len()).rev() {
            let stream = &self.streams[index];
            let held = self.slots[stream.sequence as usize].tokens.len();
            if held >= self.context_size && matches!(stream.phase, Phase::Decoding { .. }) {
                self.end_full(index);
            }
        }
    }

    /// The memory is full although no stream has reached its limit. The longest makes room for the others.
    fn end_longest(&mut self) {
        self.resync();
        let decoding =
            (0..self.streams.len()).filter(|index| matches!(self.streams[*index].phase, Phase::Decoding { .. }));
        let held = |index: &usize| self.slots[self.streams[*index].sequence as usize].tokens.len();
        if let Some(longest) = decoding.max_by_key(held) {
            self.end_full(longest);
        }
    }

    /// Ends a stream whose next token has no place.
    fn end_full(&mut self, index: usize) {
        let stream = &self.streams[index];
        let answering = matches!(stream.phase, Phase::Decoding { .. });
        if answering && stream.job.overflow == Overflow::DropOldest {
            return self.finish(index, Ending::Length);
        }
        let detail = format!(
            "the conversation of scope {} fills its context of {} tokens ({} held) - shorten it, set maxOutputTokens, or \
             load the model with a larger contextSize",
            stream.job.scope,
            self.context_size,
            self.slots[stream.sequence as usize].tokens.len()
        );
        self.finish(index, Ending::Failed(Error::new(ErrorCode::ContextFull, detail)));
    }

    fn fail_inference(&mut self, index: usize, detail: &str) {
        let stream = &self.streams[index];
        tracing::error!(parent: &stream.span, detail, "a decode failed");
        let error = Error::new(
            ErrorCode::InferenceFailed,
            format!("computing scope {} failed: {detail} - try again", stream.job.scope),
        );
        let cancelled = stream.job.cancel.is_cancelled();
        self.wipe(stream.sequence);
        self.finish(index, if cancelled { Ending::Cancelled } else { Ending::Failed(error) });
    }

    fn resync_prefill(&mut self, index: usize) {
        match self.count_aborted(self.streams[index].sequence) {
            Ok(stayed) => self.streams[index].advance(stayed),
            Err(detail) => self.fail_inference(index, &detail),
        }
    }

    /// After an abort the finished micro batches stay: counts what of the chunk is in memory. An error from a memory that
    /// does not know what it holds (recurrent models): nothing of it is to be used again.
    pub(super) fn count_aborted(&mut self, sequence: Sequence) -> Result<usize, String> {
        let tokens = &mut self.slots[sequence as usize].tokens;
        let length = self.context.length(sequence) as usize;
        let stayed = length.checked_sub(tokens.len()).filter(|stayed| *stayed <= self.rows.len());
        let stayed =
            stayed.ok_or_else(|| format!("an aborted prefill left {length} tokens where {} were", tokens.len()))?;
        tokens.extend(self.rows[..stayed].iter().map(|row| row.token));
        Ok(stayed)
    }

    /// Cuts every row of a decode that failed without a sampled token back out of the memory.
    pub(super) fn resync(&mut self) {
        for row in 0..self.rows.len() {
            let Row { sequence, position, .. } = self.rows[row];
            if self.context.length(sequence) > position && !self.context.truncate(sequence, position) {
                self.wipe(sequence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scripted::Script;
    use crate::engine::{CancelFlag, EngineReport, Row};
    use crate::protocol::ModelConfig;

    #[test]
    fn a_step_far_past_the_best_takes_a_thread_away() {
        let script = Script::new();
        let config = ModelConfig { threads: Some(2), ..ModelConfig::new("script.gguf") };
        let model = script.load_chat(&config);
        let changes = std::cell::RefCell::new(vec![]);
        let report = |report| {
            if let EngineReport::ThreadsChanged { from, to, .. } = report {
                changes.borrow_mut().push((from, to));
            }
        };
        let mut scheduler = Scheduler::new(model.context, &model.info, CancelFlag::default(), &report);
        scheduler.rows.push(Row { sequence: 0, position: 0, token: 0, wants_logits: true });
        for milliseconds in [4, 4, 4, 4, 4, 200] {
            scheduler.govern(Duration::from_millis(milliseconds), Instant::now());
        }
        assert_eq!((script.threads(), changes.take()), (vec![1], vec![(2, 1)]));
    }
}
