//! Embeddings as the engine sees them: the seam to a second memory on the same weights, and a request for vectors.

use super::{CancelFlag, DecodeError, EngineReply, Row, Token};
use crate::error::Result;
use crate::protocol::Pooling;

/// Texts that are computed together at most: the sequences of an embedder.
pub const EMBEDDER_TEXTS: usize = 8;

/// Rows of one call at most. Each of them is an output, with a buffer for every word of the vocabulary.
pub const EMBEDDER_ROWS: usize = 64;

/// A memory for embeddings. Lives on the engine's thread beside the `InferenceContext` that made it, and may outlive that.
pub trait Embedder {
    /// Tokens of the longest text that there is room for.
    fn text_size(&self) -> u32;

    /// Decodes rows sorted by sequence, then position, each of which wants an output: at most `EMBEDDER_ROWS`, of
    /// `EMBEDDER_TEXTS` sequences. `abort` stops it early where the backend can; whatever is in memory is of no use then.
    fn decode(&mut self, rows: &[Row], abort: &CancelFlag) -> std::result::Result<(), DecodeError>;

    /// The model's output after row `row` of the last decode, as long for every row.
    fn vector(&mut self, row: usize) -> Result<Vec<f32>>;

    /// Forgets all texts. Always succeeds, also after a failed decode.
    fn clear(&mut self);

    /// Computes with this many threads, at least 1, from the next decode on.
    fn set_threads(&mut self, threads: u32);
}

/// Texts that somebody wants vectors for.
pub struct Texts {
    /// At least one text, each with at least one token and at most `text_size` of them.
    pub texts: Vec<Vec<Token>>,
    /// Tokens that the memory must have room for. One that is smaller is made anew.
    pub text_size: u32,
    /// None: as the model wants it.
    pub pooling: Option<Pooling>,
    /// Whether vectors are scaled to the length 1.
    pub normalize: bool,
    /// Ends it; send `EngineCommand::Wake` after setting it.
    pub cancel: CancelFlag,
    /// One vector for each text. `Cancelled` after `cancel`.
    pub reply: EngineReply<Vec<Vec<f32>>>,
}

/// Tokens that a memory is made for, so that it fits texts of `longest`: powers of two from 256 on, so that it is seldom made
/// anew, and no more than a scope has.
pub(crate) fn text_size_for(longest: usize, context_size: u32) -> u32 {
    let longest = u32::try_from(longest).unwrap_or(u32::MAX);
    longest.max(256).checked_next_power_of_two().unwrap_or(u32::MAX).min(context_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_is_made_for_a_power_of_two_and_never_for_more_than_a_scope() {
        for (longest, context_size, expected) in [
            (1, 4_096, 256),
            (256, 4_096, 256),
            (257, 4_096, 512),
            (3_000, 4_096, 4_096),
            (3_000, 3_500, 3_500),
            (10, 64, 64),
            (usize::MAX, 4_096, 4_096),
        ] {
            assert_eq!(text_size_for(longest, context_size), expected, "{longest} of {context_size}");
        }
    }
}
