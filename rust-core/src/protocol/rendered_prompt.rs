//! The answer to `applyChatTemplate`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A conversation rendered by the model's chat template, ready for the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RenderedPrompt {
    /// The rendered text.
    pub text: String,
    /// Number of tokens that the model reads: those of `text`, and the token that begins every prompt, if the
    /// vocabulary has one.
    pub token_count: u32,
    /// Texts that end an answer under this template, in addition to the request's own.
    pub stop: Vec<String>,
    /// The template's Jinja source. Absent if the file has none and ChatML is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub template: Option<String>,
}
