//! Models that are kept on this device.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Error;
use crate::store::Progress;

/// A model in the manager's directory, by the name that it was asked for by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StoredModel {
    /// A URL or a hub name: what a `ModelConfig` has as its path.
    pub name: String,
    /// What it takes on the disk, unfinished downloads included. What several names share counts for each of them.
    #[ts(type = "number")]
    pub bytes: u64,
    /// When it was loaded last, or came, in milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub last_used_at: u64,
    /// Whether it can be loaded now, without any network.
    pub is_complete: bool,
    /// Whether it, or a newer version of it, is on its way, or was and can go on.
    pub is_incoming: bool,
    /// Whether something keeps it from being removed: a loaded model, a running transfer.
    pub is_in_use: bool,
}

/// What models take on the disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DiskUse {
    /// Files of models, each once.
    #[ts(type = "number")]
    pub models_bytes: u64,
    /// Files that are still on their way.
    #[ts(type = "number")]
    pub partial_bytes: u64,
    /// What both may take together: `modelsBudgetBytes`. Absent: as much as fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub budget_bytes: Option<u64>,
    /// What this app may still write. Absent where the system does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub free_bytes: Option<u64>,
}

/// The models of this device, and what they take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StoredModels {
    /// Least recently used first.
    pub models: Vec<StoredModel>,
    /// All of them together.
    pub disk: DiskUse,
}

/// A model that is brought to this device because somebody asked for that, not for the model loaded. One that has come is
/// among the stored models, and no longer here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// As a `StoredModel` has it.
    pub name: String,
    /// How far it is.
    pub status: DownloadStatus,
}

/// A download's states, by `type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DownloadStatus {
    /// It comes, or waits for what its progress says.
    Running {
        /// How far it is.
        progress: Progress,
    },
    /// It ended without the model. What has come is kept: `download` goes on from there, `cancelDownload` forgets the failure.
    Failed {
        /// What whoever waited for it was told.
        error: Error,
    },
}
