//! Takes memory away at every phase of a generation, a thousand times in each way. The script stops the engine at a
//! random point. The command arrives before or after the engine goes on.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::host::{Host, contents, manager};
use super::random::Random;
use crate::engine::scripted::{Point, Script};
use crate::error::ErrorCode;
use crate::protocol::{FinishReason, ModelStatus, Outcome};

const TIMES: u64 = 1_000;
/// Managers that run side by side. Each mostly waits for batches of events, which are 16 ms apart.
const MANAGERS: u64 = 16;

/// `<user>` one two three `<end>` `<assistant>`, and the answer `you said: one two three`.
const QUESTION: &str = "one two three";
const PROMPT_TOKENS: u64 = 6;
const ANSWER_TOKENS: u64 = 5;

/// A command that takes memory from a model in use.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Trim,
    Release,
    Unload,
    /// Suspends, then resumes.
    Suspend,
}

#[test]
fn trim_at_any_phase_a_thousand_times() {
    strike_everywhere(Blow::Trim);
}

#[test]
fn release_at_any_phase_a_thousand_times() {
    strike_everywhere(Blow::Release);
}

#[test]
fn unload_at_any_phase_a_thousand_times() {
    strike_everywhere(Blow::Unload);
}

#[test]
fn suspend_at_any_phase_a_thousand_times() {
    strike_everywhere(Blow::Suspend);
}

fn strike_everywhere(blow: Blow) {
    let (struck, survived) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|threads| {
        for seed in 0..MANAGERS {
            let (struck, survived) = (&struck, &survived);
            threads.spawn(move || Ring::new(seed).strike(blow, struck, survived));
        }
    });
    assert_eq!(struck.into_inner(), TIMES);
    let survived = survived.into_inner();
    match blow {
        Blow::Release => assert_eq!(survived, TIMES, "a generation has a lease of its own"),
        Blow::Suspend => assert_eq!(survived, TIMES, "a suspended generation goes on"),
        Blow::Trim | Blow::Unload => assert!((1..TIMES).contains(&survived), "{survived} generations survived"),
    }
}

/// One manager with its script and its host.
struct Ring {
    seed: u64,
    random: Random,
    script: Script,
    host: Host,
    manager: crate::manager::ModelManager,
}

impl Ring {
    fn new(seed: u64) -> Self {
        let script = Script::new();
        let manager = manager(&script);
        let host = Host::on(&manager);
        Self { seed, random: Random(seed), script, host, manager }
    }

    fn strike(mut self, blow: Blow, struck: &AtomicU64, survived: &AtomicU64) {
        for round in (self.seed..TIMES).step_by(MANAGERS as usize) {
            let outcome = self.round(blow, round);
            survived.fetch_add(u64::from(outcome.reason == FinishReason::Stop), Ordering::Relaxed);
            struck.fetch_add(1, Ordering::Relaxed);
        }
        let mut last = Host::on(&self.manager);
        last.say("last", "last scope", QUESTION);
        assert_eq!(last.answered("last").0, format!("you said: {QUESTION}"));
        let trim = last.send(json!({ "type": "trim", "level": "moderate" }));
        last.done(&trim);
        assert_eq!(self.script.counts().live, 0, "seed {}", self.seed);
    }

    fn round(&mut self, blow: Blow, round: u64) -> Outcome {
        let context = format!("{blow:?} in round {round}");
        let (generation, lease, other) = (format!("g{round}"), format!("l{round}"), format!("other{round}"));
        let keep_alive = if self.random.below(2) == 0 { 0 } else { 60_000 };
        let model = json!({ "path": "a.gguf", "keepAliveMs": keep_alive });
        let point = self.random_point();
        let standing = self.script.gate(point);
        let leased = self.host.acquire(&lease, model.clone());
        self.host.say_with(&generation, &format!("s{round}"), QUESTION, model.clone(), json!({}));
        standing.wait();
        // If another model was used later, a critical trim unloads this one, unless it generates.
        let mut asked = vec![leased];
        if self.random.below(2) == 0 {
            asked.push(self.host.acquire(&other, json!({ "path": "b.gguf" })));
        }
        let open_first = self.random.below(2) == 0;
        let mut standing = Some(standing);
        if open_first && let Some(gate) = standing.take() {
            gate.open();
            for _ in 0..self.random.below(50) {
                std::thread::yield_now();
            }
        }
        asked.extend(self.blow(blow, &lease));
        if let Some(gate) = standing {
            gate.open();
        }
        let outcome = self.host.finished_in_any_order(&generation);
        check(blow, &outcome, &context);
        for request in &asked {
            let _refused = self.host.answered_in_any_order(request);
        }
        for lease in [lease, other] {
            let released = self.host.release(&lease);
            self.host.answered_in_any_order(&released).expect("a lease can always be given back");
        }
        let transcript = self.host.transcript(&format!("s{round}"));
        let answered = format!("you said: {QUESTION}");
        let kept = if outcome.reason == FinishReason::Stop { vec![QUESTION, &answered] } else { vec![] };
        assert_eq!(contents(&transcript), kept, "{context}: a turn stays or goes back whole");
        self.settle(&context);
        outcome
    }

    /// A point in the load if there will be one, else in the generation, so that every gate is reached.
    fn random_point(&mut self) -> Point {
        let counts = self.script.counts();
        match self.random.below(if self.is_loaded() { 2 } else { 3 }) {
            0 => Point::Prefilled(counts.prefilled_rows + 1 + self.random.below(PROMPT_TOKENS) as u32),
            1 => Point::Decode(counts.decode_calls + 1 + self.random.below(ANSWER_TOKENS) as u32),
            _ => Point::Load(self.random.below(11) as f32 / 10.0),
        }
    }

    fn blow(&mut self, blow: Blow, lease: &str) -> Vec<String> {
        match blow {
            Blow::Trim => {
                let levels = ["moderate", "critical"];
                let times = 1 + self.random.below(2);
                let level = |random: &mut Random| levels[random.below(2) as usize];
                (0..times)
                    .map(|_| {
                        let level = level(&mut self.random);
                        self.host.send(json!({ "type": "trim", "level": level }))
                    })
                    .collect()
            }
            Blow::Release => vec![self.host.release(lease)],
            Blow::Suspend => {
                let suspended = self.host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
                for _ in 0..self.random.below(50) {
                    std::thread::yield_now();
                }
                vec![suspended, self.host.send(json!({ "type": "resume" }))]
            }
            Blow::Unload => vec![self.host.send(json!({ "type": "unload", "path": "a.gguf" }))],
        }
    }

    fn is_loaded(&self) -> bool {
        self.status().is_some_and(|status| matches!(status, ModelStatus::Ready { .. } | ModelStatus::Idle { .. }))
    }

    fn status(&self) -> Option<ModelStatus> {
        self.host.snapshot().models.into_iter().find(|model| model.path == "a.gguf").map(|model| model.status)
    }

    /// Checks that every generation ended once. The next round finds the model loaded or unloaded, but not on its way.
    fn settle(&mut self, context: &str) {
        let ended = super::host::ends(&self.host.events);
        assert!(ended.values().all(|times| *times == 1), "{context}: {ended:?}");
        self.host.events.clear();
        self.host.look_anew();
        let moving = matches!(self.status(), Some(ModelStatus::Loading { .. } | ModelStatus::Unloading));
        if moving || self.random.below(2) == 0 {
            let trim = self.host.send(json!({ "type": "trim", "level": "moderate" }));
            self.host.done(&trim);
        }
    }
}

fn check(blow: Blow, outcome: &Outcome, context: &str) {
    let code = outcome.error.as_ref().map(|error| error.code);
    match (blow, outcome.reason) {
        (_, FinishReason::Stop) => assert_eq!(code, None, "{context}"),
        (Blow::Trim | Blow::Unload, FinishReason::Failed) => {
            let expected = [Some(ErrorCode::ModelUnloaded), Some(ErrorCode::LoadCancelled)];
            assert!(expected.contains(&code), "{context}: {outcome:?}");
        }
        _ => panic!("{context}: {outcome:?}"),
    }
}
