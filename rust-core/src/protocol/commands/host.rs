//! Values of the commands by which a host reports on its device and its components.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A component's mount or unmount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Mount {
    /// The component was mounted.
    Mounted,
    /// The component was unmounted.
    Unmounted,
}

/// The work that `suspend` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SuspendAfter {
    /// Waits until no generation runs or waits, for a host that may compute in the background for a while. A `suspend`
    /// without it, or `resume`, ends the waiting; the waiting command is then answered by `done`.
    Generations,
}

/// How hot the device is, in the terms of iOS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Heat {
    /// Normal temperature.
    #[default]
    Nominal,
    /// Slightly warm. Nothing changes yet.
    Fair,
    /// Hot: half of the threads compute.
    Serious,
    /// Too hot: one thread computes.
    Critical,
}

/// How far `trim` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TrimLevel {
    /// Frees only memory that is not in use: parked scopes go to disk, then models without a lease are unloaded.
    Moderate,
    /// Frees everything except the model that was used last.
    Critical,
}
