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
    /// Path of the model.
    pub model: String,
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
        owner: String,
    },
    /// A component that uses the model left the screen.
    Unmounted {
        /// Its name, as `recordMount` gave it.
        owner: String,
    },
    /// `reused`: the model was loaded, or being loaded, already.
    Acquired {
        /// Who took the lease; a generation takes its own as `generation ID`.
        owner: String,
        /// False when this lease is why the model is loaded.
        reused: bool,
    },
    /// A lease was given back, or refused after it had been taken.
    Released {
        /// Who held it.
        owner: String,
    },
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
    /// A scope gave its slot to another one and waits in RAM.
    ScopeParked {
        /// Id of the scope.
        scope: String,
        /// RAM that it takes.
        #[ts(type = "number")]
        bytes: u64,
    },
    /// A parked scope is back in the KV memory.
    ScopeRestored {
        /// Id of the scope.
        scope: String,
    },
    /// A scope lost its place in the KV memory; its next turn is prefilled again.
    ScopeDropped {
        /// Id of the scope.
        scope: String,
    },
}
