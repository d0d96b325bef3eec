//! A scripted model that makes embeddings and nothing else.

use super::embedding_context::ScriptedEmbeddingContext;
use super::{Point, Script};
use crate::engine::backend::{Attention, EmbeddingContext, EmbeddingModel};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::Pooling;

pub(super) struct ScriptedEncoder(Script);

impl ScriptedEncoder {
    pub(super) fn new(script: Script) -> Self {
        Self(script)
    }
}

impl EmbeddingModel for ScriptedEncoder {
    fn pooling(&self) -> Result<Option<Pooling>> {
        Ok(Some(Pooling::Cls))
    }

    fn embedding_context(&mut self, text_size: u32, _threads: u32) -> Result<Box<dyn EmbeddingContext>> {
        self.0.embedding_context(text_size, Attention::Bidirectional)
    }

    fn rest(&mut self) {
        self.0.lock().counts.rests += 1;
    }
}

impl Drop for ScriptedEncoder {
    fn drop(&mut self) {
        // A failure planned for the end of a model has nowhere to go.
        let _ = self.0.pass(Point::Free);
        self.0.lock().counts.live -= 1;
    }
}

impl Script {
    pub(super) fn embedding_context(&self, text_size: u32, attention: Attention) -> Result<Box<dyn EmbeddingContext>> {
        if std::mem::take(&mut self.lock().refuses_embedding_contexts) {
            return Err(Error::new(ErrorCode::OutOfMemory, "the script has no room for embeddings"));
        }
        Ok(Box::new(ScriptedEmbeddingContext::new(self.clone(), text_size, attention)))
    }
}
