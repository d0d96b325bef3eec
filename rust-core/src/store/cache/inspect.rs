//! What a stored model says of itself.

use super::Store;
use super::byte_progress::OnByteProgress;
use crate::error::{Error, ErrorCode, Result};
use crate::gguf;
use crate::store::name::ModelName;

/// A model's own words, from the head of its file: they were checked against the file, and may be wrong all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelHeader {
    /// What its makers call it.
    pub title: Option<String>,
    /// Which family it is of: `llama`, `qwen2`.
    pub architecture: String,
    /// How its weights are packed: `Q4_K_M`.
    pub quantization: Option<String>,
    /// Layers; 0 if it does not say.
    pub layers: u64,
    /// Tokens of context that it was trained with; 0 if it does not say.
    pub trained_context_size: u32,
    /// Tokens that it knows.
    pub vocabulary_size: u64,
    /// Bytes that a token of context takes in memory, in f16; 0 if it does not say.
    pub kv_bytes_per_token: u64,
    /// Whether it says how a chat is written.
    pub has_chat_template: bool,
    /// Whether it comes with a file for images or sound.
    pub has_projector: bool,
    /// Of all its files.
    pub bytes: u64,
}

impl Store {
    /// Reads the head of a stored model. As [`pin`](Store::pin), and `ModelInvalid` if the file is no model.
    pub fn inspect(&self, name: &ModelName, on_progress: OnByteProgress<'_>) -> Result<ModelHeader> {
        let pinned = self.pin(name, on_progress)?;
        let path = pinned.weights().to_str().ok_or_else(|| {
            let detail = format!("the path of {name} is not text - give the store a folder whose path is");
            Error::new(ErrorCode::StorageFailed, detail)
        })?;
        let metadata = gguf::read(path)?.metadata;
        Ok(ModelHeader {
            title: metadata.text("general.name").map(str::to_owned),
            architecture: metadata.architecture().unwrap_or_default().to_owned(),
            quantization: metadata.quantization().map(str::to_owned),
            layers: metadata.layers(),
            trained_context_size: metadata.trained_context_size(),
            vocabulary_size: metadata.vocabulary().0,
            kv_bytes_per_token: metadata.kv_bytes_per_token(),
            has_chat_template: metadata.has_chat_template(),
            has_projector: pinned.projector().is_some(),
            bytes: pinned.files().iter().map(|file| file.bytes).sum(),
        })
    }
}
