//! Prompts that may come, prefilled ahead of their turns. Of the lowest rank: a guess is computed where no turn is prefilled,
//! in chunks as beside running streams, and its slot counts as idle, so that nobody waits for it longer than for a chunk.
//!
//! There is nothing to take back: after each chunk tokens and memory agree, and the next prompt cuts what it does not share.

use std::time::{Duration, Instant};

use super::Scheduler;
use crate::engine::slot::{Choice, choose};
use crate::engine::{DecodeError, EngineReport, Guess, Prefilled, Row, Sequence};
use crate::error::{Error, ErrorCode, Result};

/// A guess on its way.
pub(super) struct Ahead {
    guess: Box<Guess>,
    /// Once it has a slot.
    work: Option<Work>,
}

struct Work {
    sequence: Sequence,
    cached: usize,
    prefilled: usize,
    took: Duration,
}

impl Ahead {
    pub(super) fn end(self, result: Result<Prefilled>) {
        (self.guess.reply)(result);
    }
}

impl Scheduler<'_> {
    pub(super) fn take_guess(&mut self, guess: Box<Guess>) {
        let tokens = guess.tokens.len();
        if tokens == 0 {
            (guess.reply)(Ok(Prefilled::default()));
        } else if tokens > self.context_size {
            let error = self.too_long(&guess.scope, tokens);
            (guess.reply)(Err(error));
        } else {
            self.guesses.push_back(Ahead { guess, work: None });
        }
    }

    /// Prefills one chunk of the first guess, if it has a slot or can have one.
    pub(super) fn prefill_guess(&mut self) {
        if self.guesses.front().is_some_and(|ahead| ahead.work.is_none()) {
            self.begin_guess();
        }
        let Some(Ahead { guess, work: Some(work) }) = self.guesses.front_mut() else { return };
        let (sequence, cancel) = (work.sequence, guess.cancel.or(&self.stop));
        let begin = self.slots[sequence as usize].tokens.len();
        let pending = &guess.tokens[work.cached + work.prefilled..];
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
                if self.activity.is_measured() {
                    self.pace.measured(count, took);
                }
                let tokens = &mut self.slots[sequence as usize].tokens;
                tokens.extend(self.rows.iter().map(|row| row.token));
                self.guessed(count, took);
            }
            Err(DecodeError::Aborted) => match self.count_aborted(sequence) {
                Ok(stayed) => self.guessed(stayed, took),
                Err(detail) => self.fail_guess(sequence, &detail),
            },
            Err(DecodeError::Full) => {
                self.resync();
                let held = self.slots[sequence as usize].tokens.len();
                let detail = format!("the KV memory is full, {held} tokens of the scope are in it - send the message");
                self.end_guess(0, Err(Error::new(ErrorCode::ContextFull, detail)));
            }
            Err(DecodeError::Failed(detail)) => self.fail_guess(sequence, &detail),
        }
    }

    /// Gives the first guess a slot, as a turn of its scope would get one; but not that of a scope that has a turn waiting.
    fn begin_guess(&mut self) {
        let Some(Ahead { guess, .. }) = self.guesses.front() else { return };
        let (scope, tokens) = (guess.scope.clone(), &guess.tokens);
        let own = self.slots.iter().find(|slot| slot.scope.as_ref() == Some(&scope));
        let is_there = own.is_some_and(|slot| !slot.busy && slot.tokens.starts_with(tokens));
        if is_there || !self.context.can_cut() {
            // Where nothing can be cut, a guess that turns out wrong would cost the whole conversation.
            let cached_tokens = if is_there { tokens.len() as u32 } else { 0 };
            if let Some(ahead) = self.guesses.pop_front() {
                ahead.end(Ok(Prefilled { cached_tokens, ..Prefilled::default() }));
            }
            return;
        }
        self.mark_wanted(0);
        let choice = choose(&self.slots, &scope);
        let sequence = match choice {
            Choice::Own(sequence) | Choice::Free(sequence) => sequence,
            Choice::Displace(sequence) if !self.slots[sequence as usize].wanted => sequence,
            Choice::Displace(_) | Choice::Wait => return,
        };
        let Some(tokens) = self.guesses.front().map(|ahead| ahead.guess.tokens.clone()) else { return };
        let cached = self.move_in(&scope, &tokens, choice).from;
        tracing::debug!(scope, sequence, cached, pending = tokens.len() - cached, "a guess was admitted");
        if let Some(ahead) = self.guesses.front_mut() {
            ahead.work = Some(Work { sequence, cached, prefilled: 0, took: Duration::ZERO });
        }
    }

    /// Counts rows of the first guess.
    fn guessed(&mut self, rows: usize, took: Duration) {
        let Some(Ahead { guess, work: Some(work) }) = self.guesses.front_mut() else { return };
        work.prefilled += rows;
        work.took += took;
        if work.cached + work.prefilled == guess.tokens.len() {
            let prefilled = Prefilled {
                cached_tokens: work.cached as u32,
                prefilled_tokens: work.prefilled as u32,
                took: work.took,
            };
            self.end_guess(0, Ok(prefilled));
        }
    }

    fn fail_guess(&mut self, sequence: Sequence, detail: &str) {
        tracing::error!(sequence, detail, "a decode failed");
        self.wipe(sequence);
        let detail = format!("prefilling ahead failed: {detail} - send the message, which is prefilled anew");
        self.end_guess(0, Err(Error::new(ErrorCode::InferenceFailed, detail)));
    }

    /// A turn gets the slot, or its scope leaves it. What was computed stays where it is.
    pub(super) fn interrupt_guess(&mut self, sequence: Sequence) {
        let on_it = |ahead: &Ahead| ahead.work.as_ref().is_some_and(|work| work.sequence == sequence);
        if let Some(index) = self.guesses.iter().position(on_it) {
            self.end_guess(index, Err(called_off()));
        }
    }

    pub(super) fn reap_cancelled_guesses(&mut self) {
        self.call_off(|guess| guess.cancel.is_cancelled());
    }

    /// For a scope that is to be forgotten.
    pub(super) fn drop_guesses(&mut self, scope: &str) {
        self.call_off(|guess| guess.scope == scope);
    }

    fn call_off(&mut self, wanted: impl Fn(&Guess) -> bool) {
        for index in (0..self.guesses.len()).rev() {
            if wanted(&self.guesses[index].guess) {
                self.end_guess(index, Err(called_off()));
            }
        }
    }

    /// Says first what is cached now: whoever hears of the end may save or fork that.
    fn end_guess(&mut self, index: usize, result: Result<Prefilled>) {
        if let Some(Ahead { guess, work: Some(work) }) = self.guesses.get(index) {
            let (scope, slot) = (guess.scope.clone(), &mut self.slots[work.sequence as usize]);
            if slot.tokens.is_empty() {
                slot.scope = None;
            }
            let tokens = Some(slot.tokens.len() as u32);
            (self.report)(EngineReport::Cached { scope, tokens });
        }
        if let Some(ahead) = self.guesses.remove(index) {
            ahead.end(result);
        }
    }
}

fn called_off() -> Error {
    let detail = "a turn of the scope, a newer prefill or a move came first - what was computed by then stays";
    Error::new(ErrorCode::Cancelled, detail)
}
