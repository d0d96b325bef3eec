//! The effects of an owner's change. Events and log records are published at once, in order. Work for other owners is
//! queued, and the supervisor carries it out in the same order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::models::LeaseId;
use crate::error::{Error, Result};
use crate::events::{Bus, ClientId};
use crate::protocol::{Event, LifecycleEvent, LifecycleRecord, ModelConfig};

/// Work for other owners.
pub(super) enum Effect {
    StartEngine {
        path: String,
        epoch: u64,
        config: ModelConfig,
    },
    /// Cancel the load, or save the scopes and stop. Either way the engine exits.
    StopEngine {
        path: String,
    },
    /// End the requests that wait for this model and that no engine has begun.
    EndWaiting {
        path: String,
    },
    /// Answer the callers that wait for this model's unload, after the requests that the unload ends.
    AnswerUnload {
        path: String,
        result: Result<()>,
    },
    /// Unload every other idle model, and ask residents to go.
    EvictOthers {
        path: String,
    },
    /// The model that a generation has a lease on is ready or has failed.
    GenerationLeaseAnswered {
        generation: String,
        result: Result<()>,
    },
    /// The model that a one-shot task waits for is ready or has failed.
    TaskLeaseAnswered {
        lease: LeaseId,
        result: Result<()>,
    },
    /// An engine has exited, and its model's lifecycle has handled that.
    EngineGone {
        path: String,
        orphans: Vec<String>,
        error: Option<Error>,
    },
    /// A generation of the scope has ended; the next one begins.
    BeginNext {
        scope: String,
    },
    /// Start a timer. It replaces a running timer of the same key.
    StartTimer {
        timer: Timer,
        after: Duration,
    },
}

/// A timer of the supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Timer {
    /// A model has had no lease for the whole keep-alive. `number`: which keep-alive of the model.
    KeepAlive { path: String, number: u64 },
    /// A model's embedding context has not been used since this lease.
    EmbedderIdle { path: String, used: LeaseId },
    /// The residents' deadline for this request has passed.
    EvictionOverdue { ask: u64 },
}

pub(super) struct Effects {
    bus: Arc<Bus>,
    waiting: VecDeque<Effect>,
}

impl Effects {
    pub(super) fn new(bus: Arc<Bus>) -> Self {
        Self { bus, waiting: VecDeque::new() }
    }

    /// Tells every client.
    pub(super) fn publish(&self, event: Event) {
        self.bus.publish(event);
    }

    /// Tells one client, unless it has gone.
    pub(super) fn tell(&self, client: ClientId, event: Event) {
        self.bus.reply(client, event);
    }

    /// Writes a record about one model into the flight recorder.
    pub(super) fn record(&self, model: &str, event: LifecycleEvent, reason: String) {
        tracing::info!(model, ?event, reason, "lifecycle");
        self.bus.record(LifecycleRecord { at: now_ms(), model: Some(model.to_owned()), event, reason });
    }

    /// Writes a record about no single model into the flight recorder.
    pub(super) fn record_all(&self, event: LifecycleEvent, reason: String) {
        tracing::info!(?event, reason, "lifecycle");
        self.bus.record(LifecycleRecord { at: now_ms(), model: None, event, reason });
    }

    /// Queues work for other owners.
    pub(super) fn push(&mut self, effect: Effect) {
        self.waiting.push_back(effect);
    }

    pub(super) fn next(&mut self) -> Option<Effect> {
        self.waiting.pop_front()
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
