//! One thread per loaded model. It owns weights and context on its own stack and serves any number of scopes.
//!
//! In: `EngineCommand`s through a bounded mailbox. Out: `EngineReport`s on one ordered channel, `Exited` exactly once
//! and last, and answers straight into each job's `AnswerSink`.

mod activity;
mod answer;
mod bench;
mod context;
mod devices;
mod donor;
mod elsewhere;
mod embedder;
mod embeddings;
mod encoding;
mod governor;
mod logprobs;
mod mailbox;
#[cfg(unix)]
mod opening;
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
mod tokenizer;
mod work;

use std::sync::Arc;

pub use answer::{Answer, AnswerFormat, Format};
pub use bench::{Bench, Gauge, Measured};
pub use context::{
    CancelFlag, DecodeError, InferenceContext, LoadProgress, Loaded, LoadedEncoder, LoadedModel, ModelLoader, OnLoad,
    Prompt, Prompter, Row, Sampler, Sequence, Token,
};
pub use devices::{Choice, Devices};
pub(crate) use elsewhere::read_at;
pub(crate) use embedder::text_size_for;
pub use embedder::{EMBEDDER_ROWS, EMBEDDER_TEXTS, Embedder, EmbeddingModel, Reading, Texts};
#[cfg(unix)]
pub use opening::{Opened, OpeningLoader, PathOpener};
pub use thread::Engine;
pub use tokenizer::Tokenizer;
#[cfg(any(test, feature = "llama"))]
pub(crate) use tokenizer::check_tokens;

use crate::error::{Error, Result};
use crate::kv::{Fingerprint, KvSnapshot};
use crate::protocol::{FinishReason, GenerateOptions, Heat, ModelInfo, Overflow, Timings, TokenLogprob, Usage};

/// One generation, rendered and tokenized.
pub struct Job {
    /// The generation's id, as its caller gave it; comes back in every report about this job.
    pub generation: String,
    /// Id of the conversation; a job finds what an earlier one of the same scope left in the KV memory.
    pub scope: String,
    /// The whole conversation; the engine itself finds out how much of it is cached.
    pub prompt: Prompt,
    /// Validated by the caller: the engine does not check ranges again.
    pub options: GenerateOptions,
    /// How an answer ends that fills the context: `Shift` as an answer cut at its length, `Error` as `ContextFull`. A
    /// prompt that is longer than the context is `ContextFull` either way: the caller shortens conversations.
    pub overflow: Overflow,
    /// Ends this job, queued or running; send `EngineCommand::Wake` after setting it.
    pub cancel: CancelFlag,
    /// Gets the answer, piece by piece, before the job is reported as finished.
    pub sink: Arc<dyn AnswerSink>,
    /// When the request arrived; timings count from here.
    pub requested_at: std::time::Instant,
}

/// The beginning of a prompt that may come: computed ahead, where nobody who waits for an answer would notice.
pub struct Guess {
    /// Id of the conversation that the prompt would be a turn of.
    pub scope: String,
    /// Its conversation, as far as it is known.
    pub tokens: Vec<Token>,
    /// Ends it; send `EngineCommand::Wake` after setting it.
    pub cancel: CancelFlag,
    /// `Cancelled` when a turn, or whoever moves the scope, came first; `ContextFull` when it is longer than the context.
    pub reply: EngineReply<Prefilled>,
}

/// What a guess came to. Its tokens are in the scope's slot, for the next turn to find.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prefilled {
    /// Tokens of the guess that were in the KV memory already.
    pub cached_tokens: u32,
    /// Tokens of it that were computed.
    pub prefilled_tokens: u32,
    /// Time in which it was computed, all of its chunks together.
    pub took: std::time::Duration,
}

/// Where an answer goes. Called on the engine thread: must return at once and never block.
pub trait AnswerSink: Send + Sync {
    /// Takes the next piece of the answer: whole characters, never empty, in order.
    fn text(&self, text: &str);

    /// Takes the next piece of what is thought before it, as `text` does.
    fn reasoning(&self, text: &str);

    /// Takes the next piece of a call's arguments. Calls are numbered from 0; the piece of a new number begins a call.
    fn tool_call(&self, index: usize, id: &str, name: &str, arguments: &str);

    /// Takes how likely the answer's next token was, before what it adds to the answer. Only where the job's options ask for it.
    fn logprob(&self, token: TokenLogprob);
}

/// What an engine's mailbox takes.
pub enum EngineCommand {
    /// Run a turn. Answered by exactly one `EngineReport::Finished`.
    Generate(Box<Job>),
    /// Compute the beginning of a prompt ahead of its turn, in steps in which no turn is prefilled. It has a slot only for as
    /// long as no turn wants that.
    Prefill(Box<Guess>),
    /// Compute vectors for texts, a piece in each step, in turn with prompts.
    Embed(Box<Texts>),
    /// Measure how fast the model is, as soon as nothing else is to be computed; turns that come meanwhile wait.
    Bench(Box<Bench>),
    /// Free the memory for embeddings. Never handed back by a full mailbox. What waits for it has it made anew.
    FreeEmbedder,
    /// Look at the cancel flags now: wakes the thread if it sleeps.
    Wake,
    /// Forget what is cached for a scope.
    DropScope(String),
    /// Take a scope out of its slot; `EngineReport::Parked` comes before the reply. A scope without a slot is no error, one
    /// whose turn runs is `Busy`.
    Park {
        /// Id of the scope.
        scope: String,
        /// Called when the slot is free.
        reply: EngineReply<()>,
    },
    /// Copy what a scope has in its slot, whether a turn of it runs or not, at the next step boundary.
    Copy {
        /// Id of the scope.
        scope: String,
        /// None if it has no slot, or nothing worth keeping in it; an error if the memory cannot be saved.
        reply: EngineReply<Option<Arc<KvSnapshot>>>,
    },
    /// A scope's KV that came from elsewhere: the next turn of its scope, or `Restore`, finds it for as long as somebody
    /// else keeps it. Ignored while the scope has a slot, where it has something newer.
    Keep(Arc<KvSnapshot>),
    /// Put a kept scope into a slot now: a free one, or that of the least recently used idle scope, which is parked.
    /// `EngineReport::Restored` comes before the reply. A scope that has a slot is no error.
    Restore {
        /// Id of the scope.
        scope: String,
        /// `NotCached` if nobody keeps it or it did not verify, `Busy` if every slot is busy.
        reply: EngineReply<()>,
    },
    /// Decode, prefill and admit nothing until `Resume`. Everything else goes on: cancel, drop, copy, park, restore, stop.
    /// Timings count on. Never handed back by a full mailbox, and neither are `Resume` and `SetHeat`.
    Suspend {
        /// Called when nothing computes any more.
        reply: EngineReply<()>,
    },
    /// Go on where `Suspend` stopped; no token is lost or repeated. However often it was suspended, once is enough.
    Resume,
    /// How hot the device is: a ceiling for the governor. May come before the model is loaded.
    SetHeat(Heat),
}

impl EngineCommand {
    /// Whether carrying it out copies the KV of a whole scope.
    pub(crate) fn moves_a_scope(&self) -> bool {
        match self {
            Self::Park { .. } | Self::Copy { .. } | Self::Restore { .. } => true,
            Self::Generate(_)
            | Self::Prefill(_)
            | Self::Embed(_)
            | Self::Bench(_)
            | Self::FreeEmbedder
            | Self::Wake
            | Self::DropScope(_)
            | Self::Keep(_)
            | Self::Suspend { .. }
            | Self::Resume
            | Self::SetHeat(_) => false,
        }
    }

    /// Answers a command that nobody will carry out, if it wants an answer. A job is not answered by this.
    pub fn refuse(self, error: &Error) {
        match self {
            Self::Park { reply, .. } | Self::Restore { reply, .. } | Self::Suspend { reply } => {
                reply(Err(error.clone()))
            }
            Self::Copy { reply, .. } => reply(Err(error.clone())),
            Self::Prefill(guess) => (guess.reply)(Err(error.clone())),
            Self::Embed(texts) => (texts.reply)(Err(error.clone())),
            Self::Bench(bench) => (bench.reply)(Err(error.clone())),
            Self::Generate(_)
            | Self::FreeEmbedder
            | Self::Wake
            | Self::DropScope(_)
            | Self::Keep(_)
            | Self::Resume
            | Self::SetHeat(_) => {}
        }
    }
}

/// How an engine answers a command: after the reports that belong to it. Called exactly once, on the engine's thread, also
/// when the engine ends before the command was carried out; must return at once.
pub type EngineReply<T> = Box<dyn FnOnce(Result<T>) + Send>;

/// What a finished job leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Id of the job's generation.
    pub generation: String,
    /// How the job ended; the caller decides by it whether the turn stays in the transcript.
    pub reason: FinishReason,
    /// Present if, and only if, `reason` is `Failed`.
    pub error: Option<Error>,
    /// What went into the sink, all of it.
    pub answer: Answer,
    /// Tokens counted so far; all zero for a job that was never admitted.
    pub usage: Usage,
    /// Milliseconds per phase; a phase that was never entered is 0.
    pub timings: Timings,
}

/// What an engine tells its supervisor, in the order in which it happened.
pub enum EngineReport {
    /// While loading.
    Progress(LoadProgress),
    /// At most once.
    Loaded {
        /// What was loaded, with every "auto" replaced by what was chosen.
        info: ModelInfo,
        /// What states of this model are stamped with on disk. None: it has no conversations, and so no states.
        fingerprint: Option<Fingerprint>,
        /// Renders prompts; every copy must be dropped before the engine is stopped.
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
    /// Exactly once for every job that the mailbox accepted.
    Finished(Finished),
    /// What a scope has cached now; `None` when it lost its slot.
    Cached {
        /// Id of the scope.
        scope: String,
        /// Tokens of the scope in the KV memory.
        tokens: Option<u32>,
    },
    /// A scope's KV was taken out of its slot. The engine finds it again for as long as somebody keeps it.
    Parked {
        /// What was taken out.
        parked: Arc<KvSnapshot>,
        /// Why, for a person.
        reason: &'static str,
    },
    /// A parked scope is back in a slot; or it could not be verified and is prefilled anew, for this reason.
    Restored {
        /// Id of the scope.
        scope: String,
        /// Why it could not be used.
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
    /// Exactly once, and last. `Err` when loading failed or the thread panicked (`EngineCrashed`).
    Exited(Result<()>),
}
