//! Memory: the estimate of a load, and the residents beside the models.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The memory of a load in bytes, computed from the file's header and the options before any allocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MemoryEstimate {
    /// The weights as used for computing, mapped from the file or repacked for this CPU, and the vocabulary. The mapped
    /// original of a repacked weight is not counted: the system reclaims it when it needs the memory.
    #[ts(type = "number")]
    pub weights_bytes: u64,
    /// The KV memory of all resident scopes. 0 for a model that only makes embeddings.
    #[ts(type = "number")]
    pub kv_bytes: u64,
    /// The buffers for computing. 0 for a model that only makes embeddings: its buffers are counted when they are made,
    /// by the length of the texts.
    #[ts(type = "number")]
    pub compute_bytes: u64,
    /// Tokens of context per scope that the estimate assumes.
    pub context_size: u32,
    /// Resident scopes that the estimate assumes; 0 for a model that only makes embeddings.
    pub max_resident: u32,
}

impl MemoryEstimate {
    /// The sum.
    pub fn total(&self) -> u64 {
        self.weights_bytes.saturating_add(self.kv_bytes).saturating_add(self.compute_bytes)
    }
}

/// The answer to `canLoad`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MemoryFit {
    /// The verdict.
    pub verdict: FitVerdict,
    /// The memory of the load. For `fitsSmaller`, its `contextSize` and `maxResident` are values that fit: ask for
    /// both.
    pub estimate: MemoryEstimate,
    /// Bytes that are free for the load now. Absent if the system does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub available_bytes: Option<u64>,
}

/// Whether a model would fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum FitVerdict {
    /// The model fits as requested.
    Fits,
    /// The model fits with the `contextSize` and `maxResident` of the estimate: the largest context that fits, a
    /// multiple of 256 from 512 on. An explicit `maxResident` stays; an automatic one is reduced first, down to one,
    /// before the context is.
    FitsSmaller,
    /// The model does not fit with any context.
    DoesNotFit,
}

/// A large memory user beside the models, such as a speech recogniser. It counts in the same budget, and goes before a
/// model that is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resident {
    /// Made by the caller, 1 to 256 bytes.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// Its memory in bytes.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Whether it is in use now; then it is not asked to go.
    pub in_use: bool,
}
