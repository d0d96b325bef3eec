//! The seam to a context that a bench runs in.

use super::row::DecodeError;
use crate::engine::cancel_flag::CancelFlag;

/// A second context on the same weights, with one sequence. Lives on the engine's thread beside the `InferenceContext`
/// that made it, and never outlives its bench.
pub trait BenchContext {
    /// The most tokens of one call.
    fn batch_size(&self) -> u32;

    /// Appends `count` arbitrary tokens to the `position` tokens in memory. Returns when they are computed and the last
    /// one has logits. `abort` stops the call early where the backend can; the memory's content is unusable after that.
    fn compute(&mut self, position: u32, count: u32, abort: &CancelFlag) -> Result<(), DecodeError>;

    /// Forgets all tokens. Always succeeds, also after a failed call.
    fn clear(&mut self);

    /// Computes with this many threads, at least 1, from the next call on.
    fn set_threads(&mut self, threads: u32);
}
