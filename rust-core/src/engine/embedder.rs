//! Embeddings as the engine sees them: the seam to a memory for texts, and a request for vectors.

use super::{CancelFlag, DecodeError, EngineReply, Row, Token};
use crate::error::Result;
use crate::protocol::Pooling;

/// Texts that are computed together at most: the sequences of an embedder.
pub const EMBEDDER_TEXTS: usize = 8;

/// Rows of one call at most, but for a text that is read as a whole. Each of them is an output, with a buffer for every word of
/// the vocabulary.
pub const EMBEDDER_ROWS: usize = 64;

/// How a model reads a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Token after token, each of which knows those before it: in calls of any size.
    Pieces,
    /// All of it at once, each token knowing all others: in one call. So do encoders.
    Whole,
}

impl Reading {
    /// Tokens that a memory is made for at least. Fewer save nothing: what is read in pieces is remembered in blocks, and what is
    /// read at once comes in calls of several texts.
    fn least(self) -> u32 {
        match self {
            Self::Pieces => 256,
            Self::Whole => EMBEDDER_ROWS as u32,
        }
    }
}

/// A model that makes embeddings, beside conversations or by itself. Lives and dies on the engine's thread.
pub trait EmbeddingModel {
    /// Which output of a text stands for it, where the model says so itself. `ModelUnsupported` for one that makes no embeddings.
    fn pooling(&self) -> Result<Option<Pooling>>;

    /// Makes a memory for embeddings of texts of up to `text_size` tokens, on the same weights, with that many threads.
    /// `OutOfMemory` where there is no room for it.
    fn embedder(&mut self, text_size: u32, threads: u32) -> Result<Box<dyn Embedder>>;

    /// Gives compute threads back: nothing will be computed for a while. The next call gets them anew.
    fn rest(&mut self);
}

/// A memory for embeddings. Lives on the engine's thread beside the `EmbeddingModel` that made it, and may outlive that.
pub trait Embedder {
    /// Tokens of the longest text that there is room for.
    fn text_size(&self) -> u32;

    /// How texts come into it.
    fn reading(&self) -> Reading;

    /// Decodes rows sorted by sequence, then position, each of which wants an output: at most `EMBEDDER_ROWS`, of
    /// `EMBEDDER_TEXTS` sequences; where texts are read as a whole, of whole texts, and of one text as many as there is room for. `abort` stops it early where the backend can; whatever is in memory is of no use then.
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

/// Tokens that a memory is made for, so that it fits texts of `longest`: powers of two, so that it is seldom made anew, and no
/// more than `context_size`.
pub(crate) fn text_size_for(longest: usize, context_size: u32, reading: Reading) -> u32 {
    let longest = u32::try_from(longest).unwrap_or(u32::MAX);
    longest.max(reading.least()).checked_next_power_of_two().unwrap_or(u32::MAX).min(context_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_is_made_for_a_power_of_two_and_never_for_more_than_the_context() {
        use Reading::{Pieces, Whole};
        for (longest, context_size, reading, expected) in [
            (1, 4_096, Pieces, 256),
            (256, 4_096, Pieces, 256),
            (257, 4_096, Pieces, 512),
            (3_000, 4_096, Pieces, 4_096),
            (3_000, 3_500, Pieces, 3_500),
            (10, 64, Pieces, 64),
            (usize::MAX, 4_096, Pieces, 4_096),
            (1, 512, Whole, 64),
            (65, 512, Whole, 128),
            (512, 512, Whole, 512),
            (10, 32, Whole, 32),
        ] {
            let size = text_size_for(longest, context_size, reading);
            assert_eq!(size, expected, "{longest} of {context_size}, {reading:?}");
        }
    }
}
