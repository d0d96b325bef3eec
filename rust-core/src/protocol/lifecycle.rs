//! The flight recorder's entries: what happened to a model, and why.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Error;

/// One entry of the flight recorder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LifecycleRecord {
    /// Milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub at: u64,
    /// Path of the model. Left out: it concerns the whole manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub model: Option<String>,
    /// What happened.
    pub event: LifecycleEvent,
    /// Why it happened, for a person.
    pub reason: String,
}

/// What can happen to a model, by `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LifecycleEvent {
    /// A component that uses the model came onto the screen.
    Mounted {
        /// Its name, as `recordMount` gave it.
        debug_label: String,
    },
    /// A component that uses the model left the screen.
    Unmounted {
        /// Its name, as `recordMount` gave it.
        debug_label: String,
    },
    /// `reused`: the model was loaded, or being loaded, already.
    Acquired {
        /// Who took the lease; a generation takes its own as `generation ID`.
        debug_label: String,
        /// False when this lease is why the model is loaded.
        reused: bool,
    },
    /// A lease was given back, or refused after it had been taken.
    Released {
        /// Who held it.
        debug_label: String,
    },
    /// The model's files are on their way to this device.
    Downloading,
    /// An engine was started and loads the weights.
    Loading,
    /// Loaded, or leased again within the keep-alive.
    Ready,
    /// The last lease is gone; the keep-alive runs.
    Idle,
    /// The engine was told to stop: generations end, then the memory is freed.
    Unloading,
    /// The memory is free.
    Unloaded,
    /// The load failed, or the engine died. The next lease tries again.
    Failed {
        /// What whoever waited for the model, or for an answer of it, was told.
        error: Error,
    },
    /// The governor changed the number of compute threads.
    ThreadsChanged {
        /// Threads before.
        from: u32,
        /// Threads from now on.
        to: u32,
    },
    /// A scope left its slot and waits in RAM.
    ScopeParked {
        /// Id of the scope.
        scope: String,
        /// RAM that it takes.
        #[ts(type = "number")]
        bytes: u64,
    },
    /// A scope that was parked or saved is back in the KV memory.
    ScopeRestored {
        /// Id of the scope.
        scope: String,
    },
    /// A scope's KV is on disk, whatever place in memory it has beside.
    ScopeSaved {
        /// Id of the scope.
        scope: String,
        /// Size of the file.
        #[ts(type = "number")]
        bytes: u64,
    },
    /// A scope could not be written; what was on disk of it before still is.
    ScopeNotSaved {
        /// Id of the scope.
        scope: String,
        /// What went wrong.
        error: Error,
    },
    /// A scope lost its place in the KV memory, in RAM or on disk; its next turn is prefilled again.
    ScopeDropped {
        /// Id of the scope.
        scope: String,
    },
    /// A scope fills more than 80 % of its context. Once, until it has shrunk again.
    ScopeNearlyFull {
        /// Id of the scope.
        scope: String,
        /// Tokens that it holds.
        tokens: u32,
        /// Tokens that it may hold.
        context_size: u32,
    },
    /// The model no longer sees a scope's oldest turns, because the context was full.
    ScopeShifted {
        /// Id of the scope.
        scope: String,
        /// Messages that the model does not see any more, system prompt excluded.
        dropped_messages: u32,
    },
    /// A file in the directory of saved scopes was damaged, or of an unknown kind. It is kept, under another name.
    FileSetAside {
        /// Its new name, in the folder `set-aside`.
        file: String,
    },
    /// A step of `trim`.
    Trimmed {
        /// Which one.
        rung: TrimRung,
        /// Memory that it gave back.
        #[ts(type = "number")]
        bytes_freed: u64,
    },
    /// Nothing computes any more, until `resumed`.
    Suspended {
        /// Scopes that were saved within the deadline.
        saved_scopes: u32,
    },
    /// Generations and loads go on.
    Resumed,
}

/// The steps of `trim`, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TrimRung {
    /// Memories for embeddings that are not in use were freed.
    EmbeddersFreed,
    /// Parked scopes were written to disk, where they may be.
    ParkedSaved,
    /// Parked scopes that cannot be on disk were forgotten.
    ParkedDropped,
    /// Models without a lease were unloaded.
    IdleUnloaded,
    /// Residents that are not in use were asked to go.
    ResidentsEvicted,
    /// Models in use, but the one used last, were unloaded; their generations ended.
    LeasedUnloaded,
}
