//! What JavaScript is told. Every client numbers its own events without a gap.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::commands::Message;
use super::lifecycle::LifecycleRecord;
use super::snapshot::{GenerationPhase, GenerationState, ModelState, ScopeSummary};
use crate::error::Error;

/// What a host's pump thread pulls: the events of at most 16 ms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    pub epoch: String,
    pub events: Vec<NumberedEvent>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NumberedEvent {
    #[ts(type = "number")]
    pub seq: u64,
    #[serde(flatten)]
    #[ts(flatten)]
    pub event: Event,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// Answers a command that has no answer of its own.
    Done {
        request_id: String,
    },
    /// Refuses a command, or says why it failed.
    Failed {
        request_id: String,
        error: Error,
    },
    Transcript {
        request_id: String,
        scope: String,
        #[ts(type = "number")]
        revision: u64,
        messages: Vec<Message>,
    },
    Replay {
        request_id: String,
        generation_id: String,
        offset: u32,
        text: String,
    },
    Lifecycle {
        request_id: String,
        records: Vec<LifecycleRecord>,
    },

    ModelChanged {
        model: ModelState,
    },
    ScopeChanged {
        scope: ScopeSummary,
    },
    ScopeDisposed {
        scope: String,
    },
    /// The messages from index `from` on are now `messages`.
    TranscriptChanged {
        scope: String,
        #[ts(type = "number")]
        revision: u64,
        from: u32,
        messages: Vec<Message>,
    },
    GenerationQueued {
        generation: GenerationState,
    },
    PhaseChanged {
        generation_id: String,
        phase: GenerationPhase,
    },
    /// `offset`: where `text` begins in the answer, in UTF-16 code units.
    TextDelta {
        generation_id: String,
        offset: u32,
        text: String,
    },
    /// A new entry of the flight recorder.
    Recorded {
        record: LifecycleRecord,
    },
}
