//! The input of a decode, and why one fails.

/// A token of the model's vocabulary.
pub type Token = i32;

/// The engine's place for a resident scope: llama.cpp's `llama_seq_id`.
pub type Sequence = u32;

/// One token to decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The sequence that the token is appended to.
    pub sequence: Sequence,
    /// The token's index in its sequence, from 0: the sequence's length before this row.
    pub position: u32,
    /// The token that takes this position.
    pub token: Token,
    /// Whether the logits after this token will be sampled.
    pub wants_logits: bool,
}

/// Why a decode did not finish.
#[derive(Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The flag was set. The rows decoded so far are in memory: ask `length`.
    Aborted,
    /// The KV memory has no room.
    Full,
    /// Any other failure, in llama.cpp's words.
    Failed(String),
}
