//! The state now: what a first render needs, and nothing larger. Transcripts come by command.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::config::{ModelConfig, Persist};
use super::devices::{Device, DeviceKind, GpuUnavailable};
use super::logprobs::TokenLogprob;
use super::memory::Resident;
use super::message::ToolCall;
use super::stored::Download;
use crate::error::Error;
use crate::store::Progress;

/// Everything a client knows at once. `seq` is the number of the last event that it includes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Changes when the numbering starts anew: another client, another process.
    pub epoch: String,
    /// Number of the last event that is included; events up to it are to be ignored.
    #[ts(type = "number")]
    pub seq: u64,
    /// Every model asked for since the process started, sorted by path.
    pub models: Vec<ModelState>,
    /// Every scope, sorted by id.
    pub scopes: Vec<ScopeSummary>,
    /// Queued, running, and the last few finished generations, oldest first.
    pub generations: Vec<GenerationState>,
    /// What the app has beside the models, sorted by id.
    pub residents: Vec<Resident>,
    /// Models that were asked for by `download` and are not there yet, sorted by name.
    pub downloads: Vec<Download>,
    /// Whether `suspend` holds.
    pub suspended: bool,
    /// What this build can compute on; the same for the life of the process.
    pub devices: Vec<Device>,
    /// Why there is no GPU among `devices`, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub gpu_unavailable: Option<GpuUnavailable>,
}

/// One model that the manager knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelState {
    /// The path that it was asked for by; its identity.
    pub path: String,
    /// As last asked for.
    pub config: ModelConfig,
    /// Where the model is in its life.
    pub status: ModelStatus,
    /// Who keeps it loaded, oldest first.
    pub leases: Vec<Lease>,
    /// How often the weights were loaded since the process started. 1 is the number to hope for.
    pub loads: u32,
}

/// A model's states, by `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ModelStatus {
    /// Takes no memory; the next lease loads it.
    Unloaded,
    /// Its files come to this device; then it is loaded.
    Downloading {
        /// How far that is.
        progress: Progress,
    },
    /// `progress` from 0 to 1.
    Loading {
        /// The share of the weights that has been read.
        progress: f32,
    },
    /// Loaded and leased.
    Ready {
        /// What was loaded, with every "auto" replaced by what was chosen.
        info: ModelInfo,
    },
    /// Loaded, without a lease, waiting for the keep-alive to end.
    Idle {
        /// What was loaded, with every "auto" replaced by what was chosen.
        info: ModelInfo,
    },
    /// Its generations are being ended and its memory freed.
    Unloading,
    /// The load failed, or the engine died. The next lease tries again.
    Failed {
        /// What whoever waited for the model, or for an answer of it, was told.
        error: Error,
    },
}

/// Who keeps a model loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// As `acquire` named it; `generation ID` for a queued or running generation.
    pub debug_label: String,
}

/// What a loaded model turned out to be: every "auto" replaced by what was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// llama.cpp's one-line description, such as "llama 1B Q4_0".
    pub description: String,
    /// Bytes of the weights, all tensors together.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Numbers in all tensors together.
    #[ts(type = "number")]
    pub parameter_count: u64,
    /// Tokens of context that the model was trained for.
    pub trained_context_size: u32,
    /// Tokens of context per scope. Of a model that only makes embeddings: of a text, at most `trainedContextSize`.
    pub context_size: u32,
    /// Scopes that can be resident at once. 0: it only makes embeddings, and holds no conversation.
    pub max_resident: u32,
    /// Compute threads in use now; the governor changes it.
    pub threads: u32,
    /// Where the weights are.
    pub device: DeviceKind,
    /// Names of the devices that hold them, as in the snapshot's `devices`.
    pub devices: Vec<String>,
    /// Layers of the model.
    pub layers: u32,
    /// How many of them a GPU computes: all or none.
    pub gpu_layers: u32,
    /// Why no GPU computes, where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub gpu_unavailable: Option<GpuUnavailable>,
    /// Whether the file brings a chat template of its own.
    pub has_chat_template: bool,
}

impl ModelInfo {
    /// False for a model that only makes embeddings.
    pub fn holds_conversations(&self) -> bool {
        self.max_resident > 0
    }
}

/// One conversation without its messages, which come by `getTranscript`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScopeSummary {
    /// The name that its first generation gave it.
    pub id: String,
    /// Path of the model that answered last.
    pub model: String,
    /// Messages of the transcript, with those of a turn that is running.
    pub message_count: u32,
    /// Messages that the model no longer sees, because the context was full; the system prompt is never one of them.
    pub dropped_messages: u32,
    /// Tokens of this scope that need not be computed again, wherever they are.
    pub cached_tokens: u32,
    /// What a return to this scope costs.
    pub residency: Residency,
    /// What of it may be written to disk.
    pub persist: Persist,
    /// When its KV was written to disk, in milliseconds since the Unix epoch. Absent: it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub saved_at: Option<u64>,
    /// Grows with every change of the transcript.
    #[ts(type = "number")]
    pub revision: u64,
    /// Milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub last_used_at: u64,
}

/// The fastest place where a scope's KV is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Residency {
    /// In a slot of the model: a turn prefills only what is new.
    Resident,
    /// In RAM, out of the context's memory; restored in milliseconds.
    Parked,
    /// On disk: read, verified and restored before its next turn.
    Saved,
    /// Nowhere: the next turn prefills the whole conversation.
    Uncached,
}

/// One answer in the making, or made not long ago.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GenerationState {
    /// As its caller named it.
    pub id: String,
    /// Id of the conversation that it is a turn of.
    pub scope: String,
    /// Path of the model.
    pub model: String,
    /// How far it is; at the end, how it ended.
    pub phase: GenerationPhase,
    /// The answer so far, without what was thought before it and without calls of tools.
    pub text: String,
    /// What the model thinks before it answers, so far.
    #[serde(default)]
    pub reasoning: String,
    /// The tools that the answer calls, so far: `arguments` is whole when the generation has finished.
    #[serde(default)]
    pub tool_calls: Vec<ToolCall>,
    /// Of the answer's tokens so far, where `options.logprobs` asked for them: as many as `outputTokens`, so also of a stop text's, of
    /// control tokens but the one that ends the answer, and of thoughts and calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<TokenLogprob>>")]
    pub logprobs: Vec<TokenLogprob>,
}

/// The way of a generation, by `type`, in this order; any of them may be followed by `finished`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum GenerationPhase {
    /// Waits for the model, for the scope's earlier turn, or for a slot.
    Queued,
    /// `done` of `total` tokens that were not cached.
    Prefilling {
        /// Tokens prefilled so far.
        done: u32,
        /// Tokens to prefill.
        total: u32,
    },
    /// The answer is being written.
    Decoding,
    /// Nothing will change any more.
    Finished {
        /// How it ended, and what it cost.
        outcome: Outcome,
    },
}

/// How a generation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Why it ended; `failed` alone brings an `error`.
    pub reason: FinishReason,
    /// Present if, and only if, `reason` is `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<Error>,
    /// Tokens; all zero for a generation that never reached a slot.
    pub usage: Usage,
    /// Milliseconds; a phase that was never entered is 0.
    pub timings: Timings,
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum FinishReason {
    /// The model ended its answer, or a stop text was met.
    Stop,
    /// `maxOutputTokens` was reached.
    Length,
    /// The model ended its answer, and waits for the results of tools.
    ToolCalls,
    /// By `cancel`, or because its scope was disposed of.
    Cancelled,
    /// By an error; `error` says which.
    Failed,
}

/// Tokens of one generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// `cachedTokens` plus `prefilledTokens`.
    pub prompt_tokens: u32,
    /// Prompt tokens that were in the KV memory already.
    pub cached_tokens: u32,
    /// Prompt tokens that had to be computed.
    pub prefilled_tokens: u32,
    /// Tokens sampled for the answer, without the one that ended it; those of a stop text count.
    pub output_tokens: u32,
}

/// Milliseconds of one generation, each measured from the end of the phase before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// Waiting: for the load, the scope's earlier turn, a slot.
    pub queued_ms: f64,
    /// From the slot to the first token, or to the end if none came.
    pub prefill_ms: f64,
    /// From the first token to the end.
    pub decode_ms: f64,
    /// From the request to the first token.
    pub first_token_ms: f64,
}
