//! Measurements as the engine sees them: the seam to a memory for them on the same weights, and a request for one.

use super::{CancelFlag, DecodeError, EngineReply};

/// A memory for measurements: one sequence. Lives on the engine's thread beside the `InferenceContext` that made it, and never
/// outlives the measurement.
pub trait Gauge {
    /// Tokens of one call at most.
    fn batch_size(&self) -> u32;

    /// Appends `count` arbitrary tokens behind the `position` that are there, and returns when they are computed, with a choice
    /// for what follows the last one. `abort` stops it early where the backend can; whatever is in memory is of no use then.
    fn compute(&mut self, position: u32, count: u32, abort: &CancelFlag) -> Result<(), DecodeError>;

    /// Forgets all tokens. Always succeeds, also after a failed call.
    fn clear(&mut self);

    /// Computes with this many threads, at least 1, from the next call on.
    fn set_threads(&mut self, threads: u32);
}

/// Somebody wants to know how fast the model is.
pub struct Bench {
    /// Tokens of each prompt that is read. 0: none is read.
    pub prompt_tokens: u32,
    /// Tokens that are written in each repetition, one in a call. 0: none is written.
    pub generated_tokens: u32,
    /// Runs of each kind that count, at least 1.
    pub repetitions: u32,
    /// Ends it; send `EngineCommand::Wake` after setting it.
    pub cancel: CancelFlag,
    /// Told after each run that counts: how many there were, of how many. Called on the engine's thread; must return at once.
    pub progress: Box<dyn Fn(u32, u32) + Send>,
    /// `Cancelled` after `cancel`, `OutOfMemory` where there is no room.
    pub reply: EngineReply<Measured>,
}

impl Bench {
    /// Tokens that its memory must have room for.
    pub(crate) fn size(&self) -> u32 {
        self.prompt_tokens.max(self.generated_tokens)
    }
}

/// Tokens per second of each run that counts, and how they were computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Of prompts.
    pub prompt: Vec<f64>,
    /// Of what was written.
    pub generation: Vec<f64>,
    /// Compute threads of all runs.
    pub threads: u32,
    /// Tokens of a prompt that were computed in one call at most.
    pub batch_size: u32,
}
