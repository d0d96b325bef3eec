//! What a model makes of text by itself, without a conversation: the answers to `applyChatTemplate`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A conversation as the model's chat template writes it, ready for the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RenderedPrompt {
    /// What the template wrote.
    pub text: String,
    /// Tokens that the model reads: those of `text`, behind the token that its every prompt begins with, if it wants one.
    pub token_count: u32,
    /// Texts that end an answer under this template, beside those that a request names.
    pub stop: Vec<String>,
    /// The template's Jinja source. None: the file has none, and ChatML is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub template: Option<String>,
}
