//! How sure a model was of the tokens that it chose.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A token of an answer, and how likely it was by the model itself: before temperature, penalties, biases, grammars and all else
/// that `GenerateOptions` does to a choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TokenLogprob {
    /// The token that was chosen.
    #[serde(flatten)]
    #[ts(flatten)]
    pub chosen: Logprob,
    /// The likeliest tokens in its place, as many as were asked for, the likeliest first. The chosen one may be none of them.
    pub top: Vec<Logprob>,
}

/// How likely a token is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Logprob {
    /// Of the model's vocabulary.
    pub token: i32,
    /// Its own text, control tokens by their names. A part of a character is U+FFFD: `detokenize` joins those.
    pub text: String,
    /// Natural logarithm of its probability, 0 at most. -9,999 stands for what is as good as impossible.
    pub logprob: f32,
}
