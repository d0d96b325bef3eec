//! The current state: enough for a first render, and nothing larger. Transcripts come by command.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::config::{ModelConfig, Persist};
use super::devices::{Device, DeviceKind, GpuUnavailable};
use super::logprobs::TokenLogprob;
use super::memory::Resident;
use super::message::ToolCall;
use super::stored_models::Download;
use crate::error::Error;
use crate::store::Progress;

/// The state that a client sees. `seq` is the number of the last event that it includes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Changes when the numbering starts anew: for another client or another process.
    pub epoch: String,
    /// Number of the last included event; ignore events up to it.
    #[ts(type = "number")]
    pub seq: u64,
    /// Every model requested since the process started, sorted by path.
    pub models: Vec<ModelState>,
    /// Every scope, sorted by id.
    pub scopes: Vec<ScopeSummary>,
    /// Generations that are queued, running or recently finished, oldest first.
    pub generations: Vec<GenerationState>,
    /// The residents, sorted by id.
    pub residents: Vec<Resident>,
    /// Unfinished downloads, sorted by name.
    pub downloads: Vec<Download>,
    /// Whether `suspend` is in effect.
    pub suspended: bool,
    /// Devices that this build can compute on; the same for the life of the process.
    pub devices: Vec<Device>,
    /// Why there is no GPU among `devices`. Absent if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub gpu_unavailable: Option<GpuUnavailable>,
}

/// One model that the manager knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelState {
    /// The path as requested; the model's identity.
    pub path: String,
    /// The config of the newest request.
    pub config: ModelConfig,
    /// The model's state.
    pub status: ModelStatus,
    /// The leases that keep the model loaded, oldest first.
    pub leases: Vec<Lease>,
    /// Number of loads since the process started. 1 is ideal.
    pub loads: u32,
}

/// A model's state, by `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ModelStatus {
    /// The model takes no memory; the next lease loads it.
    Unloaded,
    /// The model is being downloaded, then it is loaded.
    Downloading {
        /// Progress of the download.
        progress: Progress,
    },
    /// The model is being loaded.
    Loading {
        /// Share of the weights that has been read, 0 to 1.
        progress: f32,
    },
    /// The model is loaded and leased.
    Ready {
        /// The loaded model, with every "auto" replaced by the chosen value.
        info: ModelInfo,
    },
    /// The model is loaded without a lease, until the keep-alive ends.
    Idle {
        /// The loaded model, with every "auto" replaced by the chosen value.
        info: ModelInfo,
    },
    /// The model's generations are being ended and its memory freed.
    Unloading,
    /// The load failed, or the engine died. The next lease tries again.
    Failed {
        /// The error that waiting callers got.
        error: Error,
    },
}

/// A lease that keeps a model loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// The label given to `acquire`; `generation ID` for a queued or running generation.
    pub debug_label: String,
}

/// A loaded model, with every "auto" replaced by the chosen value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// llama.cpp's one-line description, such as "llama 1B Q4_0".
    pub description: String,
    /// Bytes of all tensors.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Number of parameters in all tensors.
    #[ts(type = "number")]
    pub parameter_count: u64,
    /// Tokens of context that the model was trained for.
    pub trained_context_size: u32,
    /// Tokens of context per scope. For a model that only makes embeddings: most tokens of a text, at most
    /// `trainedContextSize`.
    pub context_size: u32,
    /// Scopes that can be resident at once. 0 for a model that only makes embeddings and holds no conversation.
    pub max_resident: u32,
    /// Compute threads in use now; the governor changes the number.
    pub threads: u32,
    /// The kind of device that holds the weights.
    pub device: DeviceKind,
    /// Names of the devices that hold the weights, as in the snapshot's `devices`.
    pub devices: Vec<String>,
    /// Number of layers.
    pub layers: u32,
    /// Number of layers that a GPU computes: all or none.
    pub gpu_layers: u32,
    /// Why no GPU computes. Absent if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub gpu_unavailable: Option<GpuUnavailable>,
    /// Whether the file contains a chat template.
    pub has_chat_template: bool,
}

impl ModelInfo {
    /// False for a model that only makes embeddings.
    pub fn holds_conversations(&self) -> bool {
        self.max_resident > 0
    }
}

/// One conversation without its messages; `getTranscript` reads those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScopeSummary {
    /// The name given by its first generation.
    pub id: String,
    /// Path of the model that answered last.
    pub model: String,
    /// Number of messages, including those of a running turn.
    pub message_count: u32,
    /// Number of messages that are dropped from the prompt, because the context was full; the system prompt is never
    /// dropped.
    pub dropped_messages: u32,
    /// Tokens of the scope that need not be computed again, wherever their KV is.
    pub cached_tokens: u32,
    /// Where the KV is, and so the cost of the next turn.
    pub residency: Residency,
    /// Which parts are written to disk.
    pub persist: Persist,
    /// Time when the KV was written to disk, in milliseconds since the Unix epoch. Absent if it is not on disk.
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
    /// In a slot of the model. A turn prefills only new tokens.
    Resident,
    /// In RAM, outside of the context's memory. It is restored in milliseconds.
    Parked,
    /// On disk. It is read, verified and restored before the next turn.
    Saved,
    /// Nowhere. The next turn prefills the whole conversation.
    Uncached,
}

/// One answer that is queued, running or recently finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GenerationState {
    /// The id given by its caller.
    pub id: String,
    /// Id of the scope.
    pub scope: String,
    /// Path of the model.
    pub model: String,
    /// The current phase; at the end with the outcome.
    pub phase: GenerationPhase,
    /// The answer so far, without reasoning and tool calls.
    pub text: String,
    /// The reasoning so far.
    #[serde(default)]
    pub reasoning: String,
    /// The tool calls so far; `arguments` is complete when the generation has finished.
    #[serde(default)]
    pub tool_calls: Vec<ToolCall>,
    /// The probabilities of the answer's tokens so far, if `options.logprobs` asks for them. There are as many as
    /// `outputTokens`, so they include the tokens of a stop text, of reasoning and of calls, and control tokens except
    /// the one that ends the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<TokenLogprob>>")]
    pub logprobs: Vec<TokenLogprob>,
}

/// The phases of a generation, by `type`, in this order; `finished` may follow any of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum GenerationPhase {
    /// The generation waits for the model, for the scope's earlier turn, or for a slot.
    Queued,
    /// The tokens that were not cached are being computed.
    Prefilling {
        /// Tokens prefilled so far.
        done: u32,
        /// Tokens to prefill.
        total: u32,
    },
    /// The answer is being generated.
    Decoding,
    /// The generation has ended.
    Finished {
        /// How it ended, with its cost.
        outcome: Outcome,
    },
}

/// How a generation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The reason; only `failed` has an `error`.
    pub reason: FinishReason,
    /// Present if and only if `reason` is `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<Error>,
    /// The token counts; all 0 for a generation that never reached a slot.
    pub usage: Usage,
    /// The durations; 0 for a phase that was never entered.
    pub timings: Timings,
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum FinishReason {
    /// The model ended its answer, or a stop text appeared.
    Stop,
    /// `maxOutputTokens` was reached.
    Length,
    /// The model ended its answer with tool calls and expects their results.
    ToolCalls,
    /// `cancel` ended it, or its scope was deleted.
    Cancelled,
    /// An error ended it; see `error`.
    Failed,
}

/// Token counts of one generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// `cachedTokens` plus `prefilledTokens`.
    pub prompt_tokens: u32,
    /// Prompt tokens that were in the KV memory already.
    pub cached_tokens: u32,
    /// Prompt tokens that were computed.
    pub prefilled_tokens: u32,
    /// Tokens sampled for the answer, without the one that ended it; those of a stop text count.
    pub output_tokens: u32,
}

/// Durations of one generation in milliseconds, each from the end of the phase before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// Waiting for the load, the scope's earlier turn, or a slot.
    pub queued_ms: f64,
    /// From the slot to the first token, or to the end if no token came.
    pub prefill_ms: f64,
    /// From the first token to the end.
    pub decode_ms: f64,
    /// From the request to the first token.
    pub first_token_ms: f64,
}
