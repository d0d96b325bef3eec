//! The flight recorder's entries: what happened to a model, and why.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Error;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LifecycleRecord {
    /// Milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub at: u64,
    /// Path of the model.
    pub model: String,
    pub event: LifecycleEvent,
    /// Why it happened, for a person.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LifecycleEvent {
    Mounted {
        owner: String,
    },
    Unmounted {
        owner: String,
    },
    /// `reused`: the model was loaded, or being loaded, already.
    Acquired {
        owner: String,
        reused: bool,
    },
    Released {
        owner: String,
    },
    Loading,
    Ready,
    Idle,
    Unloading,
    Unloaded,
    Failed {
        error: Error,
    },
    /// The governor changed the number of compute threads.
    ThreadsChanged {
        from: u32,
        to: u32,
    },
    /// A scope lost its place in the KV memory; its next turn is prefilled again.
    ScopeDropped {
        scope: String,
    },
}
