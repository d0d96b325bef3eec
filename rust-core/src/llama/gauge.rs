//! Measurements: a second context on the weights of the first, like that of conversations, with one sequence.

use std::sync::Arc;

use super::context::{ContextOptions, LlamaContext, Purpose};
use super::model::Model;
use crate::engine::{CancelFlag, DecodeError, Gauge, InferenceContext, Row, Token};
use crate::error::{Error, ErrorCode, Result};

/// The options of a context for so many tokens.
pub(super) fn options(tokens: u32, threads: u32) -> ContextOptions {
    ContextOptions { context_size: tokens, slots: 1, threads, purpose: Purpose::Conversations }
}

pub(super) struct LlamaGauge {
    context: LlamaContext,
    first: Option<Token>,
    /// What the next token is chosen by: xorshift, never 0.
    random: u64,
    rows: Vec<Row>,
}

impl LlamaGauge {
    /// Called on the engine's thread alone, which makes one context at a time.
    pub fn new(model: &Arc<Model>, tokens: u32, threads: u32) -> Result<Self> {
        let failed = |reason: String| {
            let (code, advice) = if reason.contains("alloc") {
                (ErrorCode::OutOfMemory, "unload another model, or measure fewer tokens")
            } else {
                (ErrorCode::ModelUnsupported, "use another model")
            };
            Error::new(code, format!("could not make room for the bench: {reason} - {advice}"))
        };
        let context = LlamaContext::new(model, options(tokens, threads)).map_err(failed)?;
        Ok(Self { context, first: model.first_token(), random: 0x9e37_79b9_7f4a_7c15, rows: Vec::new() })
    }

    /// Any token of the vocabulary.
    fn token(&mut self) -> Token {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let count = u64::try_from(self.context.token_count()).unwrap_or(1).max(1);
        Token::try_from(self.random % count).unwrap_or(0)
    }
}

impl Gauge for LlamaGauge {
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
