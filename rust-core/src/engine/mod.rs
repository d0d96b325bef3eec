//! One thread per loaded model. It owns weights and context on its own stack and serves any number of scopes.
//!
//! In: `EngineCommand`s through a bounded mailbox. Out: `EngineReport`s on one ordered channel, `Exited` exactly once
//! and last, and answer text straight into each job's `TextSink`.

mod context;
mod governor;
mod mailbox;
mod pace;
mod prefix;
mod scheduler;
#[cfg(test)]
pub(crate) mod scripted;
mod slot;
mod stream;
#[cfg(test)]
mod tests;
mod text;
mod thread;
mod threads;

use std::sync::Arc;

pub use context::{
    CancelFlag, DecodeError, InferenceContext, LoadedModel, ModelLoader, Prompt, Prompter, Row, Sampler, Sequence,
    Token,
};

pub use thread::Engine;

use crate::error::Error;
use crate::protocol::{FinishReason, GenerateOptions, ModelInfo, Timings, Usage};

/// One generation, rendered and tokenized.
pub struct Job {
    pub generation: String,
    pub scope: String,
    pub prompt: Prompt,
    pub options: GenerateOptions,
    pub cancel: CancelFlag,
    pub sink: Arc<dyn TextSink>,
    /// When the request arrived; timings count from here.
    pub requested_at: std::time::Instant,
}

/// Where answer text goes. Called on the engine thread: must return at once and never block.
pub trait TextSink: Send + Sync {
    fn text(&self, text: &str);
}

pub enum EngineCommand {
    Generate(Box<Job>),
    /// Look at the cancel flags now: wakes the thread if it sleeps.
    Wake,
    /// Forget what is cached for a scope.
    DropScope(String),
}

/// What a finished job leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    pub generation: String,
    pub reason: FinishReason,
    /// Present if, and only if, `reason` is `Failed`.
    pub error: Option<Error>,
    /// The text that went into the sink, all of it.
    pub text: String,
    pub usage: Usage,
    pub timings: Timings,
}

pub enum EngineReport {
    /// While loading, 0 to 1.
    Progress(f32),
    /// At most once.
    Loaded {
        info: ModelInfo,
        prompter: Arc<dyn Prompter>,
    },
    /// A job was admitted to a slot (`done` is 0) or prefilled further; `done == total` when decoding begins.
    Prefilling {
        generation: String,
        done: u32,
        total: u32,
    },
    Finished(Finished),
    /// What a scope has cached now; `None` when it lost its slot.
    Cached {
        scope: String,
        tokens: Option<u32>,
    },
    ThreadsChanged {
        from: u32,
        to: u32,
        reason: &'static str,
    },
    /// Exactly once, and last. `Err` when loading failed or the thread panicked (`EngineCrashed`).
    Exited(Result<(), Error>),
}
