//! One running generation: from admission to its last character.

use std::time::Instant;

use super::common_prefix::Reuse;
use crate::engine::backend::{Answer, InferenceContext, Sampler, Sequence, Token};
use crate::engine::command::GenerationJob;
use crate::engine::output::{AnswerParser, Assembler, Found, token_logprob};
use crate::engine::report::{Ending, Finished, milliseconds};
use crate::protocol::{Timings, Usage};

pub(super) struct Stream {
    pub(super) job: Box<GenerationJob>,
    pub(super) sequence: Sequence,
    pub(super) sampler: Box<dyn Sampler>,
    pub(super) phase: Phase,
    /// Tokens that the sequence holds of earlier turns. A turn that fails goes back to this length.
    pub(super) kept: usize,
    /// The scheduler's clock at its last prefill chunk; the smallest is next.
    pub(super) prefilled_at: u64,
    /// The scope is forgotten as soon as this turn has ended.
    pub(super) forget: bool,
    pub(super) span: tracing::Span,
    cached: usize,
    prefilled: usize,
    assembler: Assembler,
    /// The text to deliver next; kept to save its allocation.
    piece: String,
    /// None for an answer that is only text.
    parser: Option<AnswerParser>,
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

impl Stream {
    pub(super) fn new(
        job: Box<GenerationJob>,
        sequence: Sequence,
        sampler: Box<dyn Sampler>,
        reuse: Reuse,
        now: Instant,
    ) -> Self {
        let scope = tracing::info_span!("scope", scope = %job.scope);
        let span = tracing::info_span!(parent: &scope, "generation", generation = %job.generation, sequence);
        let assembler = Assembler::new(job.options.stop.iter().chain(&job.prompt.stop));
        let parser = job.prompt.format.clone().map(|format| AnswerParser::new(format, job.generation.clone()));
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
            parser,
            delivered: String::new(),
            output_tokens: 0,
            admitted_at: now,
            first_token_at: None,
        }
    }

    /// Prompt tokens that have not been decoded.
    pub(super) fn pending(&self) -> &[Token] {
        &self.job.prompt.tokens[self.cached + self.prefilled..]
    }

    /// Counts prefilled rows.
    pub(super) fn advance(&mut self, rows: usize) {
        self.prefilled += rows;
    }

    /// Tokens prefilled so far, and tokens to prefill in all.
    pub(super) fn progress(&self) -> (u32, u32) {
        (self.prefilled as u32, (self.job.prompt.tokens.len() - self.cached) as u32)
    }

    /// Tells the sink how likely `token` was, which was sampled from row `row` of the last decode, if the job asks for
    /// it.
    pub(super) fn report_logprob(&self, token: Token, row: usize, context: &mut dyn InferenceContext) {
        let Some(others) = self.job.options.logprobs.filter(|_| !context.is_end(token)) else { return };
        let Some(logits) = context.logits(row) else { return };
        let text = |token| String::from_utf8_lossy(&context.prompt_bytes(token)).into_owned();
        self.job.sink.logprob(token_logprob(&logits, token, others as usize, text));
    }

    /// Takes a sampled token and delivers the text that it completes.
    pub(super) fn accept(&mut self, token: Token, context: &dyn InferenceContext, now: Instant) -> Option<Ending> {
        self.first_token_at.get_or_insert(now);
        if context.is_end(token) {
            return Some(Ending::Stop);
        }
        self.output_tokens += 1;
        let is_shown = self.parser.as_ref().is_some_and(|parser| parser.shows(token));
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

    /// Delivers the text that was held back because it could have become a stop text.
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
        let answer = match self.parser {
            Some(parser) => parser.finish(&*self.job.sink),
            None => Answer { text: self.delivered, ..Answer::default() },
        };
        Finished::new(&self.job, ending, answer, usage, timings)
    }

    fn deliver(&mut self, now: Instant) {
        if self.piece.is_empty() {
            return;
        }
        match &mut self.parser {
            Some(parser) => parser.push(&self.piece, &*self.job.sink, now),
            None => {
                self.job.sink.text(&self.piece);
                self.delivered.push_str(&self.piece);
            }
        }
        self.piece.clear();
    }
}
