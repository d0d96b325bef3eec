//! The seam to model files: from a config to a model that is ready, and to what it would take.

use std::sync::Arc;

use super::context::InferenceContext;
use super::encoder::EmbeddingModel;
use super::prompter::Prompter;
use super::tokenizer::Tokenizer;
use crate::engine::devices::Devices;
use crate::engine::file_opener::Opened;
use crate::error::Result;
use crate::kv::Fingerprint;
use crate::protocol::{MemoryEstimate, ModelConfig, ModelInfo};
use crate::store::{Pinned, Progress};

/// Opens models. Shared by all engines; `load` runs on the new engine's own thread. Errors call a model by
/// `ModelConfig::name`, which may differ from the path that it is read at.
pub trait ModelLoader: Send + Sync + 'static {
    /// Loads the weights, and makes a context if the model holds conversations. A load that `on_load` gives up ends in
    /// `LoadCancelled`. A file that cannot be loaded is a typed error, never an abort.
    fn load(&self, config: &ModelConfig, on_load: OnLoad<'_>) -> Result<Loaded>;

    /// The memory that `what` would take, from the file's header alone. Errors as those of `load`.
    fn estimate(&self, config: &ModelConfig, what: Estimate) -> Result<MemoryEstimate>;

    /// Bytes that are free without pushing anything else out. None where the system does not say.
    fn available_memory(&self) -> Option<u64>;

    /// The devices that this build can compute on, and their instructions.
    fn devices(&self) -> Devices;

    /// Opens a path that only the host can open, as `PathOpener::open` does. None: an ordinary path.
    fn open(&self, _path: &str) -> Result<Option<Opened>> {
        Ok(None)
    }
}

/// The purpose of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimate {
    /// A load of the model.
    Load,
    /// An embedding context beside a loaded model: KV and compute, no weights.
    Embeddings {
        /// Tokens of the longest text.
        text_size: u32,
    },
    /// A bench context beside a loaded model: KV and compute, no weights.
    Bench {
        /// Tokens that it has room for.
        tokens: u32,
    },
}

/// Receives how far a load is, and returns false to give it up.
pub type OnLoad<'a> = &'a mut dyn FnMut(LoadProgress) -> bool;

/// How far a load is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoadProgress {
    /// The model's files are on their way to this device.
    Downloading(Progress),
    /// The share of the weights that has been read, 0 to 1.
    Reading(f32),
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

/// A model that holds conversations. The context stays on the engine's thread. The prompter may be used from any
/// thread, and is dropped before the engine reports its exit.
pub struct LoadedModel {
    /// The value of every option, chosen where it was left out. The scheduler takes its limits from here.
    pub info: ModelInfo,
    /// Stamps the states that `InferenceContext::save` makes: equal for models whose states are interchangeable.
    pub fingerprint: Fingerprint,
    /// KV memory for the model's slots, of `info.context_size` tokens each.
    pub context: Box<dyn InferenceContext>,
    /// Template and tokenizer of the same weights.
    pub prompter: Arc<dyn Prompter>,
    /// Keeps the model's files in the store for as long as it is loaded. None for files outside of the store.
    pub files: Option<Pinned>,
}

/// A model that makes embeddings and nothing else: it has no memory of conversations, and no template for them. Uses
/// threads as `LoadedModel` does.
pub struct LoadedEncoder {
    /// The value of every option, chosen where it was left out. No slots; the context size is that of the longest text.
    pub info: ModelInfo,
    /// Makes embedding contexts.
    pub model: Box<dyn EmbeddingModel>,
    /// The vocabulary of the same weights.
    pub tokenizer: Arc<dyn Tokenizer>,
    /// As in `LoadedModel`.
    pub files: Option<Pinned>,
}
