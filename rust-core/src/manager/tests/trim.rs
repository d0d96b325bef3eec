//! `trim`: the ladder, step by step, with the bytes of each.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::host::{Host, manager, model_is, names, unloaded};
use super::residents::asked;
use crate::engine::scripted::{Needs, Point, Script};
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{Event, FinishReason, LifecycleEvent, LifecycleRecord, ModelStatus, Residency, TrimRung};

type Step = (Option<&'static str>, TrimRung, u64);

impl Host {
    fn trim(&mut self, level: &str) -> String {
        self.send(json!({ "type": "trim", "level": level }))
    }

    /// Returns when the manager has handled every earlier command.
    #[track_caller]
    fn fence(&mut self) {
        let configured = self.send(json!({ "type": "configure" }));
        self.done(&configured);
    }

    fn load(&mut self, path: &str) {
        let acquired = self.acquire(path, json!({ "path": path }));
        self.done(&acquired);
    }

    /// Loads and gives the lease back: the keep-alive runs.
    fn load_idle(&mut self, path: &str) {
        self.load(path);
        let released = self.release(path);
        self.done(&released);
    }

    /// Checks the recorded steps, in the order of the ladder. The models of one step are recorded in any order.
    #[track_caller]
    fn expect_steps(&mut self, expected: &[Step]) {
        let trimmed = |record: LifecycleRecord| match record.event {
            LifecycleEvent::Trimmed { rung, bytes_freed } => Some((rung, record.model, bytes_freed)),
            _ => None,
        };
        let mut steps: Vec<_> = self.log().into_iter().filter_map(trimmed).collect();
        assert!(steps.is_sorted_by_key(|(rung, _, _)| *rung), "{steps:?}");
        steps.sort();
        let expected: Vec<_> =
            expected.iter().map(|(path, rung, bytes)| (*rung, path.map(str::to_owned), *bytes)).collect();
        assert_eq!(steps, expected);
    }

    #[track_caller]
    fn expect_unloaded(&self, paths: &[&str]) {
        for path in paths {
            assert!(matches!(self.model(path).status, ModelStatus::Unloaded), "{path}: {:?}", self.model(path).status);
        }
    }

    #[track_caller]
    fn expect_ready(&self, path: &str) {
        assert!(matches!(self.model(path).status, ModelStatus::Ready { .. }), "{path}: {:?}", self.model(path).status);
    }
}

fn model(path: &str) -> Value {
    json!({ "path": path })
}

/// A script whose models take different amounts: 2,000 bytes and one for each of 16,384 tokens, 3,000 and so on.
fn script(paths: &[&str]) -> Script {
    let script = Script::new();
    for (path, thousands) in paths.iter().zip(2..) {
        script.needs(path, Needs { weights: thousands * 1_000, kv_per_token: 1, compute: 0 });
    }
    script
}

#[test]
fn with_nothing_to_trim_nothing_is_recorded() {
    let manager = manager(&Script::new());
    let mut host = Host::on(&manager);
    for level in ["moderate", "critical"] {
        let trim = host.trim(level);
        host.done(&trim);
    }
    host.load("a.gguf");
    host.set_resident("at work", 500, true);
    let trim = host.trim("critical");
    host.done(&trim);
    host.expect_steps(&[]);
    host.expect_ready("a.gguf");
}

#[test]
fn a_moderate_trim_drops_parked_scopes_and_unloads_only_idle_models() {
    let script = script(&["idle 1.gguf", "idle 2.gguf"]);
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.load_idle("idle 1.gguf");
    host.load_idle("idle 2.gguf");
    host.set_resident("speech", 500, false);
    let one_slot = json!({ "path": "leased.gguf", "maxResident": 1 });
    let acquired = host.acquire("l", one_slot.clone());
    host.done(&acquired);
    for scope in ["parked 1", "parked 2", "resident"] {
        host.say_with(scope, scope, "hi", one_slot.clone(), json!({}));
        host.answered(scope);
    }
    let parked = host.parked_bytes("parked 1") + host.parked_bytes("parked 2");

    let trim = host.trim("moderate");
    host.done(&trim);
    host.expect_unloaded(&["idle 1.gguf", "idle 2.gguf"]);
    host.expect_ready("leased.gguf");
    assert_eq!(script.counts().live, 1);
    let scopes = host.snapshot().scopes;
    let residency: Vec<_> = scopes.iter().map(|scope| (scope.id.as_str(), scope.residency)).collect();
    use Residency::{Resident, Uncached};
    assert_eq!(residency, [("parked 1", Uncached), ("parked 2", Uncached), ("resident", Resident)]);
    assert!(host.asked_to_go().is_empty());
    let told = names(&host.log());
    assert!(told.contains(&"dropped parked 1".into()) && told.contains(&"dropped parked 2".into()), "{told:?}");
    host.expect_steps(&[
        (Some("leased.gguf"), TrimRung::ParkedDropped, parked),
        (Some("idle 1.gguf"), TrimRung::IdleUnloaded, 2_000 + 16_384),
        (Some("idle 2.gguf"), TrimRung::IdleUnloaded, 3_000 + 16_384),
    ]);
    // A dropped scope is prefilled again, and nothing else is lost.
    host.say_with("again", "parked 1", "again", one_slot, json!({}));
    assert_eq!(host.answered("again").0, "you said: again");
}

#[test]
fn parked_scopes_are_saved_before_any_is_forgotten() {
    let directory = tempfile::tempdir().expect("a directory for the test");
    let script = Script::new();
    let manager = manager(&script);
    manager.keep_in(directory.path()).expect("no other manager has the directory");
    let mut host = Host::on(&manager);
    let one_slot = json!({ "path": "a.gguf", "maxResident": 1, "keepAliveMs": null });
    for scope in ["on disk already", "to disk", "secret", "resident"] {
        host.say_with(scope, scope, "hi", one_slot.clone(), json!({}));
        host.answered(scope);
    }
    let secret = host.send(json!({ "type": "setPersist", "scope": "secret", "persist": "none" }));
    host.done(&secret);
    let saved = host.send(json!({ "type": "save", "scope": "on disk already" }));
    host.done(&saved);
    let acquired = host.acquire("l", one_slot.clone());
    host.done(&acquired);
    let on_disk = host.parked_bytes("on disk already") + host.parked_bytes("to disk");
    let dropped = host.parked_bytes("secret");

    let trim = host.trim("moderate");
    host.done(&trim);
    host.expect_steps(&[
        (Some("a.gguf"), TrimRung::ParkedSaved, on_disk),
        (Some("a.gguf"), TrimRung::ParkedDropped, dropped),
    ]);
    let residency = |host: &Host| -> Vec<_> {
        host.snapshot().scopes.into_iter().map(|scope| (scope.id, scope.residency)).collect()
    };
    use Residency::{Resident, Saved, Uncached};
    let expected = [("on disk already", Saved), ("resident", Resident), ("secret", Uncached), ("to disk", Saved)];
    assert_eq!(residency(&host), expected.map(|(id, residency)| (id.to_owned(), residency)));
    let told = names(&host.log());
    assert!(told.contains(&"dropped secret".into()) && !told.contains(&"dropped to disk".into()), "{told:?}");

    host.say_with("back", "to disk", "again", one_slot, json!({}));
    let (answer, outcome) = host.answered("back");
    assert_eq!(answer, "you said: again");
    assert!(outcome.usage.cached_tokens > 0, "it came back without a prefill");
}

#[test]
fn a_critical_trim_leaves_the_model_used_last_alone() {
    let script = script(&["idle.gguf", "first.gguf", "last.gguf"]);
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.load_idle("idle.gguf");
    host.load("last.gguf");
    host.load("first.gguf");
    host.say_with("g", "s", "hi", model("last.gguf"), json!({}));
    host.answered("g");
    host.set_resident("at work", 500, true);
    host.set_resident("speech", 700, false);
    host.set_resident("voice", 300, false);

    let trim = host.trim("critical");
    host.until(asked("speech"));
    host.until(asked("voice"));
    host.remove_resident("voice");
    host.remove_resident("speech");
    host.done(&trim);
    host.expect_steps(&[
        (Some("idle.gguf"), TrimRung::IdleUnloaded, 2_000 + 16_384),
        (None, TrimRung::ResidentsEvicted, 1_000),
        (Some("first.gguf"), TrimRung::LeasedUnloaded, 3_000 + 16_384),
    ]);
    host.expect_unloaded(&["idle.gguf", "first.gguf"]);
    host.expect_ready("last.gguf");
    assert_eq!(host.asked_to_go(), ["speech", "voice"]);
}

#[test]
fn an_answering_model_stays_and_the_leases_of_others_count_again() {
    let script = Script::new();
    let answering = script.gate(Point::Decode(2));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say_with("g", "s", "hi", model("answers.gguf"), json!({}));
    answering.wait();
    host.load("newer.gguf");
    let trim = host.trim("critical");
    host.done(&trim);
    host.expect_steps(&[(Some("newer.gguf"), TrimRung::LeasedUnloaded, 1_000)]);
    answering.open();
    assert_eq!(host.answered("g").0, "you said: hi");

    assert_eq!(host.model("newer.gguf").leases.len(), 1);
    host.say_with("next", "other", "hi", model("newer.gguf"), json!({}));
    host.answered("next");
    host.expect_ready("newer.gguf");
}

#[test]
fn generations_of_a_model_that_is_trimmed_end_as_model_unloaded() {
    let script = Script::new();
    let decoding = script.gate(Point::Decode(2));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say_with("old", "s", "hi", model("old.gguf"), json!({}));
    decoding.wait();
    host.say_with("behind it", "s", "hi again", model("old.gguf"), json!({}));
    let stands = script.gate(Point::Prefilled(script.counts().prefilled_rows + 1));
    host.say_with("new", "t", "hi", model("new.gguf"), json!({}));
    stands.wait();

    let trim = host.trim("critical");
    host.fence();
    decoding.open();
    for generation in ["old", "behind it"] {
        let outcome = host.finished_in_any_order(generation);
        assert_eq!(outcome.reason, FinishReason::Failed, "{generation}");
        assert_eq!(outcome.error.map(|error| error.code), Some(ErrorCode::ModelUnloaded), "{generation}");
    }
    host.answered_in_any_order(&trim).expect("a trim does not fail");
    host.expect_unloaded(&["old.gguf"]);
    stands.open();
    assert_eq!(host.finished_in_any_order("new").reason, FinishReason::Stop);
    assert_eq!(host.transcript("s"), [], "both turns went back whole");
}

#[test]
fn a_load_is_cancelled_if_no_lease_waits_for_it_or_another_model_was_used_later() {
    let script = script(&["loads.gguf"]);
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for (level, rung) in [("moderate", TrimRung::IdleUnloaded), ("critical", TrimRung::LeasedUnloaded)] {
        let loading = script.gate(Point::Load(0.5));
        let acquire = host.acquire("l", model("loads.gguf"));
        loading.wait();
        if level == "moderate" {
            host.release("l");
            assert_eq!(host.failed(&acquire), ErrorCode::LoadCancelled);
        } else {
            host.load("used later.gguf");
        }
        let trim = host.trim(level);
        if level == "critical" {
            assert_eq!(host.failed(&acquire), ErrorCode::LoadCancelled);
        }
        loading.open();
        host.done(&trim);
        host.expect_unloaded(&["loads.gguf"]);
        let last = host.log().into_iter().rev().find(|it| matches!(it.event, LifecycleEvent::Trimmed { .. }));
        // Four tenths of the weights had been read by then.
        let expected = LifecycleEvent::Trimmed { rung, bytes_freed: 800 };
        assert_eq!(last.map(|record| record.event), Some(expected));
    }
}

#[test]
fn a_trim_is_done_when_the_memory_is_free_and_trims_that_arrive_meanwhile_are_not_lost() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.load_idle("idle.gguf");
    let freeing = script.gate(Point::Free);
    let first = host.trim("moderate");
    freeing.wait();
    host.load("old.gguf");
    host.load("new.gguf");
    let more: Vec<String> = ["moderate", "critical", "moderate"].map(|level| host.trim(level)).into();
    host.fence();
    let answered = |event: &&Event| matches!(event, Event::Done { request_id } if *request_id == first);
    assert_eq!(host.events.iter().filter(answered).count(), 0, "it is not free yet");

    freeing.open();
    host.done(&first);
    for trim in more {
        host.done(&trim);
    }
    host.expect_steps(&[
        (Some("idle.gguf"), TrimRung::IdleUnloaded, 1_000),
        (Some("old.gguf"), TrimRung::LeasedUnloaded, 1_000),
    ]);
    assert_eq!(script.counts().live, 1);
}

#[test]
fn a_model_that_is_stopping_already_is_awaited_and_not_recorded() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.load("a.gguf");
    let freeing = script.gate(Point::Free);
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    freeing.wait();
    let trim = host.trim("moderate");
    freeing.open();
    host.done(&unload);
    host.done(&trim);
    host.expect_steps(&[]);
}

#[tokio::test(start_paused = true)]
async fn a_trim_goes_on_without_a_resident_that_never_answers() {
    let script = Script::new();
    let manager = ModelManager::on(script.loader(), Handle::current());
    let mut host = Host::on(&manager);
    for path in ["old.gguf", "new.gguf"] {
        host.acquire(path, model(path));
        host.until_paused(model_is(path, |status| matches!(status, ModelStatus::Ready { .. }))).await;
    }
    host.send_resident("speech", 600, false);
    host.trim("critical");
    host.until_paused(asked("speech")).await;
    tokio::time::advance(Duration::from_millis(1_999)).await;
    host.expect_ready("old.gguf");
    tokio::time::advance(Duration::from_millis(1)).await;
    host.until_paused(model_is("old.gguf", unloaded)).await;
    let silent = |event: &Event| match event {
        Event::Recorded { record } => match record.event {
            LifecycleEvent::Trimmed { rung: TrimRung::LeasedUnloaded, bytes_freed } => Some(bytes_freed),
            _ => None,
        },
        _ => None,
    };
    assert_eq!(host.until_paused(silent).await, 1_000);
    let recorded = host.events.iter().any(|event| {
        matches!(event, Event::Recorded { record } if record.model.is_none()
            && record.event == LifecycleEvent::Trimmed { rung: TrimRung::ResidentsEvicted, bytes_freed: 0 })
    });
    assert!(recorded, "residents were asked, and gave nothing back");
}
