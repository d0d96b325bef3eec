//! The second call of a step: one chunk of one prompt.

use std::time::Instant;

use super::scheduler::Scheduler;
use super::stream::Phase;
use crate::engine::backend::{DecodeError, Row, Sequence};

impl Scheduler<'_> {
    /// Prefills one chunk. Several prompts take turns. False if there is no prompt to prefill.
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
                if self.run_state.is_measured() {
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

    /// Counts a chunk. After a prompt's last chunk, samples the first token before another call loses the logits.
    fn prefilled(&mut self, index: usize, count: usize, now: Instant) {
        let stream = &mut self.streams[index];
        self.slots[stream.sequence as usize].tokens.extend(self.rows[..count].iter().map(|row| row.token));
        stream.advance(count);
        let complete = stream.pending().is_empty();
        // A job may be waiting for the prefix that it shares with this one.
        self.admissible = true;
        self.report_prefilling(&self.streams[index]);
        if complete && let Some(ending) = self.sample(index, count - 1, now) {
            self.finish(index, ending);
        }
    }

    fn resync_prefill(&mut self, index: usize) {
        match self.count_aborted(self.streams[index].sequence) {
            Ok(stayed) => self.streams[index].advance(stayed),
            Err(detail) => self.fail_inference(index, &detail),
        }
    }

    /// Counts the rows of an aborted chunk that are in memory: finished micro batches stay. Fails if the memory does
    /// not tell how much stayed (recurrent models). Its content must not be used again then.
    pub(super) fn count_aborted(&mut self, sequence: Sequence) -> Result<usize, String> {
        let tokens = &mut self.slots[sequence as usize].tokens;
        let length = self.context.length(sequence) as usize;
        let stayed = length.checked_sub(tokens.len()).filter(|stayed| *stayed <= self.rows.len());
        let stayed =
            stayed.ok_or_else(|| format!("an aborted prefill left {length} tokens where {} were", tokens.len()))?;
        tokens.extend(self.rows[..stayed].iter().map(|row| row.token));
        Ok(stayed)
    }
}
