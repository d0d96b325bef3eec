//! The context of a bench, as the engine's `BenchContext`: like that of conversations, with one sequence.

use std::sync::Arc;

use super::context::LlamaContext;
use super::context_options::{ContextOptions, Purpose};
use super::model::Model;
use crate::engine::{BenchContext, CancelFlag, DecodeError, Row, Token};
use crate::error::Result;

/// The options of a context for `tokens` tokens.
pub(super) fn options(tokens: u32, threads: u32) -> ContextOptions {
    ContextOptions { context_size: tokens, slots: 1, threads, purpose: Purpose::Conversations }
}

pub(super) struct LlamaBenchContext {
    context: LlamaContext,
    first: Option<Token>,
    /// Chooses the next token: xorshift, never 0.
    random: u64,
    rows: Vec<Row>,
}

impl LlamaBenchContext {
    /// Called on the engine's thread alone, which makes one context at a time.
    pub fn new(model: &Arc<Model>, tokens: u32, threads: u32) -> Result<Self> {
        let context = LlamaContext::new(model, options(tokens, threads)).map_err(|refusal| {
            refusal.context_error("the bench", "unload another model, or measure fewer tokens", "use another model")
        })?;
        Ok(Self { context, first: model.first_token(), random: 0x9e37_79b9_7f4a_7c15, rows: Vec::new() })
    }

    /// A random token of the vocabulary.
    fn token(&mut self) -> Token {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let count = u64::try_from(self.context.token_count()).unwrap_or(1).max(1);
        Token::try_from(self.random % count).unwrap_or(0)
    }
}

impl BenchContext for LlamaBenchContext {
    fn batch_size(&self) -> u32 {
        self.context.options().rows()
    }

    fn compute(&mut self, position: u32, count: u32, abort: &CancelFlag) -> std::result::Result<(), DecodeError> {
        self.rows.clear();
        for position in position..position + count {
            let token = self.first.filter(|_| position == 0).unwrap_or_else(|| self.token());
            self.rows.push(Row { sequence: 0, position, token, wants_logits: false });
        }
        if let Some(last) = self.rows.last_mut() {
            last.wants_logits = true;
        }
        self.context.decode(&self.rows, Some(abort))?;
        self.context.synchronize();
        Ok(())
    }

    fn clear(&mut self) {
        self.context.clear(0);
    }

    fn set_threads(&mut self, threads: u32) {
        self.context.set_threads(threads);
    }
}
