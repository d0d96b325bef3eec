//! What JavaScript may ask for. A command is answered by `done`, `failed` or an event of its own that carries its
//! `requestId`; it never throws.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::bench::BenchCommand;
use super::config::{ModelConfig, Persist};
use super::embedding::EmbedCommand;
use super::memory::Resident;
use super::message::{Message, check_messages};
use super::turns::{GenerateCommand, PrefillCommand};
use crate::error::{Error, ErrorCode, Result};

/// What can be asked, by `type`. A field that a command does not know is refused as `invalidCommand`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Takes a lease: loads the model, or joins its load, or reuses it. `done` when it is ready.
    Acquire {
        /// Made by the caller, 1 to 256 bytes. An id that is held already gives the lease back that it stood for.
        lease_id: String,
        /// Who asks, for the flight recorder; for example a component's name.
        debug_label: String,
        /// Which model, and how it is to be loaded.
        model: ModelConfig,
    },
    /// Gives a lease back. The last one starts the keep-alive. A load goes on for whoever comes back, unless `keepAliveMs`
    /// is 0: then it is cancelled.
    Release {
        /// As given to `acquire`. One that is not held is no error.
        lease_id: String,
    },
    /// Frees the weights whatever leases exist: cancels, drains, frees. `done` when the memory is free.
    Unload {
        /// Path of the model as it was acquired by; any other spelling is `modelNotKnown`.
        path: String,
    },
    /// Queues one turn of a conversation. `done` when it is queued; the answer comes in events of its own.
    Generate(Box<GenerateCommand>),
    /// Computes the beginning of a turn that may come, for example while its message is still being spoken. Answered by
    /// `prefilled`, when what could be computed is in the scope's slot.
    Prefill(PrefillCommand),
    /// Answered by `tokens`: those of a text, by the model's own vocabulary. Loads the model as `generate` does, and fails as that
    /// would; the model is held until the answer.
    Tokenize {
        /// Whose vocabulary.
        model: ModelConfig,
        /// None is added, neither in front nor behind.
        text: String,
        /// Whether the names of control tokens in the text, such as `<|im_start|>`, are those tokens. Left out: they are text.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        special: bool,
    },
    /// Answered by `text`: what tokens stand for, control tokens by their names. A vocabulary that puts a space in front of every
    /// text shows it. Loads the model as `generate` does, and fails as
    /// that would.
    Detokenize {
        /// Whose vocabulary.
        model: ModelConfig,
        /// `invalidOptions` names the first one that is not in the vocabulary.
        tokens: Vec<i32>,
    },
    /// Answered by `renderedPrompt`: what the model would read of a conversation, and the template that writes it. Nothing is left
    /// out, however long it is. Loads the model as `generate` does, and fails as that would.
    ApplyChatTemplate {
        /// Whose template.
        model: ModelConfig,
        /// At least one; the last one is not the assistant's.
        messages: Vec<Message>,
    },
    /// Asks for one vector for each text.
    Embed(EmbedCommand),
    /// Ends an `embed`, which fails as `cancelled`. What is being computed ends with its call.
    CancelEmbed {
        /// As it was asked for by this client. One that is not at work is no error.
        embedding_id: String,
    },
    /// Measures how fast a model is here.
    Bench(BenchCommand),
    /// Ends a `bench`, which fails as `cancelled`. What is being computed ends with its call.
    CancelBench {
        /// As it was asked for by this client. One that is not at work is no error.
        bench_id: String,
    },
    /// Ends one generation, queued or running. `done` when the generation has finished.
    Cancel {
        /// `generationNotFound` when the manager knows none of this id; one that has finished is no error.
        generation_id: String,
    },
    /// Forgets a scope: its transcript and its cached tokens. A running generation is cancelled first.
    DeleteScope {
        /// `scopeNotFound` when there is none of this id.
        scope: String,
    },
    /// Takes a scope out of its slot and keeps it in RAM. `done` when the slot is free; a scope that is in none is no error.
    Park {
        /// `scopeNotFound` when there is none of this id, `busy` while a turn of it runs or waits.
        scope: String,
    },
    /// Puts a scope that is parked or saved into a slot, ahead of its next turn. `done` when it is there.
    Restore {
        /// `notCached` when there is nothing to put back, `busy` while a turn of it runs or waits.
        scope: String,
    },
    /// Writes a scope's transcript and KV to disk now, also beside a running turn. `done` when both are safe.
    Save {
        /// `storageUnavailable` when no directory is known or the scope's `persist` is `none`, `storageFailed` when it could
        /// not be written.
        scope: String,
    },
    /// Makes a new scope that begins as a copy of another one. Nothing is prefilled.
    Fork {
        /// The scope to be copied; `busy` while a turn of it runs or waits.
        scope: String,
        /// Id of the copy; `invalidOptions` when it is taken.
        fork: String,
        /// Messages that the copy begins with. Left out: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        message_count: Option<u32>,
    },
    /// Cuts a transcript: the messages from an index on are gone. The next turn prefills only what is new.
    RewindTo {
        /// `busy` while a turn of it runs or waits.
        scope: String,
        /// Index of the first message that goes; `invalidOptions` beyond the end.
        message_index: u32,
    },
    /// Says what of a scope may be written to disk. What may no longer is removed from there; `done` when it is.
    SetPersist {
        /// `scopeNotFound` when there is none of this id.
        scope: String,
        /// From now on.
        persist: Persist,
    },
    /// Forgets every scope, in memory and on disk, what was set aside as damaged included. Running generations are
    /// cancelled first. `done` when nothing is left.
    DeleteAllScopes,
    /// For the background: running generations stop at their next step, scopes are saved, most recently used first, until
    /// the deadline. `done` when nothing computes any more, and the saving has ended or its time is up. Nothing is lost:
    /// `resume` goes on.
    Suspend {
        /// Milliseconds that saving may take; 0 saves nothing.
        deadline_ms: u32,
        /// What is waited for first. Left out: nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        after: Option<SuspendAfter>,
    },
    /// Goes on after `suspend`: the same generations, and the loads that were refused meanwhile.
    Resume,
    /// Says how hot the device is. The hotter, the fewer compute threads; the governor decides below that.
    SetHeat {
        /// From now on, for every model. At first: `nominal`.
        heat: Heat,
    },
    /// Gives memory back, least painful first: each step is a `trimmed` record with its bytes. `done` at the end.
    Trim {
        /// How far to go.
        level: TrimLevel,
    },
    /// Answered by `memoryFit`: whether a model would fit into the memory that is free now. A load may do better: it unloads
    /// idle models and asks residents to go. Fails as `acquire` would where the file is missing or no model.
    CanLoad {
        /// As `acquire` would have it.
        model: ModelConfig,
    },
    /// Sets the budgets of the whole manager. A field left out stays what it was.
    Configure {
        /// Bytes that models, parked scopes and residents may take together. A load that would exceed it first makes room,
        /// then is refused as `outOfMemory`, unless it has `force`. What is loaded stays. At first: what the system has
        /// free.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        memory_budget_bytes: Option<u64>,
        /// Bytes of saved KV on disk; beyond them the least recently used is removed. At first: 2 GiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        saved_budget_bytes: Option<u64>,
        /// Bytes of models that came from servers; before a new one comes, the least recently used that nobody uses are
        /// removed. At first: as much as fits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        models_budget_bytes: Option<u64>,
    },
    /// Says where models with hub names (`hf:org/repo:Q4_K_M`) come from. `storageUnavailable` without a directory.
    SetHub {
        /// Address of a hub that speaks as `https://huggingface.co` does. Left out: as before; at first that one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        endpoint: Option<String>,
        /// Sent to the hub, and to nobody else. Left out: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "string")]
        token: Option<HubToken>,
    },
    /// Answered by `hubRepository`: what a repository of the hub has, and what of it fits. Of each model in it, three at most, one
    /// header is read: some megabytes where the vocabulary is large.
    BrowseHub {
        /// `hf:org/repo`, with `@revision` after it where that matters; a quantization or a file in it is left out of account.
        repository: String,
    },
    /// Brings a model to this device without loading it. `done` when it is there; until then it is among the snapshot's downloads,
    /// whatever becomes of this client. Asked for again, it joins what runs, and resumes what is paused. Who acquires the model
    /// meanwhile shares the transfer. Fails as `acquire` would, with `cancelled` after `cancelDownload`.
    Download {
        /// A URL, or a name of the hub.
        name: String,
        /// What the file of a URL must be, in 64 hexadecimal digits. The hub says it by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        sha256: Option<String>,
    },
    /// Has a download wait until `download` resumes it, also for those who acquired its model. One that does not run is no
    /// error.
    PauseDownload {
        /// As it was asked for.
        name: String,
    },
    /// Ends a download, or forgets that it failed. `done` when it has stopped, which it does not where somebody has acquired its
    /// model. What has come is kept until `removeStoredModel`. One that does not run is no error.
    CancelDownload {
        /// As it was asked for.
        name: String,
    },
    /// Keeps a file of this device as a model: linked where the file system can, copied where it cannot, and read once. `done` when
    /// it is there; until then it is among the snapshot's downloads, and is paused and cancelled as one. Afterwards `name` can be
    /// acquired whatever becomes of the file.
    ImportModel {
        /// A path, or what a file picker gave (`file:`; `content:` where the host can open it). `invalidOptions` for anything else.
        path: String,
        /// What it is called from now on, in place of what the name meant before: what a file picker gave, `asset:`, a URL or a name of
        /// the hub. `invalidOptions` for a path, which means the file there; `busy` while something of this name comes in.
        name: String,
    },
    /// Reads every file of a stored model again. `done` when each is what it was when it came. `digestMismatch` when one is damaged,
    /// which is then removed, `modelNotCached` when one has been deleted: `download` or `importModel` brings it again.
    VerifyStoredModel {
        /// As it was asked for.
        name: String,
    },
    /// Answered by `storedModels`: the models that came from servers. `storageUnavailable` without a directory.
    ListStoredModels,
    /// Removes a model from this device, also one that has not come as a whole. `done` when its room is free; one that is not
    /// there is no error, and one that is loaded or on its way is `modelInUse`.
    RemoveStoredModel {
        /// As it was asked for.
        name: String,
    },
    /// Registers something big beside the models, or says what it is now. It ends with its client; an id that another
    /// client has registered is this one's from now on.
    SetResident {
        /// Its whole state.
        resident: Resident,
    },
    /// The resident is gone, and its memory free. One that is not known, or another client's by now, is no error.
    RemoveResident {
        /// As given to `setResident`.
        id: String,
    },
    /// Answered by `transcript`.
    GetTranscript {
        /// `scopeNotFound` when there is none of this id.
        scope: String,
    },
    /// Answered by `replay`: the text of a generation from an offset in UTF-16 code units on.
    Replay {
        /// Queued, running or recently finished; else `generationNotFound`.
        generation_id: String,
        /// Where to begin, in UTF-16 code units; at or beyond the text's end the answer is empty.
        offset: u32,
    },
    /// Writes a component's mount or unmount into the flight recorder.
    RecordMount {
        /// The component's name.
        debug_label: String,
        /// Path of the model that it uses.
        path: String,
        /// Which of the two happened.
        mount: Mount,
    },
    /// Answered by `lifecycle`: the last lifecycle events, oldest first.
    ReadLog,
}

/// A token that no log shows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HubToken(pub String);

impl std::fmt::Debug for HubToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HubToken(…)")
    }
}

/// What happened to a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Mount {
    /// It came onto the screen.
    Mounted,
    /// It left the screen.
    Unmounted,
}

/// What `suspend` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SuspendAfter {
    /// Until no generation runs or waits, for a host that may compute in the background for a while. `suspend` without it
    /// ends the waiting, and so does `resume`; what waited is answered by `done` then.
    Generations,
}

/// How hot the device is, in the words of iOS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Heat {
    /// As it should be.
    #[default]
    Nominal,
    /// A little too warm. Nothing changes yet.
    Fair,
    /// Hot: half of the threads.
    Serious,
    /// Too hot: one thread.
    Critical,
}

/// How far `trim` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TrimLevel {
    /// Nothing that anybody waits for: parked scopes go to disk, then models without a lease.
    Moderate,
    /// All but the model that was used last.
    Critical,
}

impl Command {
    /// Checks ids and what else is no number; the error names the field.
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

pub(super) fn check_id(field: &str, id: &str) -> Result<()> {
    if id.is_empty() || id.len() > 256 {
        return Err(Error::new(ErrorCode::InvalidOptions, format!("{field} is out of range - use 1 to 256 bytes")));
    }
    Ok(())
}
