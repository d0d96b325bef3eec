//! The reports of an engine to its supervisor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::backend::{Answer, LoadProgress, Prompter};
use super::command::GenerationJob;
use crate::error::{Error, Result};
use crate::kv::{Fingerprint, KvSnapshot};
use crate::protocol::{FinishReason, ModelInfo, Timings, Usage};

/// One fact, reported in the order in which it happened.
pub enum EngineReport {
    /// While loading.
    Progress(LoadProgress),
    /// At most once.
    Loaded {
        /// The model as it was loaded, with every "auto" replaced by the value that was chosen.
        info: ModelInfo,
        /// Stamps this model's states on disk. None: the model has no conversations, and so no states.
        fingerprint: Option<Fingerprint>,
        /// Renders prompts. Every copy must be dropped before the engine is stopped.
        prompter: Arc<dyn Prompter>,
    },
    /// A job was admitted to a slot (`done` is 0) or prefilled further; `done == total` when decoding begins.
    Prefilling {
        /// Id of the job's generation.
        generation: String,
        /// Tokens prefilled so far.
        done: u32,
        /// Prompt tokens that were not cached when the job was admitted.
        total: u32,
    },
    /// Exactly once for every generation job that the mailbox accepted.
    Finished(Finished),
    /// How much of a scope is cached now.
    Cached {
        /// Id of the scope.
        scope: String,
        /// Tokens of the scope in the KV memory; `None` when the scope lost its slot.
        tokens: Option<u32>,
    },
    /// A scope's KV was taken out of its slot. The engine finds it again for as long as the receiver keeps it alive.
    Parked {
        /// The copy.
        parked: Arc<KvSnapshot>,
        /// Why, for a person.
        reason: &'static str,
    },
    /// A parked scope is back in a slot; or it could not be verified and is prefilled anew.
    Restored {
        /// Id of the scope.
        scope: String,
        /// Why the copy could not be used.
        result: std::result::Result<(), String>,
    },
    /// The governor changed the number of compute threads.
    ThreadsChanged {
        /// Threads before.
        from: u32,
        /// Threads from now on.
        to: u32,
        /// Why, for a person.
        reason: &'static str,
    },
    /// Exactly once, and last. `Err` if loading failed or the thread panicked (`EngineCrashed`).
    Exited(Result<()>),
}

/// The outcome of a generation job.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Id of the job's generation.
    pub generation: String,
    /// How the job ended. The caller decides by it whether the turn stays in the transcript.
    pub reason: FinishReason,
    /// Present if, and only if, `reason` is `Failed`.
    pub error: Option<Error>,
    /// All that went into the sink.
    pub answer: Answer,
    /// Tokens counted so far; all zero for a job that was never admitted.
    pub usage: Usage,
    /// Milliseconds per phase; 0 for a phase that was never entered.
    pub timings: Timings,
}

/// How a turn ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    Stop,
    Length,
    Cancelled,
    Failed(Error),
}

impl Finished {
    pub(super) fn new(job: &GenerationJob, ending: Ending, answer: Answer, usage: Usage, timings: Timings) -> Self {
        let (reason, error) = match ending {
            Ending::Stop if !answer.tool_calls.is_empty() => (FinishReason::ToolCalls, None),
            Ending::Stop => (FinishReason::Stop, None),
            Ending::Length => (FinishReason::Length, None),
            Ending::Cancelled => (FinishReason::Cancelled, None),
            Ending::Failed(error) => (FinishReason::Failed, Some(error)),
        };
        Self { generation: job.generation.clone(), reason, error, answer, usage, timings }
    }

    /// The end of a job that never got a slot.
    pub(super) fn never_admitted(job: &GenerationJob, ending: Ending, now: Instant) -> Self {
        let queued_ms = milliseconds(now.saturating_duration_since(job.requested_at));
        let timings = Timings { queued_ms, ..Timings::default() };
        Self::new(job, ending, Answer::default(), Usage::default(), timings)
    }
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
