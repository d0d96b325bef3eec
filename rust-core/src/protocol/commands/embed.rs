//! The command `embed` and its cost.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::check_id;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::config::ModelConfig;

/// Most texts of one `embed`.
const MAX_TEXTS: usize = 256;

/// Computes one vector for each text. Answered by `embeddings`, all at once. The command loads the model and fails as
/// `generate` does, and holds the model until the answer. No scope changes.
///
/// The texts are computed by the same weights in a context of their own. It is made for the first text, counted in the
/// memory budget, and freed with the model or `keepAliveMs` after the last text. Beside generations the texts are
/// computed in small pieces.
///
/// It fails as `modelUnsupported` for a model that makes no embeddings, `contextFull` for a text that is longer than
/// `contextSize`, `outOfMemory` if that context does not fit, and `cancelled` after `cancelEmbed`. It ends with its
/// client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmbedCommand {
    /// Made by the caller, 1 to 256 bytes. A second command with the id of a running `embed` joins it and gets the same
    /// answer.
    pub embedding_id: String,
    /// The model that computes the vectors.
    pub model: ModelConfig,
    /// 1 to 256 texts, none of them empty. Names of control tokens in them are text.
    pub texts: Vec<String>,
    /// Which tokens' outputs form the vector. Left out: the pooling in the model's file, else `mean`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pooling: Option<Pooling>,
    /// Whether every vector is scaled to length 1, so that a dot product is the cosine similarity.
    /// @default true
    #[serde(default = "normalized")]
    #[ts(optional, as = "Option<bool>")]
    pub normalize: bool,
}

fn normalized() -> bool {
    true
}

/// Which tokens' outputs form a text's vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Pooling {
    /// The mean of all tokens.
    Mean,
    /// The first token. In a causal model it has not seen the other tokens.
    Cls,
    /// The last token.
    Last,
}

/// The cost of an `embed`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddingUsage {
    /// Tokens of all texts, including the special tokens that the vocabulary adds.
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
