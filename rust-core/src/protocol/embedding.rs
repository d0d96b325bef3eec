//! Vectors that stand for texts: what is asked, and what comes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::commands::check_id;
use super::config::ModelConfig;
use crate::error::{Error, ErrorCode, Result};

/// Texts of one `embed`.
const MAX_TEXTS: usize = 256;

/// Asks for one vector for each text. Answered by `embeddings`, all at once. Loads the model as `generate` does, and fails as that
/// would; the model is held until the answer. Nothing of it is said, and no scope changes.
///
/// The texts are computed by the same weights in a context of their own, which is made for the first one, counted in the memory
/// budget, and freed with the model or its `keepAliveMs` after the last one. Beside generations they are computed in small pieces.
///
/// Fails as `modelUnsupported` for a model that makes no embeddings, `contextFull` for a text that is longer than `contextSize`,
/// `outOfMemory` where there is no room for that context, and `cancelled` after `cancelEmbed`. Ends with its client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmbedCommand {
    /// Made by the caller, 1 to 256 bytes. One that is at work is not begun anew: its answer is this one's too.
    pub embedding_id: String,
    /// The model that computes.
    pub model: ModelConfig,
    /// 1 to 256, none of them empty. Control tokens in them are text.
    pub texts: Vec<String>,
    /// Which of its tokens stand for a text. Left out: what the model was made for, if its file says so; else `mean`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pooling: Option<Pooling>,
    /// Whether every vector is scaled to the length 1, so that a dot product is the similarity. Left out: it is.
    #[serde(default = "normalized")]
    #[ts(optional, as = "Option<bool>")]
    pub normalize: bool,
}

fn normalized() -> bool {
    true
}

/// Which of its tokens stand for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Pooling {
    /// All of them, each as much as the others.
    Mean,
    /// The first one. For a model that generates, that one knows nothing of the others.
    Cls,
    /// The last one.
    Last,
}

/// What embeddings cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddingUsage {
    /// Tokens of all texts, with those that the model's vocabulary puts around them.
    pub prompt_tokens: u32,
}

impl EmbedCommand {
    pub(super) fn validate(&self) -> Result<()> {
        let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidOptions, detail));
        check_id("embeddingId", &self.embedding_id)?;
        self.model.validate_others()?;
        let count = self.texts.len();
        if count == 0 || count > MAX_TEXTS {
            return invalid(format!("texts is out of range - use 1 to {MAX_TEXTS} of them, got {count}"));
        }
        match self.texts.iter().position(String::is_empty) {
            Some(index) => invalid(format!("texts[{index}] is empty - leave it out")),
            None => Ok(()),
        }
    }
}
