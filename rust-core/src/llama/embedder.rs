//! Embeddings: a second context on the weights of the first, whose outputs are the model's last layer before it chooses words.

use std::sync::Arc;

use super::context::{ContextOptions, LlamaContext, Purpose};
use super::model::Model;
use crate::engine::{CancelFlag, DecodeError, EMBEDDER_TEXTS, Embedder, InferenceContext, Row};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::Pooling;

/// The options of a context for texts of up to `text_size` tokens.
pub(super) fn options(text_size: u32, threads: u32) -> ContextOptions {
    let slots = u32::try_from(EMBEDDER_TEXTS).expect("a handful");
    ContextOptions { context_size: text_size, slots, threads, purpose: Purpose::Embeddings }
}

/// How the model itself wants its embeddings pooled, where its file says so. An error if it makes none that could be.
pub(super) fn pooling(model: &Model) -> Result<Option<Pooling>> {
    let refused = |why: &str| {
        let detail = format!("the model makes no embeddings: {why} - use an embedding model or a chat model");
        Err(Error::new(ErrorCode::ModelUnsupported, detail))
    };
    if model.own_value("attention.causal").as_deref() == Some("false") {
        return refused("it has to see a whole text at once");
    }
    // llama.cpp's numbers.
    match model.own_value("pooling_type").as_deref() {
        Some("1") => Ok(Some(Pooling::Mean)),
        Some("2") => Ok(Some(Pooling::Cls)),
        Some("3") => Ok(Some(Pooling::Last)),
        Some("4") => refused("it ranks texts"),
        Some(_) | None => Ok(None),
    }
}

pub(super) struct LlamaEmbedder {
    context: LlamaContext,
}

impl LlamaEmbedder {
    /// Called on the engine's thread alone, which makes one context at a time.
    pub fn new(model: &Arc<Model>, text_size: u32, threads: u32) -> Result<Self> {
        let failed = |reason: String| {
            let (code, advice) = if reason.contains("alloc") {
                (ErrorCode::OutOfMemory, "unload another model, or embed shorter texts")
            } else {
                (ErrorCode::ModelUnsupported, "use another model for embeddings")
            };
            Error::new(code, format!("could not make room for embeddings: {reason} - {advice}"))
        };
        let context = LlamaContext::new(model, options(text_size, threads)).map_err(failed)?;
        Ok(Self { context })
    }
}

impl Embedder for LlamaEmbedder {
    fn text_size(&self) -> u32 {
        self.context.options().context_size
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
