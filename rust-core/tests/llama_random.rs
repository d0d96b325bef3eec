//! Takes memory away from the real engine at random moments: leases released, models unloaded, memory trimmed, the app
//! suspended, each in the middle of loads, prefills and decodes. Every generation ends exactly once, and later turns
//! are answered as usual.
//!
//! `LLAMA_RS_FIRES` sets how often each of the four happens; `LLAMA_RS_SEED` repeats a run's choices.

#![cfg(feature = "llama")]

mod llama_common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use llama_common::config;
use llama_common::random_model::Random;
use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use llama_rs_core::error::ErrorCode;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, FinishReason, GenerateOptions, GenerationPhase, ModelStatus, Outcome, Snapshot};
use llama_rs_core::swapping::LlamaParent;
use serde_json::{Value, json};

/// After this long the test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// More scopes than slots, so that some are always out of the KV memory.
const SCOPES: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fire {
    Release,
    Unload,
    Trim,
    Suspend,
}

/// What the engine is doing when memory is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Load,
    Prefill,
    Decode,
}

#[test]
fn memory_is_taken_away_at_random_moments_and_everything_ends_once() {
    let fires = from_environment("LLAMA_RS_FIRES", 1_000);
    let seed = from_environment("LLAMA_RS_SEED", 1);
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut storm = Storm::new(&manager, seed);
    // The storm uses its random numbers an unpredictable number of times, so this choice has its own generator.
    let mut phases = Random(seed);
    for _ in 0..fires {
        for fire in [Fire::Release, Fire::Unload, Fire::Trim, Fire::Suspend] {
            // Loads take longest, so there are fewer of them.
            let phase = match phases.below(8) {
                0 => Phase::Load,
                1..4 => Phase::Prefill,
                _ => Phase::Decode,
            };
            storm.fire(fire, phase);
        }
    }
    storm.calm_down();

    assert!(storm.ends.values().all(|ends| *ends == 1), "seed {seed}: {:?}", storm.ends);
    let snapshot = storm.client.snapshot();
    assert!(snapshot.models.iter().all(|model| model.leases.is_empty()), "seed {seed}: {:?}", snapshot.models);
    assert!(!snapshot.suspended);
    a_fresh_conversation_is_right(&manager);
    assert!(manager.shutdown(PATIENCE), "every engine can be stopped");
}

fn a_fresh_conversation_is_right(manager: &ModelManager) {
    let parent = LlamaParent::new(manager, config());
    let scope = parent.get_scope(None);
    scope.send_prompt_with("My name is Alice", greedy(), |_| {}).expect("the model loads and answers");
    let answer = scope.send_prompt_with("What is my name?", greedy(), |_| {}).expect("the model answers");
    assert_eq!(answer, "Your name is Alice.");
}

fn greedy() -> GenerateOptions {
    GenerateOptions { temperature: Some(0.0), ..GenerateOptions::default() }
}

/// A host that requests answers and takes memory away.
struct Storm {
    client: Client,
    random: Random,
    requests: u64,
    /// Generations that were requested and have neither been refused nor ended.
    running: BTreeSet<String>,
    /// How often each generation has ended.
    ends: BTreeMap<String, u32>,
    /// Commands without an answer yet.
    unanswered: BTreeSet<String>,
}

impl Storm {
    fn new(manager: &ModelManager, seed: u64) -> Self {
        Self {
            client: manager.connect(),
            random: Random(seed),
            requests: 0,
            running: BTreeSet::new(),
            ends: BTreeMap::new(),
            unanswered: BTreeSet::new(),
        }
    }

    /// Brings the engine into a phase, and takes memory away somewhere within it.
    fn fire(&mut self, fire: Fire, wanted: Phase) {
        let keep_alive = [json!(0), json!(300_000), Value::Null][self.random.below(3)].clone();
        if fire == Fire::Release {
            let model = model(&keep_alive);
            self.send(json!({ "type": "acquire", "leaseId": "lease", "debugLabel": "storm", "model": model }));
        }
        self.bring_into(wanted, &keep_alive);
        match fire {
            Fire::Release => self.send(json!({ "type": "release", "leaseId": "lease" })),
            Fire::Unload => self.unload(),
            Fire::Trim => {
                let level = if self.random.below(2) == 0 { "moderate" } else { "critical" };
                self.send(json!({ "type": "trim", "level": level }));
            }
            Fire::Suspend => {
                let deadline = self.random.below(3) * 10;
                self.send(json!({ "type": "suspend", "deadlineMs": deadline }));
                self.send(json!({ "type": "resume" }));
            }
        }
    }

    /// Requests turns, and unloads where needed, until the engine is in the middle of this phase.
    fn bring_into(&mut self, wanted: Phase, keep_alive: &Value) {
        let deadline = Instant::now() + PATIENCE;
        // How far into the phase, counted in looks.
        let mut looks = self.random.below(40);
        loop {
            self.hear(Duration::ZERO);
            let snapshot = self.client.snapshot();
            let phases = phases(&snapshot);
            if phases.contains(&wanted) {
                if looks == 0 {
                    return;
                }
                looks -= 1;
            } else if wanted == Phase::Load && is_ready(&snapshot) {
                self.unload();
                self.calm_down();
                looks = 0;
            } else {
                self.keep_asking(&snapshot, keep_alive);
            }
            assert!(Instant::now() < deadline, "nothing happens: {snapshot:#?}");
            std::thread::yield_now();
        }
    }

    /// Keeps three turns running at any time, as far as the host can see.
    fn keep_asking(&mut self, snapshot: &Snapshot, keep_alive: &Value) {
        let is_over =
            |id: &String| snapshot.generations.iter().any(|state| state.id == *id && is_finished(&state.phase));
        let over = self.running.iter().filter(|id| is_over(id)).count();
        for _ in self.running.len() - over..3 {
            self.ask(keep_alive);
        }
    }

    fn unload(&mut self) {
        self.send(json!({ "type": "unload", "path": config().path }));
    }

    /// A turn of a random scope, with a prompt of random length and at most six tokens of answer.
    fn ask(&mut self, keep_alive: &Value) {
        let id = format!("generation {}", self.requests);
        let text = "My name is Alice and I like it. ".repeat(1 + self.random.below(8));
        self.running.insert(id.clone());
        let scope = format!("scope {}", self.random.below(SCOPES));
        self.send(json!({
            "type": "generate", "generationId": id, "scope": scope,
            "model": model(keep_alive), "messages": [{ "role": "user", "content": text }],
            // A penalty below 1 favours repeated tokens, so the answer goes on to its limit.
            "options": { "temperature": 0, "repeatPenalty": 0.05, "maxOutputTokens": 6 },
        }));
    }

    /// Waits until every command is answered and every generation has ended.
    fn calm_down(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.running.is_empty() || !self.unanswered.is_empty() {
            self.hear(Duration::from_millis(100));
            let (running, unanswered) = (&self.running, &self.unanswered);
            assert!(Instant::now() < deadline, "{running:?} do not end, {unanswered:?} are not answered");
        }
    }

    fn send(&mut self, mut command: Value) {
        let request = self.requests.to_string();
        self.requests += 1;
        command["requestId"] = json!(request);
        self.unanswered.insert(request);
        self.client.send(&command.to_string());
    }

    /// Processes arrived events, waiting at most `timeout` for the first.
    fn hear(&mut self, timeout: Duration) {
        let Pull::Batch(batch) = self.client.next_events(timeout) else { return };
        for numbered in batch.events {
            match numbered.event {
                Event::Done { request_id } => assert!(self.unanswered.remove(&request_id), "{request_id} twice"),
                Event::Failed { request_id, error } => {
                    assert!(self.unanswered.remove(&request_id), "{request_id} twice");
                    // The lease was released already, or the model was never acquired.
                    let known = [ErrorCode::LoadCancelled, ErrorCode::ModelNotKnown, ErrorCode::ModelUnloaded];
                    assert!(known.contains(&error.code), "{error}");
                }
                Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { outcome } } => {
                    self.running.remove(&generation_id);
                    assert_outcome(&outcome);
                    *self.ends.entry(generation_id).or_default() += 1;
                }
                _ => {}
            }
        }
    }
}

fn assert_outcome(outcome: &Outcome) {
    match (outcome.reason, &outcome.error) {
        (FinishReason::Stop | FinishReason::Length, None) => {}
        (FinishReason::Failed, Some(error))
            if matches!(error.code, ErrorCode::ModelUnloaded | ErrorCode::LoadCancelled) => {}
        other => panic!("no generation was to end so: {other:?}"),
    }
}

fn is_ready(snapshot: &Snapshot) -> bool {
    snapshot.models.iter().any(|model| matches!(model.status, ModelStatus::Ready { .. } | ModelStatus::Idle { .. }))
}

fn is_finished(phase: &GenerationPhase) -> bool {
    matches!(phase, GenerationPhase::Finished { .. })
}

fn model(keep_alive: &Value) -> Value {
    json!({ "path": config().path, "contextSize": 256, "maxResident": 2, "threads": 1, "keepAliveMs": keep_alive })
}

/// What the engine is doing.
fn phases(snapshot: &Snapshot) -> BTreeSet<Phase> {
    let loading = snapshot.models.iter().any(|model| matches!(model.status, ModelStatus::Loading { .. }));
    let of_generations = snapshot.generations.iter().filter_map(|generation| match generation.phase {
        GenerationPhase::Prefilling { .. } => Some(Phase::Prefill),
        GenerationPhase::Decoding => Some(Phase::Decode),
        GenerationPhase::Queued | GenerationPhase::Finished { .. } => None,
    });
    loading.then_some(Phase::Load).into_iter().chain(of_generations).collect()
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}
