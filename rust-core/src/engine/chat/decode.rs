//! The first call of a step: one decode for all streams that are past their prompt.

use std::time::{Duration, Instant};

use super::scheduler::Scheduler;
use super::stream::Phase;
use crate::engine::backend::{DecodeError, Row};
use crate::engine::compute::ThreadChange;
use crate::engine::report::Ending;
use crate::error::{Error, ErrorCode};
use crate::protocol::{Heat, Overflow};

impl Scheduler<'_> {
    /// Decodes one token of every stream that is past its prompt, and samples the next tokens.
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
                if self.run_state.is_measured() {
                    self.govern(now - started, now);
                }
                for row in &self.rows {
                    self.slots[row.sequence as usize].tokens.push(row.token);
                }
                self.sample_streams(now);
            }
            Err(DecodeError::Full) => self.end_longest(),
            // No abort flag was passed. Nothing was sampled, so the next step decodes the same rows again.
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

    fn change_threads(&mut self, change: Option<ThreadChange>) {
        let Some(change) = change else { return };
        self.context.set_threads(change.to);
        self.embeddings.set_threads(change.to);
        self.benches.set_threads(change.to);
        change.report(self.report);
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

    pub(super) fn sample(&mut self, index: usize, row: usize, now: Instant) -> Option<Ending> {
        let stream = &mut self.streams[index];
        match self.context.sample(row, &mut *stream.sampler) {
            Ok(token) => {
                stream.report_logprob(token, row, &mut *self.context);
                stream.accept(token, &*self.context, now)
            }
            Err(error) => Some(Ending::Failed(error)),
        }
    }

    /// Ends the streams that have no room for their next token.
    fn end_full_streams(&mut self) {
        for index in (0..self.streams.len()).rev() {
            let stream = &self.streams[index];
            let held = self.slots[stream.sequence as usize].tokens.len();
            if held >= self.context_size && matches!(stream.phase, Phase::Decoding { .. }) {
                self.end_full(index);
            }
        }
    }

    /// The memory is full although no stream has reached its limit. Ends the longest stream to make room for the
    /// others.
    fn end_longest(&mut self) {
        self.resync();
        let decoding =
            (0..self.streams.len()).filter(|index| matches!(self.streams[*index].phase, Phase::Decoding { .. }));
        let held = |index: &usize| self.slots[self.streams[*index].sequence as usize].tokens.len();
        if let Some(longest) = decoding.max_by_key(held) {
            self.end_full(longest);
        }
    }

    /// Ends a stream that has no room for its next token.
    pub(super) fn end_full(&mut self, index: usize) {
        let stream = &self.streams[index];
        let answering = matches!(stream.phase, Phase::Decoding { .. });
        if answering && stream.job.overflow == Overflow::DropOldest {
            return self.finish(index, Ending::Length);
        }
        let detail = format!(
            "the conversation of scope {} fills its context of {} tokens ({} held) - shorten it, set maxOutputTokens, \
             or load the model with a larger contextSize",
            stream.job.scope,
            self.context_size,
            self.slots[stream.sequence as usize].tokens.len()
        );
        self.finish(index, Ending::Failed(Error::new(ErrorCode::ContextFull, detail)));
    }

    pub(super) fn fail_inference(&mut self, index: usize, detail: &str) {
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

    /// Removes the rows of a decode that failed from the context's memory. No token was sampled from them.
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
    use crate::engine::cancel_flag::CancelFlag;
    use crate::engine::report::EngineReport;
    use crate::engine::scripted::Script;
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
