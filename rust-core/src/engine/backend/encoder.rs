//! The seam to embeddings: a model that makes contexts for texts, and such a context.

use super::row::{DecodeError, Row};
use crate::engine::cancel_flag::CancelFlag;
use crate::error::Result;
use crate::protocol::Pooling;

/// The most texts that are computed together: the sequences of an embedding context.
pub const EMBEDDING_TEXTS: usize = 8;

/// The most rows of one call, except for one long text under bidirectional attention. Each row is an output, with a
/// buffer as long as the vocabulary.
pub const EMBEDDING_ROWS: usize = 64;

/// The tokens of a text that a token attends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attention {
    /// The tokens before it: a text may be computed in calls of any size.
    Causal,
    /// All tokens, as in an encoder: a text is computed in one call.
    Bidirectional,
}

impl Attention {
    /// The fewest tokens that a context is made for. Fewer save nothing: causal memory comes in blocks, and
    /// bidirectional texts come several to a call.
    fn least(self) -> u32 {
        match self {
            Self::Causal => 256,
            Self::Bidirectional => EMBEDDING_ROWS as u32,
        }
    }
}

/// A model that makes embeddings, beside conversations or by itself. Lives and dies on the engine's thread.
pub trait EmbeddingModel {
    /// The pooling that the model asks for, if it does. `ModelUnsupported` for a model that makes no embeddings.
    fn pooling(&self) -> Result<Option<Pooling>>;

    /// Makes a context for texts of up to `text_size` tokens, on the same weights, with that many threads.
    /// `OutOfMemory` if it does not fit.
    fn embedding_context(&mut self, text_size: u32, threads: u32) -> Result<Box<dyn EmbeddingContext>>;

    /// Gives compute threads back, because no call follows soon. The next call gets new ones.
    fn rest(&mut self);
}

/// A context for texts to embed. Lives on the engine's thread beside the `EmbeddingModel` that made it, and may outlive
/// it.
pub trait EmbeddingContext {
    /// Tokens of the longest text that has room.
    fn text_size(&self) -> u32;

    /// The attention of the model.
    fn attention(&self) -> Attention;

    /// Decodes rows sorted by sequence, then position, each of which wants an output: at most `EMBEDDING_ROWS`, of
    /// `EMBEDDING_TEXTS` sequences. Under bidirectional attention, of whole texts, and of one text alone as many rows
    /// as have room. `abort` stops the call early where the backend can; the memory's content is unusable after that.
    fn decode(&mut self, rows: &[Row], abort: &CancelFlag) -> std::result::Result<(), DecodeError>;

    /// The model's output after row `row` of the last decode, equally long for every row.
    fn vector(&mut self, row: usize) -> Result<Vec<f32>>;

    /// Forgets all texts. Always succeeds, also after a failed decode.
    fn clear(&mut self);

    /// Computes with this many threads, at least 1, from the next decode on.
    fn set_threads(&mut self, threads: u32);
}

/// Tokens that a context is made for, so that it fits texts of `longest`: a power of two, so that contexts are seldom
/// replaced, and no more than `context_size`.
pub(crate) fn text_size_for(longest: usize, context_size: u32, attention: Attention) -> u32 {
    let longest = u32::try_from(longest).unwrap_or(u32::MAX);
    longest.max(attention.least()).checked_next_power_of_two().unwrap_or(u32::MAX).min(context_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_made_for_a_power_of_two_and_never_for_more_than_the_model_has() {
        use Attention::{Bidirectional, Causal};
        for (longest, context_size, attention, expected) in [
            (1, 4_096, Causal, 256),
            (256, 4_096, Causal, 256),
            (257, 4_096, Causal, 512),
            (3_000, 4_096, Causal, 4_096),
            (3_000, 3_500, Causal, 3_500),
            (10, 64, Causal, 64),
            (usize::MAX, 4_096, Causal, 4_096),
            (1, 512, Bidirectional, 64),
            (65, 512, Bidirectional, 128),
            (512, 512, Bidirectional, 512),
            (10, 32, Bidirectional, 32),
        ] {
            let size = text_size_for(longest, context_size, attention);
            assert_eq!(size, expected, "{longest} of {context_size}, {attention:?}");
        }
    }
}
