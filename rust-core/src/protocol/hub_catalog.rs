//! The answer to `browseHub`: the models of a repository.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::memory::MemoryFit;

/// A repository of the hub at one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HubRepository {
    /// `org/repo`.
    pub repository: String,
    /// The listed commit; the branch may have newer ones.
    pub commit: String,
    /// Every complete model of the repository, smallest first.
    pub variants: Vec<HubVariant>,
    /// Name of the variant that fits best: the largest that fits as it is, else the largest that fits with less
    /// context. Full precision is proposed only if nothing else fits. Absent if no variant is known to fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub best: Option<String>,
}

/// A model of a repository: one quantization, with all of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HubVariant {
    /// The name for `acquire` or `download`: `hf:org/repo:Q4_K_M`, or the name of its first file if the quantization is
    /// ambiguous.
    pub name: String,
    /// The quantization in the file's name. Absent if the name has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub quantization: Option<String>,
    /// Size of all its files.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Number of files; more than one if the model is split.
    pub file_count: u32,
    /// Whether the whole model is on this device under this name.
    pub is_stored: bool,
    /// Whether the model would fit now, as `canLoad` says. Absent if no header could be read that tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub fit: Option<MemoryFit>,
    /// Whether `fit` comes from this variant's own header. Otherwise it comes from another quantization of the same
    /// model, with the weights scaled by the sizes of the files; `canLoad` gives the exact answer.
    pub is_fit_exact: bool,
}
