//! Embeddings: a context whose outputs are the model's last layer before it would choose words, beside one of conversations on the
//! same weights, or by itself.

use std::sync::Arc;

use super::backend;
use super::context::{ContextOptions, LlamaContext, Purpose};
use super::model::Model;
use crate::engine::{
    CancelFlag, DecodeError, EMBEDDER_TEXTS, Embedder, EmbeddingModel, InferenceContext, Reading, Row,
};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::Pooling;

/// The options of a context for texts of up to `text_size` tokens.
pub(super) fn options(reading: Reading, text_size: u32, threads: u32) -> ContextOptions {
    let slots = u32::try_from(EMBEDDER_TEXTS).expect("a handful");
    ContextOptions { context_size: text_size, slots, threads, purpose: Purpose::Embeddings(reading) }
}

/// How the model itself wants its embeddings pooled, where its file says so. An error if it makes none that could be.
pub(super) fn pooling(model: &Model) -> Result<Option<Pooling>> {
    let refused = |why: &str| {
        let detail = format!("the model makes no embeddings: {why} - use an embedding model or a chat model");
        Err(Error::new(ErrorCode::ModelUnsupported, detail))
    };
    // llama.cpp's numbers.
    match model.own_value("pooling_type").as_deref() {
        Some("1") => Ok(Some(Pooling::Mean)),
        Some("2") => Ok(Some(Pooling::Cls)),
        Some("3") => Ok(Some(Pooling::Last)),
        Some("4") => refused("it ranks texts"),
        Some(_) | None => Ok(None),
    }
}

/// The weights of a model that makes embeddings and nothing else.
pub(super) struct LlamaEncoder(pub Arc<Model>);

impl EmbeddingModel for LlamaEncoder {
    fn pooling(&self) -> Result<Option<Pooling>> {
        pooling(&self.0)
    }

    fn embedder(&mut self, text_size: u32, threads: u32) -> Result<Box<dyn Embedder>> {
        Ok(Box::new(LlamaEmbedder::new(&self.0, Reading::Whole, text_size, threads)?))
    }

    fn rest(&mut self) {
        backend::rest();
    }
}

pub(super) struct LlamaEmbedder {
    context: LlamaContext,
    reading: Reading,
}

impl LlamaEmbedder {
    /// Called on the engine's thread alone, which makes one context at a time.
    pub fn new(model: &Arc<Model>, reading: Reading, text_size: u32, threads: u32) -> Result<Self> {
        let failed = |reason: String| {
            let (code, advice) = if reason.contains("alloc") {
                (ErrorCode::OutOfMemory, "unload another model, or embed shorter texts")
            } else {
                (ErrorCode::ModelUnsupported, "use another model for embeddings")
            };
            Error::new(code, format!("could not make room for embeddings: {reason} - {advice}"))
        };
        let context = LlamaContext::new(model, options(reading, text_size, threads)).map_err(failed)?;
        Ok(Self { context, reading })
    }
}

impl Embedder for LlamaEmbedder {
    fn text_size(&self) -> u32 {
        self.context.options().context_size
    }

    fn reading(&self) -> Reading {
        self.reading
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
