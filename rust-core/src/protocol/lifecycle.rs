//! The records of the flight recorder: what happened to a model, and why.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Error;

/// One record of the flight recorder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LifecycleRecord {
    /// Milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub at: u64,
    /// Path of the model. Absent: the record concerns the whole manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub model: Option<String>,
    /// What happened.
    pub event: LifecycleEvent,
    /// The reason, for people.
    pub reason: String,
}

/// What happened, by `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LifecycleEvent {
    /// A component that uses the model was mounted.
    Mounted {
        /// The component's name, as given to `recordMount`.
        debug_label: String,
    },
    /// A component that uses the model was unmounted.
    Unmounted {
        /// The component's name, as given to `recordMount`.
        debug_label: String,
    },
    /// A lease was taken.
    Acquired {
        /// Names the holder; a generation's lease is `generation ID`.
        debug_label: String,
        /// Whether the model was loaded, or being loaded, already. False if this lease causes the load.
        reused: bool,
    },
    /// A lease was given back, or was refused after it had been taken.
    Released {
        /// Names the holder.
        debug_label: String,
    },
    /// The model's files are being downloaded.
    Downloading,
    /// An engine was started and loads the weights.
    Loading,
    /// The model was loaded, or leased again within the keep-alive.
    Ready,
    /// The last lease is gone; the keep-alive runs.
    Idle,
    /// The engine was told to stop: generations end, then the memory is freed.
    Unloading,
    /// The memory is free.
    Unloaded,
    /// The load failed, or the engine died. The next lease tries again.
    Failed {
        /// The error that waiting callers got.
        error: Error,
    },
    /// The governor changed the number of compute threads.
    ThreadsChanged {
        /// Threads before.
        from: u32,
        /// Threads after.
        to: u32,
    },
    /// A scope moved from its slot to RAM.
    ScopeParked {
        /// Id of the scope.
        scope: String,
        /// RAM that the scope takes.
        #[ts(type = "number")]
        bytes: u64,
    },
    /// A parked or saved scope is back in the KV memory.
    ScopeRestored {
        /// Id of the scope.
        scope: String,
    },
    /// A scope's KV was written to disk. It may also be in memory.
    ScopeSaved {
        /// Id of the scope.
        scope: String,
        /// Size of the file.
        #[ts(type = "number")]
        bytes: u64,
    },
    /// A scope could not be written. Its earlier files are unchanged.
    ScopeNotSaved {
        /// Id of the scope.
        scope: String,
        /// The error.
        error: Error,
    },
    /// A scope lost its KV in memory, in RAM or on disk; its next turn is prefilled again.
    ScopeDropped {
        /// Id of the scope.
        scope: String,
    },
    /// A scope fills more than 80 % of its context. Recorded once, until the scope has shrunk again.
    ScopeNearlyFull {
        /// Id of the scope.
        scope: String,
        /// Tokens that the scope holds.
        tokens: u32,
        /// Tokens that the scope can hold.
        context_size: u32,
    },
    /// A scope's oldest turns are dropped from the prompt, because the context was full.
    ScopeShifted {
        /// Id of the scope.
        scope: String,
        /// Number of dropped messages, system prompt excluded.
        dropped_messages: u32,
    },
    /// A file in the directory of saved scopes was damaged, or of an unknown kind. It is kept under another name.
    FileSetAside {
        /// The new name, in the folder `set-aside`.
        file: String,
    },
    /// A step of `trim` is complete.
    Trimmed {
        /// The step.
        rung: TrimRung,
        /// Freed bytes.
        #[ts(type = "number")]
        bytes_freed: u64,
    },
    /// The manager stopped computing until `resumed`.
    Suspended {
        /// Number of scopes that were saved within the deadline.
        saved_scopes: u32,
    },
    /// Generations and loads go on.
    Resumed,
}

/// The steps of `trim`, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TrimRung {
    /// Idle contexts for embeddings were freed.
    EmbeddersFreed,
    /// Parked scopes were written to disk, if their `persist` allows it.
    ParkedSaved,
    /// Parked scopes that cannot be written to disk were dropped.
    ParkedDropped,
    /// Models without a lease were unloaded.
    IdleUnloaded,
    /// Residents that are not in use were asked to go.
    ResidentsEvicted,
    /// Models in use, except the one used last, were unloaded; their generations ended.
    LeasedUnloaded,
}
