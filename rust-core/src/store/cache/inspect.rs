//! Metadata of a stored model.

use super::Store;
use super::byte_progress::OnByteProgress;
use crate::error::{Error, ErrorCode, Result};
use crate::gguf;
use crate::store::name::ModelName;

/// Metadata from the head of a model's file. It is checked against the file's structure, but its claims may still be
/// wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelHeader {
    /// The title that the model's authors gave it.
    pub title: Option<String>,
    /// The architecture's name: `llama`, `qwen2`.
    pub architecture: String,
    /// The quantization's name: `Q4_K_M`.
    pub quantization: Option<String>,
    /// Number of layers; 0 if the file does not say.
    pub layers: u64,
    /// Context size that the model was trained with, in tokens; 0 if the file does not say.
    pub trained_context_size: u32,
    /// Number of tokens in the vocabulary.
    pub vocabulary_size: u64,
    /// Memory that one token of context takes, in bytes, with an f16 KV; 0 if the file does not say.
    pub kv_bytes_per_token: u64,
    /// Whether the file holds a chat template.
    pub has_chat_template: bool,
    /// Whether the model has a projector, the file for images and sound.
    pub has_projector: bool,
    /// Size of all the model's files.
    pub bytes: u64,
}

impl Store {
    /// Reads the metadata of a stored model. Fails as [`pin`](Store::pin) does, and with `ModelInvalid` if the file is
    /// not a model.
    pub fn inspect(&self, name: &ModelName, on_progress: OnByteProgress<'_>) -> Result<ModelHeader> {
        let pinned = self.pin(name, on_progress)?;
        let path = pinned.weights().to_str().ok_or_else(|| {
            let detail = format!("the path of {name} is not UTF-8 - give the store a folder whose path is");
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
