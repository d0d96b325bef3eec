//! The likelihood of the chosen tokens.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A token of an answer with its probability by the model itself: before temperature, penalties, biases, grammars and
/// all other effects of `GenerateOptions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TokenLogprob {
    /// The chosen token.
    #[serde(flatten)]
    #[ts(flatten)]
    pub chosen: Logprob,
    /// The likeliest tokens at this place, as many as requested, the likeliest first. The chosen token may be missing
    /// from them.
    pub top: Vec<Logprob>,
}

/// A token with its probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Logprob {
    /// Token of the model's vocabulary.
    pub token: i32,
    /// The token's text, or the name of a control token. A part of a character is U+FFFD; `detokenize` joins such
    /// parts.
    pub text: String,
    /// Natural logarithm of the probability, at most 0. -9,999 stands for a practically impossible token.
    pub logprob: f32,
}
