//! Thousands of commands in seeded random order, from hosts that come and go: everything is answered once, every
//! generation ends once, and nothing is left behind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::host::{Host, ends, manager};
use crate::engine::scripted::Script;
use crate::protocol::{Event, GenerationPhase, ModelStatus, Snapshot};

const COMMANDS: usize = 400;

/// A linear congruential generator (Knuth's MMIX constants): enough to mix commands, and the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.below(from.len() as u64) as usize].clone())
    }
}

#[test]
fn every_request_is_answered_once_and_every_generation_ends_once() {
    for seed in 0..12 {
        run(seed);
    }
}

fn run(seed: u64) {
    let script = Script::new();
    let manager = manager(&script);
    let mut random = Random(seed);
    let mut host = Host::on(&manager);
    // Sees all events from the first to the last, whatever other hosts do.
    let mut witness = Host::on(&manager);
    let (mut asked, mut leases, mut generations) = (Vec::new(), Vec::new(), Vec::new());

    for step in 0..COMMANDS {
        let model = json!({
            "path": random.pick(&["a.gguf", "b.gguf"]), "maxResident": 2,
            "keepAliveMs": random.pick(&[Some(0), Some(60_000), None]),
        });
        match random.below(100) {
            0..20 => {
                let lease = format!("lease {step}");
                asked.push(host.acquire(&lease, model));
                leases.push(lease);
            }
            20..35 => {
                if let Some(lease) = random.pick(&leases) {
                    asked.push(host.release(&lease));
                }
            }
            35..70 => {
                let id = format!("generation {step}");
                let scope = format!("scope {}", random.below(4));
                let options = json!({ "keepPartial": random.below(2) == 0 });
                asked.push(host.say_with(&id, &scope, "one two three", model, options));
                generations.push(id);
            }
            70..80 => {
                if let Some(id) = random.pick(&generations) {
                    asked.push(host.cancel(&id));
                }
            }
            80..85 => {
                let messages = json!([{ "role": "user", "content": "one two four" }]);
                let scope = format!("scope {}", random.below(4));
                asked.push(host.send(json!({ "type": "prefill", "scope": scope, "append": messages })));
            }
            85..90 => asked.push(host.send(json!({ "type": "unload", "path": model["path"] }))),
            90..95 => {
                asked.push(host.send(json!({ "type": "deleteScope", "scope": format!("scope {}", random.below(4)) })))
            }
            95..98 => {
                asked.push(host.send(json!({ "type": "getTranscript", "scope": format!("scope {}", random.below(4)) })))
            }
            _ => {
                // A reload: what this host asked is never answered, and what it started goes on.
                host = Host::on(&manager);
                asked.clear();
                leases.clear();
            }
        }
    }

    let answers = answers_to(&mut host, &asked);
    for request in &asked {
        assert_eq!(answers.get(request), Some(&1), "seed {seed}: {request}");
    }
    for path in ["a.gguf", "b.gguf"] {
        unload(&mut host, path);
    }
    let last = host.send(json!({ "type": "recordMount", "debugLabel": "the end", "path": "", "mount": "mounted" }));
    host.done(&last);
    assert_eq!(script.counts().live, 0, "seed {seed}");
    let accepted = accepted_by(&mut witness);
    assert!(accepted.values().all(|ends| *ends == 1), "seed {seed}: {accepted:?}");
    assert_at_rest(&host.snapshot(), seed);
}

/// How often each request was answered, once all were.
fn answers_to(host: &mut Host, asked: &[String]) -> BTreeMap<String, u32> {
    let mut open: BTreeSet<&String> = asked.iter().collect();
    let mut seen = 0;
    while !open.is_empty() {
        host.until(|event| request_of(event).map(|_| ()));
        for event in &host.events[seen..] {
            if let Some(request) = request_of(event) {
                open.remove(request);
            }
        }
        seen = host.events.len();
    }
    let mut answers = BTreeMap::new();
    for request in host.events.iter().filter_map(request_of) {
        *answers.entry(request.clone()).or_default() += 1;
    }
    answers
}

fn request_of(event: &Event) -> Option<&String> {
    match event {
        Event::Done { request_id }
        | Event::Failed { request_id, .. }
        | Event::Transcript { request_id, .. }
        | Event::Prefilled { request_id, .. } => Some(request_id),
        _ => None,
    }
}

/// Unloads a model if it is known.
fn unload(host: &mut Host, path: &str) {
    let unload = host.send(json!({ "type": "unload", "path": path }));
    let _known = host.answer(&unload);
}

/// How often each accepted generation ended.
fn accepted_by(witness: &mut Host) -> BTreeMap<String, u32> {
    witness.until(|event| match event {
        Event::Recorded { record } if record.model.as_deref() == Some("") => Some(()),
        _ => None,
    });
    ends(&witness.events)
}

fn assert_at_rest(snapshot: &Snapshot, seed: u64) {
    for model in &snapshot.models {
        assert!(matches!(model.status, ModelStatus::Unloaded), "seed {seed}: {model:?}");
        assert!(model.leases.iter().all(|lease| lease.debug_label.starts_with("lease")), "seed {seed}: {model:?}");
    }
    for generation in &snapshot.generations {
        assert!(matches!(generation.phase, GenerationPhase::Finished { .. }), "seed {seed}: {generation:?}");
    }
}
