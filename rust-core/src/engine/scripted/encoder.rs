//! A scripted model that makes embeddings and nothing else.

use super::embedder::ScriptedEmbedder;
use super::{Point, Script};
use crate::engine::{Embedder, EmbeddingModel, Reading};
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

    fn embedder(&mut self, text_size: u32, _threads: u32) -> Result<Box<dyn Embedder>> {
        self.0.embedder(text_size, Reading::Whole)
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
    /// What either kind of model makes.
    pub(super) fn embedder(&self, text_size: u32, reading: Reading) -> Result<Box<dyn Embedder>> {
        if std::mem::take(&mut self.lock().refuses_embedders) {
            return Err(Error::new(ErrorCode::OutOfMemory, "the script has no room for embeddings"));
        }
        Ok(Box::new(ScriptedEmbedder::new(self.clone(), text_size, reading)))
    }
}
