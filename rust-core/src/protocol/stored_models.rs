//! The models that are stored on this device.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Error;
use crate::store::Progress;

/// A stored model, by the name that it was requested with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StoredModel {
    /// A URL or a hub name, as in `path` of a `ModelConfig`.
    pub name: String,
    /// Bytes on disk, including unfinished downloads. Files that several names share count for each of them.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Time of the last load, or of its arrival, in milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub last_used_at: u64,
    /// Whether the model can be loaded now, without a network.
    pub is_complete: bool,
    /// Whether a transfer of the model, or of a newer version, runs or can be resumed.
    pub is_incoming: bool,
    /// Whether a loaded model or a running transfer prevents its removal.
    pub is_in_use: bool,
}

/// Disk space of models, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DiskUse {
    /// Files of models, each counted once.
    #[ts(type = "number")]
    pub models_bytes: u64,
    /// Unfinished files.
    #[ts(type = "number")]
    pub partial_bytes: u64,
    /// The budget for both: `modelsBudgetBytes`. Absent: as much as fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub budget_bytes: Option<u64>,
    /// Space that this app may still write. Absent if the system does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub free_bytes: Option<u64>,
}

/// The stored models and their disk space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StoredModels {
    /// The models, least recently used first.
    pub models: Vec<StoredModel>,
    /// The space of all of them.
    pub disk: DiskUse,
}

/// A download or import that `download` or `importModel` started. A finished one is among the stored models, and no
/// longer here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// The name, as in `StoredModel`.
    pub name: String,
    /// The progress.
    pub status: DownloadStatus,
}

/// A download's state, by `type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DownloadStatus {
    /// The transfer runs or waits; `progress` says for what.
    Running {
        /// The progress.
        progress: Progress,
    },
    /// The transfer failed. The received bytes are kept: `download` resumes it, `cancelDownload` forgets the failure.
    Failed {
        /// The error that waiting callers got.
        error: Error,
    },
}
