//! One running generation: from admission to its last character.

use std::time::{Duration, Instant};

use super::answer::{Answer, Reader};
use super::logprobs::token_logprob;
use super::prefix::Reuse;
use super::text::{Assembler, Found};
use super::{Finished, InferenceContext, Job, Sampler, Sequence, Token};
use crate::error::Error;
use crate::protocol::{FinishReason, Timings, Usage};

pub(super) struct Stream {
    pub(super) job: Box<Job>,
    pub(super) sequence: Sequence,
    pub(super) sampler: Box<dyn Sampler>,
    pub(super) phase: Phase,
    /// What the sequence held, and still holds, of the turns before: where a turn that fails goes back to.
    pub(super) kept: usize,
    /// The turn in which it was prefilled last; the smallest is next.
    pub(super) prefilled_at: u64,
    /// The scope is to be forgotten as soon as this turn has ended.
    pub(super) forget: bool,
    pub(super) span: tracing::Span,
    cached: usize,
    prefilled: usize,
    assembler: Assembler,
    /// What is delivered next; kept to save its allocation.
    piece: String,
    /// Of an answer that is not just text.
    reader: Option<Reader>,
    delivered: String,
    output_tokens: u32,
    admitted_at: Instant,
    first_token_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Prefilling,
    /// `next` was sampled and delivered, and is decoded in the next step.
    Decoding {
        next: Token,
    },
}

/// How a turn ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    Stop,
    Length,
    Cancelled,
    Failed(Error),
}

impl Stream {
    pub(super) fn new(
        job: Box<Job>,
        sequence: Sequence,
        sampler: Box<dyn Sampler>,
        reuse: Reuse,
        now: Instant,
    ) -> Self {
        let scope = tracing::info_span!("scope", scope = %job.scope);
        let span = tracing::info_span!(parent: &scope, "generation", generation = %job.generation, sequence);
        let assembler = Assembler::new(job.options.stop.iter().chain(&job.prompt.stop));
        let reader = job.prompt.format.clone().map(|format| Reader::new(format, job.generation.clone()));
        Self {
            job,
            sequence,
            sampler,
            phase: Phase::Prefilling,
            kept: reuse.keep,
            prefilled_at: 0,
            forget: false,
            span,
            cached: reuse.from,
            prefilled: 0,
            assembler,
            piece: String::new(),
            reader,
            delivered: String::new(),
            output_tokens: 0,
            admitted_at: now,
            first_token_at: None,
        }
    }

    /// Prompt tokens that are not decoded yet.
    pub(super) fn pending(&self) -> &[Token] {
        &self.job.prompt.tokens[self.cached + self.prefilled..]
    }

    /// Counts rows that were prefilled.
    pub(super) fn advance(&mut self, rows: usize) {
        self.prefilled += rows;
    }

    /// Tokens prefilled, and tokens to prefill in all.
    pub(super) fn progress(&self) -> (u32, u32) {
        (self.prefilled as u32, (self.job.prompt.tokens.len() - self.cached) as u32)
    }

    /// Tells how likely a token was that was sampled from row `row` of the last decode, if anybody wants to know.
    pub(super) fn tell_logprob(&self, token: Token, row: usize, context: &mut dyn InferenceContext) {
        let Some(others) = self.job.options.logprobs.filter(|_| !context.is_end(token)) else { return };
        let Some(logits) = context.logits(row) else { return };
        let text = |token| String::from_utf8_lossy(&context.prompt_bytes(token)).into_owned();
        self.job.sink.logprob(token_logprob(&logits, token, others as usize, text));
    }

    /// Takes a sampled token and delivers what text it completes.
    pub(super) fn accept(&mut self, token: Token, context: &dyn InferenceContext, now: Instant) -> Option<Ending> {
        self.first_token_at.get_or_insert(now);
        if context.is_end(token) {
            return Some(Ending::Stop);
        }
        self.output_tokens += 1;
        let is_shown = self.reader.as_ref().is_some_and(|reader| reader.shows(token));
        let bytes = if is_shown { context.prompt_bytes(token) } else { context.text(token) };
        let found = self.assembler.push(&bytes, &mut self.piece);
        self.deliver(now);
        if found == Found::Stop {
            return Some(Ending::Stop);
        }
        if self.job.options.max_output_tokens.is_some_and(|most| self.output_tokens >= most) {
            return Some(Ending::Length);
        }
        self.phase = Phase::Decoding { next: token };
        None
    }

    /// Delivers what was held back in case that it became a stop text.
    pub(super) fn flush(&mut self, now: Instant) {
        self.assembler.flush(&mut self.piece);
        self.deliver(now);
    }

    pub(super) fn finish(self, ending: Ending, now: Instant) -> Finished {
        let since = |later: Instant, earlier: Instant| milliseconds(later.saturating_duration_since(earlier));
        let prefill_end = self.first_token_at.unwrap_or(now);
        let usage = Usage {
            prompt_tokens: (self.cached + self.prefilled) as u32,
            cached_tokens: self.cached as u32,
            prefilled_tokens: self.prefilled as u32,
            output_tokens: self.output_tokens,
        };
        let timings = Timings {
            queued_ms: since(self.admitted_at, self.job.requested_at),
            prefill_ms: since(prefill_end, self.admitted_at),
            decode_ms: since(now, prefill_end),
            first_token_ms: self.first_token_at.map_or(0.0, |first| since(first, self.job.requested_at)),
        };
        let answer = match self.reader {
            Some(reader) => reader.finish(&*self.job.sink),
            None => Answer { text: self.delivered, ..Answer::default() },
        };
        finished(&self.job, ending, answer, usage, timings)
    }

    fn deliver(&mut self, now: Instant) {
        if self.piece.is_empty() {
            return;
        }
        match &mut self.reader {
            Some(reader) => reader.push(&self.piece, &*self.job.sink, now),
            None => {
                self.job.sink.text(&self.piece);
                self.delivered.push_str(&self.piece);
            }
        }
        self.piece.clear();
    }
}

/// The end of a job that was never admitted.
pub(super) fn never_admitted(job: &Job, ending: Ending, now: Instant) -> Finished {
    let queued = now.saturating_duration_since(job.requested_at);
    let timings = Timings { queued_ms: milliseconds(queued), ..Timings::default() };
    finished(job, ending, Answer::default(), Usage::default(), timings)
}

fn finished(job: &Job, ending: Ending, answer: Answer, usage: Usage, timings: Timings) -> Finished {
    let (reason, error) = match ending {
        Ending::Stop if !answer.tool_calls.is_empty() => (FinishReason::ToolCalls, None),
        Ending::Stop => (FinishReason::Stop, None),
        Ending::Length => (FinishReason::Length, None),
        Ending::Cancelled => (FinishReason::Cancelled, None),
        Ending::Failed(error) => (FinishReason::Failed, Some(error)),
    };
    Finished { generation: job.generation.clone(), reason, error, answer, usage, timings }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
