//! The size of a run.

use std::time::Duration;

/// Sizes of one run of the bench.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Tokens of context per scope.
    pub context_size: u32,
    /// Interleaved runs per row.
    pub rounds: usize,
    /// Length of a short prompt, in characters, which the random model reads as one token each.
    pub short_prompt: usize,
    pub long_prompt: usize,
    /// Nearly a whole context.
    pub longest_prompt: usize,
    pub system_prompt: usize,
    /// Length of half a minute of speech or more.
    pub spoken: usize,
    /// Tokens of an answer.
    pub answer: u32,
    /// Tokens of an answer that nearly fills its context.
    pub long_answer: u32,
    /// How long to wait for a moment without other computation.
    pub patience: Duration,
    /// How long to measure each decode beside busy neighbours.
    pub contention: Duration,
    /// Number of cancelled prefills.
    pub cancels: u32,
    /// Number of times that a scope is parked and restored in a run.
    pub moves: usize,
    /// Number of component lives in the memory row.
    pub cycles: u32,
    /// Size of a downloaded file, in chunks of 16 MiB.
    pub downloaded_pieces: u64,
}

impl Scale {
    pub fn full() -> Self {
        Self {
            context_size: 4096,
            rounds: 5,
            short_prompt: 32,
            long_prompt: 1000,
            longest_prompt: 4000,
            system_prompt: 500,
            spoken: 400,
            answer: 256,
            long_answer: 3900,
            patience: Duration::from_secs(20),
            contention: Duration::from_secs(4),
            cancels: 10,
            moves: 9,
            cycles: 1000,
            downloaded_pieces: 64,
        }
    }

    /// Checks only that every row can be measured: too short for meaningful numbers.
    pub fn quick() -> Self {
        Self {
            context_size: 1024,
            rounds: 1,
            short_prompt: 32,
            long_prompt: 200,
            longest_prompt: 900,
            system_prompt: 100,
            spoken: 100,
            answer: 32,
            long_answer: 900,
            patience: Duration::ZERO,
            contention: Duration::from_millis(300),
            cancels: 2,
            moves: 2,
            cycles: 20,
            downloaded_pieces: 2,
        }
    }
}
