//! Memory: what a model would need, and what else is in it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a load takes, computed from the file's header and the options, before anything is allocated. In bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MemoryEstimate {
    /// The weights in the form that is computed with, mapped from the file or repacked for this CPU, and the vocabulary.
    /// The mapped origin of a repacked weight is not counted: the system takes it back when it needs the memory.
    #[ts(type = "number")]
    pub weights_bytes: u64,
    /// The KV memory of all slots. 0 for a model that only makes embeddings.
    #[ts(type = "number")]
    pub kv_bytes: u64,
    /// The buffers that a step computes in. 0 for a model that only makes embeddings: what those take is counted when they are
    /// made, by the length of their texts.
    #[ts(type = "number")]
    pub compute_bytes: u64,
    /// Tokens of context per scope that this is for.
    pub context_size: u32,
    /// Slots that this is for; 0 for a model that only makes embeddings, which has none.
    pub max_resident: u32,
}

impl MemoryEstimate {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.weights_bytes.saturating_add(self.kv_bytes).saturating_add(self.compute_bytes)
    }
}

/// Whether a model would fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MemoryFit {
    /// The answer.
    pub verdict: FitVerdict,
    /// What the load would take; for `fitsSmaller`, with a `contextSize` and `slots` that fit: ask for both.
    pub estimate: MemoryEstimate,
    /// Bytes that are free for it now. Left out where the system does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub available_bytes: Option<u64>,
}

/// Whether a model would fit, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum FitVerdict {
    /// As it was asked for.
    Fits,
    /// With the `contextSize` and `slots` of the estimate: the largest context that fits, a multiple of 256 from 512 on.
    /// `slots` that were asked for stay; those chosen automatically go first, down to one, before any context does.
    FitsSmaller,
    /// Not with any context.
    DoesNotFit,
}

/// Something big beside the models, such as a speech recogniser: it counts in the same budget, and goes before a model
/// that is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resident {
    /// Made by the caller, 1 to 256 bytes.
    pub id: String,
    /// What it is, for people.
    pub name: String,
    /// Memory that it takes, in bytes.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Whether it is at work now; then it is not asked to go.
    pub in_use: bool,
}
