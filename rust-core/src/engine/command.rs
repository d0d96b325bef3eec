//! The commands of an engine, and the jobs that they carry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::backend::{Prompt, Token};
use super::cancel_flag::CancelFlag;
use crate::error::{Error, Result};
use crate::kv::KvSnapshot;
use crate::protocol::{GenerateOptions, Heat, Overflow, Pooling, TokenLogprob};

/// How an engine answers a command: after the reports that belong to it. Called exactly once, on the engine's thread,
/// even if the engine ends before it carries the command out. Must return at once.
pub type EngineReply<T> = Box<dyn FnOnce(Result<T>) + Send>;

/// The commands that an engine's mailbox takes.
pub enum EngineCommand {
    /// Run a turn. Answered by exactly one `EngineReport::Finished`.
    Generate(Box<GenerationJob>),
    /// Compute the beginning of a prompt ahead of its turn, in steps in which no turn is prefilled. The job holds a
    /// slot only for as long as no turn wants that slot.
    Prefill(Box<PrefillJob>),
    /// Embed texts, a piece in each step, taking turns with prompts.
    Embed(Box<EmbedJob>),
    /// Measure how fast the model is, as soon as there is nothing else to compute. Turns that arrive meanwhile wait.
    Bench(Box<BenchJob>),
    /// Free the embedding context. A full mailbox takes this too. Texts that are waiting get a new context.
    FreeEmbeddingContext,
    /// Look at the cancel flags now: wakes the thread if it sleeps.
    Wake,
    /// Forget what is cached for a scope.
    DropScope(String),
    /// Take a scope out of its slot. `EngineReport::Parked` comes before the reply. A scope without a slot is no error;
    /// one whose turn is running is `Busy`.
    Park {
        /// Id of the scope.
        scope: String,
        /// Called when the slot is free.
        reply: EngineReply<()>,
    },
    /// Copy what a scope has in its slot at the next step boundary, whether or not a turn of it is running.
    Copy {
        /// Id of the scope.
        scope: String,
        /// None if the scope has no slot, or nothing worth keeping in it; an error if the memory cannot be saved.
        reply: EngineReply<Option<Arc<KvSnapshot>>>,
    },
    /// Remember a scope's KV from outside of the engine: the scope's next turn, or `Restore`, finds it for as long as
    /// the caller keeps it alive. Ignored while the scope has a slot, which holds something newer.
    Keep(Arc<KvSnapshot>),
    /// Put a kept scope into a slot now: a free one, or that of the least recently used idle scope, which is parked.
    /// `EngineReport::Restored` comes before the reply. A scope that has a slot is no error.
    Restore {
        /// Id of the scope.
        scope: String,
        /// `NotCached` if no copy is kept or the copy did not verify, `Busy` if every slot is busy.
        reply: EngineReply<()>,
    },
    /// Decode, prefill and admit nothing until `Resume`. Everything else goes on: cancel, drop, copy, park, restore,
    /// stop. Timings keep counting. A full mailbox takes this command too, and `Resume` and `SetHeat`.
    Suspend {
        /// Called when nothing is computed any more.
        reply: EngineReply<()>,
    },
    /// Go on where `Suspend` stopped; no token is lost or repeated. One `Resume` ends any number of suspensions.
    Resume,
    /// How hot the device is: a ceiling for the governor. May arrive before the model is loaded.
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
            | Self::FreeEmbeddingContext
            | Self::Wake
            | Self::DropScope(_)
            | Self::Keep(_)
            | Self::Suspend { .. }
            | Self::Resume
            | Self::SetHeat(_) => false,
        }
    }

    /// Answers a command that will not be carried out with `error`, if it expects a reply. A generation job is not
    /// answered here: its answer is a report.
    pub fn refuse(self, error: &Error) {
        match self {
            Self::Park { reply, .. } | Self::Restore { reply, .. } | Self::Suspend { reply } => {
                reply(Err(error.clone()))
            }
            Self::Copy { reply, .. } => reply(Err(error.clone())),
            Self::Prefill(job) => (job.reply)(Err(error.clone())),
            Self::Embed(job) => (job.reply)(Err(error.clone())),
            Self::Bench(job) => (job.reply)(Err(error.clone())),
            Self::Generate(_)
            | Self::FreeEmbeddingContext
            | Self::Wake
            | Self::DropScope(_)
            | Self::Keep(_)
            | Self::Resume
            | Self::SetHeat(_) => {}
        }
    }
}

/// One generation, rendered and tokenized.
pub struct GenerationJob {
    /// The generation's id, as its caller gave it. Every report about this job carries it.
    pub generation: String,
    /// Id of the conversation. A job finds what an earlier job of its scope left in the KV memory.
    pub scope: String,
    /// The whole conversation. The engine finds out how much of it is cached.
    pub prompt: Prompt,
    /// Validated by the caller: the engine does not check ranges again.
    pub options: GenerateOptions,
    /// How an answer ends that fills the context: under `Shift` at its length, under `Error` as `ContextFull`. A prompt
    /// that is longer than the context is `ContextFull` either way: the caller shortens conversations.
    pub overflow: Overflow,
    /// Ends this job, queued or running; send `EngineCommand::Wake` after setting it.
    pub cancel: CancelFlag,
    /// Gets the answer, piece by piece, before the job is reported as finished.
    pub sink: Arc<dyn AnswerSink>,
    /// When the request arrived. Timings count from here.
    pub requested_at: Instant,
}

/// Where an answer goes. Called on the engine's thread: must return at once and never block.
pub trait AnswerSink: Send + Sync {
    /// Takes the next piece of the answer: whole characters, never empty, in order.
    fn text(&self, text: &str);

    /// Takes the next piece of the reasoning before the answer, as `text` does.
    fn reasoning(&self, text: &str);

    /// Takes the next piece of a call's arguments. Calls are numbered from 0; a piece with a new number begins a call.
    fn tool_call(&self, index: usize, id: &str, name: &str, arguments: &str);

    /// Takes how likely the answer's next token was, before that token's text. Called only if the job's options ask for
    /// it.
    fn logprob(&self, token: TokenLogprob);
}

/// The beginning of a prompt that may follow, to be computed while no answer has to wait for it.
pub struct PrefillJob {
    /// Id of the conversation that the prompt would be a turn of.
    pub scope: String,
    /// The conversation, as far as it is known.
    pub tokens: Vec<Token>,
    /// Ends the job; send `EngineCommand::Wake` after setting it.
    pub cancel: CancelFlag,
    /// `Cancelled` when a turn or a move of the scope came first; `ContextFull` when the tokens exceed the context.
    pub reply: EngineReply<Prefilled>,
}

/// The outcome of a prefill job. Its tokens are in the scope's slot, where the next turn finds them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prefilled {
    /// Tokens of the job that were in the KV memory already.
    pub cached_tokens: u32,
    /// Tokens of the job that were computed.
    pub prefilled_tokens: u32,
    /// Time that computing them took, over all chunks.
    pub took: Duration,
}

/// Texts to embed.
pub struct EmbedJob {
    /// At least one text, each with at least one token and at most `text_size` of them.
    pub texts: Vec<Vec<Token>>,
    /// Tokens that the embedding context must have room for. A smaller one is replaced.
    pub text_size: u32,
    /// None: as the model says.
    pub pooling: Option<Pooling>,
    /// Whether vectors are scaled to the length 1.
    pub normalize: bool,
    /// Ends the job; send `EngineCommand::Wake` after setting it.
    pub cancel: CancelFlag,
    /// One vector for each text. `Cancelled` after `cancel`.
    pub reply: EngineReply<Vec<Vec<f32>>>,
}

/// A request to measure how fast the model is.
pub struct BenchJob {
    /// Tokens of each prompt that is read. 0: none is read.
    pub prompt_tokens: u32,
    /// Tokens that each repetition generates, one per call. 0: none is generated.
    pub generated_tokens: u32,
    /// Measured runs of each kind, at least 1.
    pub repetitions: u32,
    /// Ends the job; send `EngineCommand::Wake` after setting it.
    pub cancel: CancelFlag,
    /// Called after each measured run with the runs done and the runs in all. Called on the engine's thread; must
    /// return at once.
    pub progress: Box<dyn Fn(u32, u32) + Send>,
    /// `Cancelled` after `cancel`, `OutOfMemory` if the bench context does not fit.
    pub reply: EngineReply<MeasuredSpeeds>,
}

impl BenchJob {
    /// Tokens that the bench context must have room for.
    pub(crate) fn context_size(&self) -> u32 {
        self.prompt_tokens.max(self.generated_tokens)
    }
}

/// Tokens per second of each measured run, and how they were computed.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredSpeeds {
    /// Of prompts.
    pub prompt: Vec<f64>,
    /// Of generated tokens.
    pub generation: Vec<f64>,
    /// Compute threads of all runs.
    pub threads: u32,
    /// The most tokens of a prompt that were computed in one call.
    pub batch_size: u32,
}
