//! The seam between scheduling and inference. `llama/` implements it on llama.cpp, `scripted/` on a script, so that
//! every policy is tested without C++. Nothing above this file knows llama.cpp.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::answer::Format;
use super::opening::Opened;
use super::{Devices, EmbeddingModel, Gauge, Tokenizer};
use crate::error::Result;
use crate::kv::Fingerprint;
use crate::protocol::{GenerateOptions, MemoryEstimate, Message, ModelConfig, ModelInfo, RenderedPrompt};
use crate::store::{Pinned, Progress};

/// A token of the model's vocabulary.
pub type Token = i32;

/// The engine's place for a resident scope: llama.cpp's `llama_seq_id`.
pub type Sequence = u32;

/// Set once by anybody, read by the work that it ends.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag {
    own: Arc<AtomicBool>,
    other: Option<Arc<AtomicBool>>,
}

impl CancelFlag {
    /// Sets the flag, for every copy of it. There is no way back.
    pub fn cancel(&self) {
        self.own.store(true, Ordering::Release);
    }

    /// Whether this flag, or the one that it was joined with, has been set.
    pub fn is_cancelled(&self) -> bool {
        self.own.load(Ordering::Acquire) || self.other.as_ref().is_some_and(|other| other.load(Ordering::Acquire))
    }

    /// A flag that is set as soon as this one or `other` is. Cancelling it cancels this one.
    #[must_use]
    pub fn or(&self, other: &CancelFlag) -> Self {
        Self { own: self.own.clone(), other: Some(other.own.clone()) }
    }
}

/// How far a load is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoadProgress {
    /// The model's files come to this device first.
    Downloading(Progress),
    /// The share of the weights that has been read, 0 to 1.
    Reading(f32),
}

/// Is told how far a load is, and returns false to give it up.
pub type OnLoad<'a> = &'a mut dyn FnMut(LoadProgress) -> bool;

/// Opens models. Shared by all engines; `load` runs on the new engine's own thread.
pub trait ModelLoader: Send + Sync + 'static {
    /// Loads weights and makes a context, where the model holds conversations. A load that is given up ends in `LoadCancelled`. A file that cannot be loaded is
    /// a typed error, never an abort.
    fn load(&self, config: &ModelConfig, on_load: OnLoad<'_>) -> Result<Loaded>;

    /// What a load of this config would take, from the file's header alone. Errors as those of `load`.
    fn estimate(&self, config: &ModelConfig) -> Result<MemoryEstimate>;

    /// Bytes of a memory for embeddings of texts of `text_size` tokens, beside what `load` of this config takes. Errors as
    /// those of `load`.
    fn estimate_embedder(&self, config: &ModelConfig, text_size: u32) -> Result<u64>;

    /// Bytes of a memory for measurements with so many tokens, beside what `load` of this config takes. Errors as those of `load`.
    fn estimate_gauge(&self, config: &ModelConfig, tokens: u32) -> Result<u64>;

    /// Bytes that can be had without pushing anything else out, as far as the system says.
    fn available_memory(&self) -> Option<u64>;

    /// What this build can compute on, and with which instructions.
    fn devices(&self) -> Devices;

    /// Opens what is no file of ours, where the host can: as `PathOpener` says it.
    fn open(&self, _path: &str) -> Result<Option<Opened>> {
        Ok(None)
    }
}

/// A model that is ready, by what it can do.
pub enum Loaded {
    /// It holds conversations, and makes embeddings beside them.
    Chat(LoadedModel),
    /// It makes embeddings and nothing else.
    Encoder(LoadedEncoder),
}

impl Loaded {
    /// Keeps the model's files on the disk for as long as it is loaded.
    pub(crate) fn pinning(mut self, pinned: Pinned) -> Self {
        match &mut self {
            Self::Chat(LoadedModel { files, .. }) | Self::Encoder(LoadedEncoder { files, .. }) => *files = Some(pinned),
        }
        self
    }
}

/// A model that holds conversations. The context stays on the engine's thread; the prompter may be used from any thread, and is
/// dropped before the engine reports its exit.
pub struct LoadedModel {
    /// What was chosen for every option left out; the scheduler takes its limits from here.
    pub info: ModelInfo,
    /// Stamps what `InferenceContext::save` gives: equal for models whose states are interchangeable.
    pub fingerprint: Fingerprint,
    /// KV memory for `info.slots` sequences of `info.context_size` tokens each.
    pub context: Box<dyn InferenceContext>,
    /// Template and tokenizer of the same weights.
    pub prompter: Arc<dyn Prompter>,
    /// Keeps the model's files on the disk for as long as it is loaded, where somebody might remove them.
    pub files: Option<Pinned>,
}

/// A model that makes embeddings and nothing else: it has no memory of conversations, and no template for them. The same
/// threads as for `LoadedModel`.
pub struct LoadedEncoder {
    /// What was chosen for every option left out. No slots, and the longest text for a context.
    pub info: ModelInfo,
    /// What the memories for texts are made of.
    pub model: Box<dyn EmbeddingModel>,
    /// The vocabulary of the same weights.
    pub tokenizer: Arc<dyn Tokenizer>,
    /// As of `LoadedModel`.
    pub files: Option<Pinned>,
}

/// The parts of a model that need no context: template and tokenizer.
pub trait Prompter: Tokenizer {
    /// Renders the model's chat template, ready for the assistant's answer, and tokenizes the result. Of the options it
    /// takes tools, form of answer and reasoning; an error says which of them the model or its template cannot have.
    fn render(&self, messages: &[Message], options: &GenerateOptions) -> Result<Prompt>;

    /// The same of a prompt that nothing answers yet: its format, which costs time, may be left out.
    fn render_ahead(&self, messages: &[Message], options: &GenerateOptions) -> Result<Prompt> {
        self.render(messages, options)
    }

    /// Tokenizes a text that no template is applied to, names of control tokens included. Of the options it takes the form
    /// of the answer.
    fn complete(&self, text: &str, options: &GenerateOptions) -> Result<Prompt>;

    /// The same as `render`, without options, for a person's eyes: the text, and what wrote it.
    fn show(&self, messages: &[Message]) -> Result<RenderedPrompt>;
}

/// A conversation as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The whole conversation, from the first token of the first message on.
    pub tokens: Vec<Token>,
    /// Texts that end an answer under this template, beside the caller's own.
    pub stop: Vec<String>,
    /// How the answer is written, where it is not just text.
    pub format: Option<Format>,
}

/// One token to be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The sequence that the token is appended to.
    pub sequence: Sequence,
    /// The token's index in its sequence, from 0: the sequence's length before this row.
    pub position: u32,
    /// The token that takes this position.
    pub token: Token,
    /// Whether the logits after this token will be sampled.
    pub wants_logits: bool,
}

/// Why a decode did not finish.
#[derive(Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The flag was set. What was decoded so far is in memory: ask `length`.
    Aborted,
    /// No room in the KV memory.
    Full,
    /// Anything else, in llama.cpp's words.
    Failed(String),
}

/// The KV memory and compute of one model. Lives and dies on the engine's thread.
pub trait InferenceContext: EmbeddingModel {
    /// Decodes rows sorted by sequence, then position. `abort` stops it early where the backend can; pass it for
    /// prefill only: aborting a batch shared by streams loses their logits.
    fn decode(&mut self, rows: &[Row], abort: Option<&CancelFlag>) -> std::result::Result<(), DecodeError>;

    /// Chooses the next token from the logits of row `row` of the last decode, and tells the sampler of it.
    fn sample(&mut self, row: usize, sampler: &mut dyn Sampler) -> Result<Token>;

    /// The logits after row `row` of the last decode, one for each token of the vocabulary, to compare and to measure.
    /// None if the row has none, or this implementation computes none.
    fn logits(&mut self, row: usize) -> Option<Vec<f32>> {
        let _ = row;
        None
    }

    /// A sampler for one generation, which lets pass only what its prompt's format allows.
    fn sampler(&self, options: &GenerateOptions, format: Option<&Format>) -> Result<Box<dyn Sampler>>;

    /// Tokens that `sequence` holds.
    fn length(&self, sequence: Sequence) -> u32;

    /// Forgets everything from `length` on. False if this memory cannot be cut there: then `clear` and prefill anew.
    fn truncate(&mut self, sequence: Sequence, length: u32) -> bool;

    /// Whether `truncate` succeeds at any length: not where a memory is recurrent, or keeps no more than a window.
    fn can_cut(&self) -> bool;

    /// Forgets all tokens of `sequence`. Always succeeds, also after a failed decode.
    fn clear(&mut self, sequence: Sequence);

    /// Everything that `sequence` holds, in bytes that `restore` understands: this context's, and that of any other with the
    /// same fingerprint, whatever its number of slots.
    fn save(&mut self, sequence: Sequence) -> Result<Vec<u8>>;

    /// Puts what `save` gave into an empty sequence, not necessarily the same. After an error the sequence may hold
    /// anything: `clear` it.
    fn restore(&mut self, sequence: Sequence, state: &[u8]) -> Result<()>;

    /// The bytes of a token as the answer shows them; nothing for a control token.
    fn text(&self, token: Token) -> Vec<u8>;

    /// The bytes of a token in a rendered prompt, control tokens included.
    fn prompt_bytes(&self, token: Token) -> Vec<u8>;

    /// Whether the token steers the model and is no text, such as the start of a turn.
    fn is_control(&self, token: Token) -> bool;

    /// Whether the token ends an answer.
    fn is_end(&self, token: Token) -> bool;

    /// Makes a memory for measurements with so many tokens, on the same weights, with that many threads. `OutOfMemory` where
    /// there is no room for it.
    fn gauge(&mut self, tokens: u32, threads: u32) -> Result<Box<dyn Gauge>>;

    /// Computes with this many threads, at least 1, from the next decode on. Costs nothing.
    fn set_threads(&mut self, threads: u32);
}

/// The sampling state of one generation: options, random state, the window that penalties look back on.
pub trait Sampler: Send {
    /// For the implementation behind `InferenceContext::sample`, which knows its own samplers.
    fn as_any_mut(&mut self) -> &mut dyn std::any::Any;
}
