//! A model that makes embeddings and nothing else, and how any model pools them.

use std::sync::Arc;

use super::embedding_context::LlamaEmbeddingContext;
use super::global;
use super::model::Model;
use crate::engine::{Attention, EmbeddingContext, EmbeddingModel};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::Pooling;

/// The pooling that the model's file asks for, if it does. An error if the model makes no embeddings that can be
/// pooled.
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

pub(super) struct LlamaEncoder(pub Arc<Model>);

impl EmbeddingModel for LlamaEncoder {
    fn pooling(&self) -> Result<Option<Pooling>> {
        pooling(&self.0)
    }

    fn embedding_context(&mut self, text_size: u32, threads: u32) -> Result<Box<dyn EmbeddingContext>> {
        Ok(Box::new(LlamaEmbeddingContext::new(&self.0, Attention::Bidirectional, text_size, threads)?))
    }

    fn rest(&mut self) {
        global::rest();
    }
}
