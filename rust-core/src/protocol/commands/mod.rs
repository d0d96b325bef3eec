//! The commands of JavaScript. A command is answered by `done`, `failed` or an event of its own that carries its
//! `requestId`; it never throws.

mod bench;
mod embed;
mod generation;
mod host;
mod store;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::bench::{BenchCommand, BenchReport, BenchSpeed};
pub use self::embed::{EmbedCommand, EmbeddingUsage, Pooling};
pub use self::generation::{GenerateCommand, PrefillCommand};
pub use self::host::{Heat, Mount, SuspendAfter, TrimLevel};
pub use self::store::HubToken;
use super::config::{ModelConfig, Persist};
use super::memory::Resident;
use super::message::{Message, check_messages};
use crate::error::{Error, ErrorCode, Result};

/// A command, by `type`. A field that the command does not know is refused as `invalidCommand`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Takes a lease: loads the model, joins its load, or reuses it. `done` when the model is ready.
    Acquire {
        /// Made by the caller, 1 to 256 bytes. If the id is held already, the earlier lease is given back.
        lease_id: String,
        /// Names the holder in the log, for example a component's name.
        debug_label: String,
        /// The model and its load options.
        model: ModelConfig,
    },
    /// Gives a lease back. The last one starts the keep-alive. A running load goes on, unless `keepAliveMs` is 0: then
    /// it is cancelled.
    Release {
        /// The id given to `acquire`. An id that is not held is no error.
        lease_id: String,
    },
    /// Frees the weights even if leases exist: cancels, drains, frees. `done` when the memory is free.
    Unload {
        /// The path given to `acquire`; any other spelling is `modelNotKnown`.
        path: String,
    },
    /// Queues one turn of a conversation. `done` when it is queued; the answer comes as events.
    Generate(Box<GenerateCommand>),
    /// Computes the beginning of a turn that may come, for example while the user still speaks. Answered by `prefilled`
    /// when the tokens are in the scope's slot.
    Prefill(PrefillCommand),
    /// Splits a text into tokens of the model's vocabulary; answered by `tokens`. The command loads the model and fails
    /// as `generate` does, and holds the model until the answer.
    Tokenize {
        /// The model with the vocabulary.
        model: ModelConfig,
        /// The text. No token is added in front or behind.
        text: String,
        /// Whether names of control tokens in the text, such as `<|im_start|>`, become those tokens. Otherwise they are
        /// text.
        /// @default false
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        special: bool,
    },
    /// Joins tokens to a text; answered by `text`. Control tokens appear by their names. If the vocabulary puts a space
    /// in front of every text, the space is included. The command loads the model and fails as `generate` does.
    Detokenize {
        /// The model with the vocabulary.
        model: ModelConfig,
        /// The tokens. `invalidOptions` names the first one that is not in the vocabulary.
        tokens: Vec<i32>,
    },
    /// Applies the model's chat template to a conversation; answered by `renderedPrompt`. No message is dropped,
    /// however long the prompt is. The command loads the model and fails as `generate` does.
    ApplyChatTemplate {
        /// The model with the template.
        model: ModelConfig,
        /// At least one message; the last one is not the assistant's.
        messages: Vec<Message>,
    },
    /// Computes one vector for each text.
    Embed(EmbedCommand),
    /// Ends an `embed`, which fails as `cancelled`. The call under way is still completed.
    CancelEmbed {
        /// The id given by this client. An id that is not running is no error.
        embedding_id: String,
    },
    /// Measures the speed of a model on this device.
    Bench(BenchCommand),
    /// Ends a `bench`, which fails as `cancelled`. The call under way is still completed.
    CancelBench {
        /// The id given by this client. An id that is not running is no error.
        bench_id: String,
    },
    /// Ends one generation, queued or running. `done` when it has finished.
    Cancel {
        /// `generationNotFound` if the id is not known; a finished generation is no error.
        generation_id: String,
    },
    /// Deletes a scope: its transcript, its cached tokens and its files. A running generation is cancelled first.
    DeleteScope {
        /// `scopeNotFound` if the id is not known.
        scope: String,
    },
    /// Moves a scope from its slot to RAM. `done` when the slot is free; a scope without a slot is no error.
    Park {
        /// `scopeNotFound` if the id is not known, `busy` while a turn of the scope runs or waits.
        scope: String,
    },
    /// Moves a parked or saved scope into a slot, ahead of its next turn. `done` when it is there.
    Restore {
        /// `notCached` if the scope has no KV to restore, `busy` while a turn of it runs or waits.
        scope: String,
    },
    /// Writes a scope's transcript and KV to disk now, also beside a running turn. `done` when both are safe.
    Save {
        /// `storageUnavailable` if no directory is known or the scope's `persist` is `none`, `storageFailed` if a file
        /// could not be written.
        scope: String,
    },
    /// Makes a new scope as a copy of another one. Nothing is prefilled.
    Fork {
        /// The scope to copy; `busy` while a turn of it runs or waits.
        scope: String,
        /// Id of the copy; `invalidOptions` if it is taken.
        fork: String,
        /// Number of messages to copy. Left out: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        message_count: Option<u32>,
    },
    /// Cuts a transcript: removes the messages from an index on. The next turn prefills only new tokens.
    RewindTo {
        /// `busy` while a turn of the scope runs or waits.
        scope: String,
        /// Index of the first message to remove; `invalidOptions` beyond the end.
        message_index: u32,
    },
    /// Sets which parts of a scope are written to disk. Files that are no longer allowed are removed; `done` when they
    /// are.
    SetPersist {
        /// `scopeNotFound` if the id is not known.
        scope: String,
        /// The new setting.
        persist: Persist,
    },
    /// Deletes every scope, in memory and on disk, including the damaged files that were set aside. Running generations
    /// are cancelled first. `done` when nothing is left.
    DeleteAllScopes,
    /// Stops computing for the background. Running generations stop at their next step, then scopes are saved until the
    /// deadline, most recently used first. `done` when nothing computes any more and the saving has ended or its time
    /// is up. Nothing is lost: `resume` goes on.
    Suspend {
        /// Milliseconds that saving may take; 0 saves nothing.
        deadline_ms: u32,
        /// The work to wait for first. Left out: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        after: Option<SuspendAfter>,
    },
    /// Goes on after `suspend`, with the same generations and the loads that were refused meanwhile.
    Resume,
    /// Reports how hot the device is. The hotter it is, the fewer compute threads are used; the governor decides within
    /// that limit.
    SetHeat {
        /// The new state, for every model. At first: `nominal`.
        heat: Heat,
    },
    /// Frees memory in steps, least painful first. Each step is a `trimmed` record with its bytes. `done` at the end.
    Trim {
        /// How far to go.
        level: TrimLevel,
    },
    /// Checks whether a model would fit into the memory that is free now; answered by `memoryFit`. A load may do
    /// better, because it unloads idle models and asks residents to go. Fails as `acquire` would if the file is missing
    /// or is not a model.
    CanLoad {
        /// The model as for `acquire`.
        model: ModelConfig,
    },
    /// Sets the budgets of the whole manager. A field that is left out keeps its value.
    Configure {
        /// Bytes for models, parked scopes and residents together. A load beyond the budget first makes room, then is
        /// refused as `outOfMemory`, unless it has `force`. Loaded models stay. At first: the memory that the system
        /// has free.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        memory_budget_bytes: Option<u64>,
        /// Bytes of saved KV on disk; beyond them the least recently used file is removed. At first: 2 GiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        saved_budget_bytes: Option<u64>,
        /// Bytes of downloaded models. Before a new one is downloaded, the least recently used models that are not in
        /// use are removed. At first: as much as fits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        models_budget_bytes: Option<u64>,
    },
    /// Sets the source of models with hub names (`hf:org/repo:Q4_K_M`). `storageUnavailable` without a directory.
    SetHub {
        /// Address of a hub with the interface of `https://huggingface.co`. Left out: unchanged; at first that one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        endpoint: Option<String>,
        /// Access token, sent to the hub and to no other server. Left out: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "string")]
        token: Option<HubToken>,
    },
    /// Lists the models of a hub repository and which of them fit; answered by `hubRepository`. The command reads one
    /// header of each model, three at most: some megabytes if the vocabulary is large.
    BrowseHub {
        /// `hf:org/repo`, optionally with `@revision`; a quantization or a file in it is ignored.
        repository: String,
    },
    /// Downloads a model without loading it. `done` when it is complete; until then it is among the snapshot's
    /// downloads, also after this client has closed. A second command joins a running download and resumes a paused
    /// one. An `acquire` of the model shares the transfer. Fails as `acquire` would, and with `cancelled` after
    /// `cancelDownload`.
    Download {
        /// A URL or a hub name.
        name: String,
        /// SHA-256 of the file behind a URL, in 64 hexadecimal digits. A hub provides it by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        sha256: Option<String>,
    },
    /// Pauses a download until `download` resumes it, also for callers that have acquired its model. A download that is
    /// not running is no error.
    PauseDownload {
        /// The name of the model, as it was requested.
        name: String,
    },
    /// Ends a download, or forgets its failure. `done` when it has stopped; it does not stop if a caller has acquired
    /// its model. The received bytes are kept until `removeStoredModel`. A download that is not running is no error.
    CancelDownload {
        /// The name of the model, as it was requested.
        name: String,
    },
    /// Imports a file of this device as a stored model: it is linked where the file system can, else copied, and read
    /// once. `done` when the model is stored; until then it is among the snapshot's downloads and can be paused and
    /// cancelled like one. Afterwards `name` can be acquired, also if the original file is deleted.
    ImportModel {
        /// A path or a file picker's URI (`file:`; `content:` where the host can open it). `invalidOptions` for any
        /// other text.
        path: String,
        /// The new name, which replaces an earlier meaning: a file picker's URI, `asset:`, a URL or a hub name.
        /// `invalidOptions` for a path, which always means the file there; `busy` while a transfer of this name runs.
        name: String,
    },
    /// Verifies every file of a stored model against its digest. `done` if all match. `digestMismatch` if one is
    /// damaged, which is then removed; `modelNotCached` if one has been deleted. `download` or `importModel` fetches it
    /// again.
    VerifyStoredModel {
        /// The name of the model, as it was requested.
        name: String,
    },
    /// Lists the stored models; answered by `storedModels`. `storageUnavailable` without a directory.
    ListStoredModels,
    /// Removes a model from this device, also an incomplete one. `done` when its space is free. A model that is not
    /// stored is no error; a model that is loaded or in transfer is `modelInUse`.
    RemoveStoredModel {
        /// The name of the model, as it was requested.
        name: String,
    },
    /// Registers a large memory user beside the models, or updates it. It ends with its client. If another client has
    /// registered the id, this client takes it over.
    SetResident {
        /// Its whole state.
        resident: Resident,
    },
    /// Reports that a resident is gone and its memory free. An id that is unknown, or now another client's, is no
    /// error.
    RemoveResident {
        /// The id given to `setResident`.
        id: String,
    },
    /// Reads a scope's messages; answered by `transcript`.
    GetTranscript {
        /// `scopeNotFound` if the id is not known.
        scope: String,
    },
    /// Reads the text of a generation from an offset on; answered by `replay`.
    Replay {
        /// A generation that is queued, running or recently finished; else `generationNotFound`.
        generation_id: String,
        /// Start in UTF-16 code units; at or beyond the text's end the answer is empty.
        offset: u32,
    },
    /// Writes a component's mount or unmount into the log.
    RecordMount {
        /// The component's name.
        debug_label: String,
        /// Path of the model that it uses.
        path: String,
        /// Mount or unmount.
        mount: Mount,
    },
    /// Reads the log: the last records, oldest first. Answered by `log`.
    ReadLog,
}

impl Command {
    /// Checks ids and all other fields that are not numbers; the error names the field.
    pub(super) fn validate(&self) -> Result<()> {
        match self {
            Self::Acquire { lease_id, debug_label: _, model } => {
                check_id("leaseId", lease_id)?;
                model.validate_others()
            }
            Self::Release { lease_id } => check_id("leaseId", lease_id),
            Self::Generate(generate) => generate.validate(),
            Self::Prefill(prefill) => prefill.validate(),
            Self::Embed(embed) => embed.validate(),
            Self::CancelEmbed { embedding_id } => check_id("embeddingId", embedding_id),
            Self::Bench(bench) => bench.validate(),
            Self::CancelBench { bench_id } => check_id("benchId", bench_id),
            Self::Cancel { generation_id } | Self::Replay { generation_id, .. } => {
                check_id("generationId", generation_id)
            }
            Self::DeleteScope { scope }
            | Self::GetTranscript { scope }
            | Self::Park { scope }
            | Self::Restore { scope }
            | Self::Save { scope }
            | Self::RewindTo { scope, message_index: _ }
            | Self::SetPersist { scope, persist: _ } => check_id("scope", scope),
            Self::Fork { scope, fork, message_count: _ } => {
                check_id("scope", scope)?;
                check_id("fork", fork)
            }
            Self::CanLoad { model } | Self::Tokenize { model, .. } | Self::Detokenize { model, .. } => {
                model.validate_others()
            }
            Self::ApplyChatTemplate { model, messages } => {
                model.validate_others()?;
                check_messages(None, Some(messages))
            }
            Self::SetResident { resident } => check_id("resident.id", &resident.id),
            Self::RemoveResident { id } => check_id("id", id),
            Self::Unload { .. }
            | Self::RecordMount { .. }
            | Self::ReadLog
            | Self::DeleteAllScopes
            | Self::Configure { .. }
            | Self::SetHub { .. }
            | Self::BrowseHub { .. }
            | Self::Download { .. }
            | Self::PauseDownload { .. }
            | Self::CancelDownload { .. }
            | Self::ImportModel { .. }
            | Self::VerifyStoredModel { .. }
            | Self::ListStoredModels
            | Self::RemoveStoredModel { .. }
            | Self::Suspend { .. }
            | Self::Resume
            | Self::SetHeat { .. }
            | Self::Trim { .. } => Ok(()),
        }
    }
}

fn check_id(field: &str, id: &str) -> Result<()> {
    if id.is_empty() || id.len() > 256 {
        return Err(Error::new(ErrorCode::InvalidOptions, format!("{field} is out of range - use 1 to 256 bytes")));
    }
    Ok(())
}
