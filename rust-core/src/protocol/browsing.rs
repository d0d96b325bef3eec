//! What a hub has, for whoever chooses a model.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::memory::MemoryFit;

/// A repository of the hub, as it was at one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HubRepository {
    /// `org/repo`.
    pub repository: String,
    /// What was listed; a branch may have gone on since.
    pub commit: String,
    /// Every model that is there as a whole, smallest first.
    pub variants: Vec<HubVariant>,
    /// Name of the one that fits best: the largest that fits as it is, or else with less context. Full precision is proposed
    /// where nothing else fits. Absent where nothing is known to fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub best: Option<String>,
}

/// A model of a repository: one quantization, with all of its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HubVariant {
    /// What to acquire, or to download: `hf:org/repo:Q4_K_M`, or the name of its first file where that alone tells it from
    /// others.
    pub name: String,
    /// As its file's name has it. Absent where that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub quantization: Option<String>,
    /// Of all its files.
    #[ts(type = "number")]
    pub bytes: u64,
    /// More than one where the model is split.
    pub file_count: u32,
    /// Whether it is on this device by this name, as a whole.
    pub is_stored: bool,
    /// Whether it would fit now, as `canLoad` says it. Absent where no header could be read that tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub fit: Option<MemoryFit>,
    /// Whether `fit` comes from this variant's own header. Otherwise it comes from that of another quantization of the same
    /// model, whose weights were scaled by the sizes of the files: `canLoad` of this one says it exactly.
    pub is_fit_exact: bool,
}
