//! A host for tests: sends commands, collects events, waits for the one that matters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::engine::scripted::Script;
use crate::error::ErrorCode;
use crate::events::Pull;
use crate::manager::ModelManager;
use crate::protocol::{
    Event, FinishReason, GenerationPhase, LifecycleEvent, LifecycleRecord, Message, ModelState, ModelStatus, Outcome,
    Snapshot,
};

/// How long a test waits before it fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Host {
    client: Arc<Client>,
    /// All events, in order.
    pub(super) events: Vec<Event>,
    /// How many events `until` has looked at.
    seen: usize,
    requests: u32,
}

impl Host {
    pub(super) fn on(manager: &ModelManager) -> Self {
        Self { client: Arc::new(manager.connect()), events: Vec::new(), seen: 0, requests: 0 }
    }

    /// Sends a command and returns its request id.
    pub(super) fn send(&mut self, mut command: Value) -> String {
        self.requests += 1;
        let request = format!("r{}", self.requests);
        command["requestId"] = json!(request);
        self.client.send(&command.to_string());
        request
    }

    pub(super) fn acquire(&mut self, lease: &str, model: Value) -> String {
        self.send(json!({ "type": "acquire", "leaseId": lease, "debugLabel": lease, "model": model }))
    }

    pub(super) fn release(&mut self, lease: &str) -> String {
        self.send(json!({ "type": "release", "leaseId": lease }))
    }

    pub(super) fn say(&mut self, generation: &str, scope: &str, text: &str) -> String {
        self.say_with(generation, scope, text, json!({ "path": "a.gguf" }), json!({}))
    }

    pub(super) fn say_with(
        &mut self,
        generation: &str,
        scope: &str,
        text: &str,
        model: Value,
        options: Value,
    ) -> String {
        self.send(json!({
            "type": "generate", "generationId": generation, "scope": scope, "model": model, "options": options,
            "append": [{ "role": "user", "content": text }],
        }))
    }

    pub(super) fn cancel(&mut self, generation: &str) -> String {
        self.send(json!({ "type": "cancel", "generationId": generation }))
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.client.snapshot()
    }

    pub(super) fn model(&self, path: &str) -> ModelState {
        let found = self.snapshot().models.into_iter().find(|model| model.path == path);
        found.unwrap_or_else(|| panic!("no model {path}"))
    }

    /// Waits for the first event from here on for which `wanted` returns a value.
    #[track_caller]
    pub(super) fn until<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.seek(&wanted, deadline) {
                return found;
            }
            self.pull(Duration::from_millis(100));
        }
    }

    /// Looks through the events that no wait has looked at. Fails the test after the deadline.
    #[track_caller]
    fn seek<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>, deadline: Instant) -> Option<T> {
        while let Some(event) = self.events.get(self.seen) {
            self.seen += 1;
            if let Some(found) = wanted(event) {
                return Some(found);
            }
        }
        assert!(Instant::now() < deadline, "the event never came; got {:#?}", self.events);
        None
    }

    /// Like `until`, but waits on another thread, so that paused time stands still.
    pub(super) async fn until_paused<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.seek(&wanted, deadline) {
                return found;
            }
            let client = self.client.clone();
            let pulled = tokio::task::spawn_blocking(move || client.next_events(Duration::from_millis(100)));
            self.take(pulled.await.expect("a pull does not panic"));
        }
    }

    fn pull(&mut self, timeout: Duration) {
        let pulled = self.client.next_events(timeout);
        self.take(pulled);
    }

    fn take(&mut self, pulled: Pull) {
        match pulled {
            Pull::Batch(batch) => self.events.extend(batch.events.into_iter().map(|numbered| numbered.event)),
            Pull::TimedOut => {}
            Pull::Closed => panic!("no test closes this client"),
        }
    }

    /// The events that no wait has looked at.
    pub(super) fn rest(&mut self) -> Vec<Event> {
        self.pull(Duration::from_millis(50));
        self.events.split_off(self.seen)
    }

    #[track_caller]
    pub(super) fn done(&mut self, request: &str) {
        if let Err(code) = self.answer(request) {
            panic!("{request} failed: {code:?}");
        }
    }

    #[track_caller]
    pub(super) fn failed(&mut self, request: &str) -> ErrorCode {
        self.answer(request).expect_err("the request was to fail")
    }

    #[track_caller]
    pub(super) fn answer(&mut self, request: &str) -> Result<(), ErrorCode> {
        self.until(|event| match event {
            Event::Done { request_id } if request_id == request => Some(Ok(())),
            Event::Failed { request_id, error } if request_id == request => Some(Err(error.code)),
            _ => None,
        })
    }

    /// Like `answer`, for requests that may be answered in any order.
    #[track_caller]
    pub(super) fn answered_in_any_order(&mut self, request: &str) -> Result<(), ErrorCode> {
        self.seen = 0;
        self.answer(request)
    }

    /// Returns when the supervisor has read its mailbox up to here. An empty `configure` changes nothing.
    #[track_caller]
    pub(super) fn flush_supervisor(&mut self) {
        let passed = self.send(json!({ "type": "configure" }));
        self.look_anew();
        self.done(&passed);
    }

    /// Makes the next wait look at all events again.
    pub(super) fn look_anew(&mut self) {
        self.seen = 0;
    }

    /// Bytes of a scope when it was last parked.
    #[track_caller]
    pub(super) fn parked_bytes(&mut self, scope: &str) -> u64 {
        let parked = self.log().into_iter().rev().find_map(|record| match record.event {
            LifecycleEvent::ScopeParked { scope: parked, bytes } if parked == scope => Some(bytes),
            _ => None,
        });
        parked.unwrap_or_else(|| panic!("{scope} was not parked"))
    }

    #[track_caller]
    pub(super) fn finished(&mut self, generation: &str) -> Outcome {
        self.until(finish_of(generation))
    }

    /// Like `finished`, for generations that may end in any order.
    #[track_caller]
    pub(super) fn finished_in_any_order(&mut self, generation: &str) -> Outcome {
        self.seen = 0;
        self.finished(generation)
    }

    /// The answer of a generation, which must succeed.
    #[track_caller]
    pub(super) fn answered(&mut self, generation: &str) -> (String, Outcome) {
        let outcome = self.finished(generation);
        assert_eq!((outcome.reason, &outcome.error), (FinishReason::Stop, &None));
        (self.text(generation), outcome)
    }

    /// All text deltas of a generation, joined.
    pub(super) fn text(&self, generation: &str) -> String {
        let deltas = self.events.iter().filter_map(|event| match event {
            Event::TextDelta { generation_id, text, .. } if generation_id == generation => Some(text.as_str()),
            _ => None,
        });
        deltas.collect()
    }

    #[track_caller]
    pub(super) fn transcript(&mut self, scope: &str) -> Vec<Message> {
        let request = self.send(json!({ "type": "getTranscript", "scope": scope }));
        self.until(|event| match event {
            Event::Transcript { request_id, messages, .. } if *request_id == request => Some(messages.clone()),
            _ => None,
        })
    }

    #[track_caller]
    pub(super) fn log(&mut self) -> Vec<LifecycleRecord> {
        let request = self.send(json!({ "type": "readLog" }));
        self.until(|event| match event {
            Event::Log { request_id, records } if *request_id == request => Some(records.clone()),
            _ => None,
        })
    }
}

pub(super) fn a() -> Value {
    json!({ "path": "a.gguf" })
}

pub(super) fn manager(script: &Script) -> ModelManager {
    ModelManager::new(script.loader())
}

pub(super) fn finish_of(generation: &str) -> impl Fn(&Event) -> Option<Outcome> {
    move |event| match event {
        Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { outcome } }
            if generation_id == generation =>
        {
            Some(outcome.clone())
        }
        _ => None,
    }
}

/// How often each generation ended.
pub(super) fn ends(events: &[Event]) -> BTreeMap<String, u32> {
    let mut ends = BTreeMap::new();
    for event in events {
        match event {
            Event::GenerationQueued { generation } => {
                ends.entry(generation.id.clone()).or_default();
            }
            Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { .. } } => {
                *ends.entry(generation_id.clone()).or_default() += 1;
            }
            _ => {}
        }
    }
    ends
}

pub(super) fn model_is(path: &str, wanted: fn(&ModelStatus) -> bool) -> impl Fn(&Event) -> Option<()> {
    move |event| match event {
        Event::ModelChanged { model } if model.path == path && wanted(&model.status) => Some(()),
        _ => None,
    }
}

pub(super) fn unloaded(status: &ModelStatus) -> bool {
    matches!(status, ModelStatus::Unloaded)
}

pub(super) fn idle(status: &ModelStatus) -> bool {
    matches!(status, ModelStatus::Idle { .. })
}

pub(super) fn contents(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.content.as_str()).collect()
}

pub(super) fn names(records: &[LifecycleRecord]) -> Vec<String> {
    let name = |event: &LifecycleEvent| match event {
        LifecycleEvent::Mounted { debug_label } => format!("mounted {debug_label}"),
        LifecycleEvent::Unmounted { debug_label } => format!("unmounted {debug_label}"),
        LifecycleEvent::Acquired { debug_label, reused } => format!("acquired {debug_label} reused={reused}"),
        LifecycleEvent::Released { debug_label } => format!("released {debug_label}"),
        LifecycleEvent::Failed { error } => format!("failed {:?}", error.code),
        LifecycleEvent::ThreadsChanged { from, to } => format!("threads {from} to {to}"),
        LifecycleEvent::ScopeParked { scope, .. } => format!("parked {scope}"),
        LifecycleEvent::ScopeRestored { scope } => format!("restored {scope}"),
        LifecycleEvent::ScopeDropped { scope } => format!("dropped {scope}"),
        LifecycleEvent::ScopeSaved { scope, .. } => format!("saved {scope}"),
        LifecycleEvent::ScopeNotSaved { scope, error } => format!("not saved {scope} {:?}", error.code),
        LifecycleEvent::ScopeNearlyFull { scope, .. } => format!("nearly full {scope}"),
        LifecycleEvent::ScopeShifted { scope, dropped_messages } => format!("shifted {scope} {dropped_messages}"),
        LifecycleEvent::FileSetAside { .. } => "set aside".into(),
        LifecycleEvent::Trimmed { rung, .. } => format!("trimmed {rung:?}"),
        LifecycleEvent::Suspended { saved_scopes } => format!("suspended {saved_scopes}"),
        LifecycleEvent::Resumed => "resumed".into(),
        LifecycleEvent::Downloading => "downloading".into(),
        LifecycleEvent::Loading => "loading".into(),
        LifecycleEvent::Ready => "ready".into(),
        LifecycleEvent::Idle => "idle".into(),
        LifecycleEvent::Unloading => "unloading".into(),
        LifecycleEvent::Unloaded => "unloaded".into(),
    };
    records.iter().map(|record| name(&record.event)).collect()
}
