//! The context of texts to embed, as the engine's `EmbeddingContext`. Its outputs are those of the model's last layer
//! before it would choose tokens.

use std::sync::Arc;

use super::context::LlamaContext;
use super::context_options::{ContextOptions, Purpose};
use super::model::Model;
use crate::engine::{Attention, CancelFlag, DecodeError, EMBEDDING_TEXTS, EmbeddingContext, Row};
use crate::error::{Error, ErrorCode, Result};

/// The options of a context for texts of up to `text_size` tokens.
pub(super) fn options(attention: Attention, text_size: u32, threads: u32) -> ContextOptions {
    let slots = u32::try_from(EMBEDDING_TEXTS).expect("a handful");
    ContextOptions { context_size: text_size, slots, threads, purpose: Purpose::Embeddings(attention) }
}

pub(super) struct LlamaEmbeddingContext {
    context: LlamaContext,
    attention: Attention,
}

impl LlamaEmbeddingContext {
    /// Called on the engine's thread alone, which makes one context at a time.
    pub fn new(model: &Arc<Model>, attention: Attention, text_size: u32, threads: u32) -> Result<Self> {
        let options = options(attention, text_size, threads);
        let context = LlamaContext::new(model, options).map_err(|refusal| {
            let for_memory = "unload another model, or embed shorter texts";
            refusal.context_error("embeddings", for_memory, "use another model for embeddings")
        })?;
        Ok(Self { context, attention })
    }
}

impl EmbeddingContext for LlamaEmbeddingContext {
    fn text_size(&self) -> u32 {
        self.context.options().context_size
    }

    fn attention(&self) -> Attention {
        self.attention
    }

    fn decode(&mut self, rows: &[Row], abort: &CancelFlag) -> std::result::Result<(), DecodeError> {
        self.context.decode(rows, Some(abort))
    }

    fn vector(&mut self, row: usize) -> Result<Vec<f32>> {
        self.context.embedding(row).ok_or_else(|| {
            let detail = format!("row {row} of the last decode has no embedding - use another model for embeddings");
            Error::new(ErrorCode::ModelUnsupported, detail)
        })
    }

    fn clear(&mut self) {
        for sequence in 0..self.context.options().slots {
            self.context.clear(sequence);
        }
    }

    fn set_threads(&mut self, threads: u32) {
        self.context.set_threads(threads);
    }
}
