//! One thread per loaded model. It owns the weights and the context on its own stack, and serves any number of scopes.
//!
//! In: `EngineCommand`s through a bounded mailbox. Out: `EngineReport`s on one ordered channel, `Exited` exactly once
//! and last; answers go straight into each job's `AnswerSink`.
//!
//! `backend` is the seam to inference, `chat` and `encoder` are the two loops above it, `bench` runs between their
//! steps. `output` turns tokens into answers, `compute` decides on threads and chunks. `scripted` implements
//! the seam for tests.

mod backend;
mod bench;
mod cancel_flag;
mod chat;
mod command;
mod compute;
mod devices;
mod encoder;
mod engine_loop;
#[cfg(unix)]
mod file_opener;
mod mailbox;
#[cfg(unix)]
mod opening_loader;
mod output;
mod report;
mod run_state;
#[cfg(test)]
pub(crate) mod scripted;
mod step_limits;
#[cfg(test)]
mod tests;
mod thread;

#[cfg(feature = "llama")]
pub(crate) use self::backend::check_tokens;
pub(crate) use self::backend::text_size_for;
pub use self::backend::{
    Answer, AnswerFormat, Attention, BenchContext, DecodeError, EMBEDDING_ROWS, EMBEDDING_TEXTS, EmbeddingContext,
    EmbeddingModel, Estimate, Format, InferenceContext, LoadProgress, Loaded, LoadedEncoder, LoadedModel, ModelLoader,
    OnLoad, Prompt, Prompter, Row, Sampler, Sequence, Token, Tokenizer,
};
pub use self::cancel_flag::CancelFlag;
pub use self::command::{
    AnswerSink, BenchJob, EmbedJob, EngineCommand, EngineReply, GenerationJob, MeasuredSpeeds, PrefillJob, Prefilled,
};
pub use self::devices::{DeviceChoice, Devices};
#[cfg(unix)]
pub use self::file_opener::{Opened, PathOpener};
#[cfg(unix)]
pub use self::opening_loader::OpeningLoader;
pub use self::report::{EngineReport, Finished};
pub use self::thread::Engine;
