//! Prefill jobs: prompts that may follow, computed ahead of their turns. They have the lowest rank. A job is computed
//! in steps in which no turn is prefilled, in chunks as small as beside running streams, and its slot counts as idle.
//! So a turn waits for it no longer than for one chunk.
//!
//! A job needs no roll-back: after each chunk tokens and memory agree, and the next prompt cuts off all that it does
//! not share.

use std::time::{Duration, Instant};

use super::running_prefill::{Admitted, RunningPrefill};
use super::scheduler::Scheduler;
use super::slots::{SlotChoice, choose};
use crate::engine::backend::{DecodeError, Row, Sequence};
use crate::engine::command::{PrefillJob, Prefilled};
use crate::engine::report::EngineReport;
use crate::error::{Error, ErrorCode, Result};

impl Scheduler<'_> {
    pub(super) fn take_prefill(&mut self, job: Box<PrefillJob>) {
        let tokens = job.tokens.len();
        if tokens == 0 {
            (job.reply)(Ok(Prefilled::default()));
        } else if tokens > self.context_size {
            let error = self.too_long(&job.scope, tokens);
            (job.reply)(Err(error));
        } else {
            self.prefills.push_back(RunningPrefill { job, admitted: None });
        }
    }

    /// Prefills one chunk of the first job, if it has a slot or can get one.
    pub(super) fn prefill_ahead(&mut self) {
        if self.prefills.front().is_some_and(|prefill| prefill.admitted.is_none()) {
            self.begin_prefill();
        }
        let Some(RunningPrefill { job, admitted: Some(admitted) }) = self.prefills.front_mut() else { return };
        let (sequence, cancel) = (admitted.sequence, job.cancel.or(&self.stop));
        let begin = self.slots[sequence as usize].tokens.len();
        let pending = &job.tokens[admitted.cached + admitted.prefilled..];
        let count = pending.len().min(self.pace.rows(true));
        self.rows.clear();
        self.rows.extend(pending[..count].iter().enumerate().map(|(offset, token)| Row {
            sequence,
            position: (begin + offset) as u32,
            token: *token,
            wants_logits: false,
        }));
        let started = Instant::now();
        let result = self.context.decode(&self.rows, Some(&cancel));
        let took = started.elapsed();
        match result {
            Ok(()) => {
                if self.run_state.is_measured() {
                    self.pace.measured(count, took);
                }
                let tokens = &mut self.slots[sequence as usize].tokens;
                tokens.extend(self.rows.iter().map(|row| row.token));
                self.count_prefilled(count, took);
            }
            Err(DecodeError::Aborted) => match self.count_aborted(sequence) {
                Ok(stayed) => self.count_prefilled(stayed, took),
                Err(detail) => self.fail_prefill(sequence, &detail),
            },
            Err(DecodeError::Full) => {
                self.resync();
                let held = self.slots[sequence as usize].tokens.len();
                let detail = format!("the KV memory is full, {held} tokens of the scope are in it - send the message");
                self.end_prefill(0, Err(Error::new(ErrorCode::ContextFull, detail)));
            }
            Err(DecodeError::Failed(detail)) => self.fail_prefill(sequence, &detail),
        }
    }

    /// Gives the first job a slot as a turn of its scope would get one, except for the slot of a scope with a waiting
    /// turn.
    fn begin_prefill(&mut self) {
        let Some(RunningPrefill { job, .. }) = self.prefills.front() else { return };
        let (scope, tokens) = (job.scope.clone(), &job.tokens);
        let own = self.slots.iter().find(|slot| slot.scope.as_ref() == Some(&scope));
        let is_there = own.is_some_and(|slot| !slot.busy && slot.tokens.starts_with(tokens));
        if is_there || !self.context.can_cut() {
            // In a memory that cannot be cut, a prefix that the turn does not share would cost the whole conversation.
            let cached_tokens = if is_there { tokens.len() as u32 } else { 0 };
            if let Some(prefill) = self.prefills.pop_front() {
                prefill.end(Ok(Prefilled { cached_tokens, ..Prefilled::default() }));
            }
            return;
        }
        self.mark_wanted(0);
        let choice = choose(&self.slots, &scope);
        let sequence = match choice {
            SlotChoice::Own(sequence) | SlotChoice::Free(sequence) => sequence,
            SlotChoice::Displace(sequence) if !self.slots[sequence as usize].wanted => sequence,
            SlotChoice::Displace(_) | SlotChoice::Wait => return,
        };
        let Some(tokens) = self.prefills.front().map(|prefill| prefill.job.tokens.clone()) else { return };
        let cached = self.move_in(&scope, &tokens, choice).from;
        tracing::debug!(scope, sequence, cached, pending = tokens.len() - cached, "a prefill job was admitted");
        if let Some(prefill) = self.prefills.front_mut() {
            prefill.admitted = Some(Admitted { sequence, cached, prefilled: 0, took: Duration::ZERO });
        }
    }

    /// Counts rows of the first job.
    fn count_prefilled(&mut self, rows: usize, took: Duration) {
        let Some(RunningPrefill { job, admitted: Some(admitted) }) = self.prefills.front_mut() else { return };
        admitted.prefilled += rows;
        admitted.took += took;
        if admitted.cached + admitted.prefilled == job.tokens.len() {
            let prefilled = Prefilled {
                cached_tokens: admitted.cached as u32,
                prefilled_tokens: admitted.prefilled as u32,
                took: admitted.took,
            };
            self.end_prefill(0, Ok(prefilled));
        }
    }

    fn fail_prefill(&mut self, sequence: Sequence, detail: &str) {
        tracing::error!(sequence, detail, "a decode failed");
        self.wipe(sequence);
        let detail = format!("prefilling ahead failed: {detail} - send the message, which is prefilled anew");
        self.end_prefill(0, Err(Error::new(ErrorCode::InferenceFailed, detail)));
    }

    /// Ends the job on a slot, because a turn gets the slot or its scope leaves it. The computed tokens stay.
    pub(super) fn interrupt_prefill(&mut self, sequence: Sequence) {
        let on_it =
            |prefill: &RunningPrefill| prefill.admitted.as_ref().is_some_and(|admitted| admitted.sequence == sequence);
        if let Some(index) = self.prefills.iter().position(on_it) {
            self.end_prefill(index, Err(called_off()));
        }
    }

    pub(super) fn reap_cancelled_prefills(&mut self) {
        self.call_off(|job| job.cancel.is_cancelled());
    }

    /// Ends the jobs of a scope that is dropped.
    pub(super) fn drop_prefills(&mut self, scope: &str) {
        self.call_off(|job| job.scope == scope);
    }

    fn call_off(&mut self, wanted: impl Fn(&PrefillJob) -> bool) {
        for index in (0..self.prefills.len()).rev() {
            if wanted(&self.prefills[index].job) {
                self.end_prefill(index, Err(called_off()));
            }
        }
    }

    /// Reports first how much is cached now: a manager that learns of the end may save or fork it.
    fn end_prefill(&mut self, index: usize, result: Result<Prefilled>) {
        if let Some(RunningPrefill { job, admitted: Some(admitted) }) = self.prefills.get(index) {
            let (scope, slot) = (job.scope.clone(), &mut self.slots[admitted.sequence as usize]);
            if slot.tokens.is_empty() {
                slot.scope = None;
            }
            let tokens = Some(slot.tokens.len() as u32);
            (self.report)(EngineReport::Cached { scope, tokens });
        }
        if let Some(prefill) = self.prefills.remove(index) {
            prefill.end(result);
        }
    }
}

fn called_off() -> Error {
    let detail = "a turn of the scope, a newer prefill or a move came first - the tokens computed by then stay cached";
    Error::new(ErrorCode::Cancelled, detail)
}
