//! The state now: what a first render needs, and nothing larger. Transcripts come by command.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::config::ModelConfig;
use crate::error::Error;

/// Everything a client knows at once. `seq` is the number of the last event that it includes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Changes when the numbering starts anew: another client, another process.
    pub epoch: String,
    #[ts(type = "number")]
    pub seq: u64,
    pub models: Vec<ModelState>,
    pub scopes: Vec<ScopeSummary>,
    /// Queued, running, and the last few finished generations, oldest first.
    pub generations: Vec<GenerationState>,
    pub devices: Vec<Device>,
}

/// One model that the manager knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelState {
    /// The path that it was asked for by; its identity.
    pub path: String,
    /// As last asked for.
    pub config: ModelConfig,
    pub status: ModelStatus,
    pub leases: Vec<Lease>,
    /// How often the weights were loaded since the process started. 1 is the number to hope for.
    pub loads: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ModelStatus {
    Unloaded,
    /// `progress` from 0 to 1.
    Loading {
        progress: f32,
    },
    /// Loaded and leased.
    Ready {
        info: ModelInfo,
    },
    /// Loaded, without a lease, waiting for the keep-alive to end.
    Idle {
        info: ModelInfo,
    },
    Unloading,
    Failed {
        error: Error,
    },
}

/// Who keeps a model loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    pub owner: String,
}

/// What a loaded model turned out to be: every "auto" replaced by what was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// llama.cpp's one-line description, such as "llama 1B Q4_0".
    pub description: String,
    #[ts(type = "number")]
    pub size_bytes: u64,
    #[ts(type = "number")]
    pub parameter_count: u64,
    pub trained_context_size: u32,
    /// Tokens of context per scope.
    pub context_size: u32,
    pub slots: u32,
    /// Compute threads in use now; the governor changes it.
    pub threads: u32,
    /// Where the weights are.
    pub device: DeviceKind,
    /// Whether the file brings a chat template of its own.
    pub has_chat_template: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScopeSummary {
    pub id: String,
    /// Path of the model that answered last.
    pub model: String,
    pub message_count: u32,
    /// Tokens of this scope that the model has in its KV memory.
    pub cached_tokens: u32,
    pub residency: Residency,
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
    Resident,
    Uncached,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GenerationState {
    pub id: String,
    pub scope: String,
    /// Path of the model.
    pub model: String,
    pub phase: GenerationPhase,
    /// The answer so far.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum GenerationPhase {
    /// Waits for the model, for the scope's earlier turn, or for a slot.
    Queued,
    /// `done` of `total` tokens that were not cached.
    Prefilling {
        done: u32,
        total: u32,
    },
    Decoding,
    Finished {
        outcome: Outcome,
    },
}

/// How a generation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub reason: FinishReason,
    /// Present if, and only if, `reason` is `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<Error>,
    pub usage: Usage,
    pub timings: Timings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum FinishReason {
    /// The model ended its answer, or a stop text was met.
    Stop,
    /// `maxOutputTokens` was reached.
    Length,
    Cancelled,
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
    pub output_tokens: u32,
}

/// Milliseconds of one generation, each measured from the end of the phase before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// Waiting: for the load, the scope's earlier turn, a slot.
    pub queued_ms: f64,
    pub prefill_ms: f64,
    pub decode_ms: f64,
    /// From the request to the first token.
    pub first_token_ms: f64,
}

/// Something that computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    pub name: String,
    pub kind: DeviceKind,
    pub description: String,
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// Instruction sets that this build uses here, such as "AVX512_VNNI".
    pub features: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DeviceKind {
    Cpu,
    Gpu,
    Accelerator,
}
