//! `memoryBudgetBytes`: a load beyond the budget evicts idle models, and is refused with numbers if that is not enough.

use serde_json::json;

use super::host::{Host, manager, model_is, unloaded};
use crate::engine::scripted::{Point, Script};
use crate::error::{Error, ErrorCode};
use crate::protocol::{Event, ModelStatus};

impl Host {
    pub(super) fn configure(&mut self, memory_budget: u64) {
        let configured = self.send(json!({ "type": "configure", "memoryBudgetBytes": memory_budget }));
        self.done(&configured);
    }

    /// The error that a request fails with.
    #[track_caller]
    pub(super) fn error(&mut self, request: &str) -> Error {
        self.until(|event| match event {
            Event::Failed { request_id, error } if request_id == request => Some(error.clone()),
            Event::Done { request_id } if request_id == request => panic!("{request} was to fail"),
            _ => None,
        })
    }
}

/// Every model of the script takes 1,000 bytes.
fn model(path: &str) -> serde_json::Value {
    json!({ "path": path })
}

#[test]
fn a_load_beyond_the_budget_is_refused_with_numbers_unless_it_is_forced() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(1_500);
    let acquired = host.acquire("a", model("a.gguf"));
    host.done(&acquired);

    let refused = host.acquire("b", model("b.gguf"));
    let error = host.error(&refused);
    assert_eq!(error.code, ErrorCode::OutOfMemory);
    let numbers = "could not load b.gguf: it needs 1.0 kB, 500 bytes of the memory budget of 1.5 kB are left";
    assert!(error.detail.starts_with(numbers), "{}", error.detail);
    assert_eq!(script.counts().loads, 1, "nothing of it was loaded");

    let forced = host.acquire("b", json!({ "path": "b.gguf", "force": true }));
    host.done(&forced);
    assert_eq!(script.counts().live, 2);
}

#[test]
fn idle_models_are_unloaded_before_a_load_is_refused() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(2_000);
    for path in ["idle.gguf", "leased.gguf"] {
        let acquired = host.acquire(path, model(path));
        host.done(&acquired);
    }
    host.release("idle.gguf");
    let acquired = host.acquire("new", model("new.gguf"));
    host.done(&acquired);
    assert!(matches!(host.model("idle.gguf").status, ModelStatus::Unloaded));
    assert_eq!((script.counts().loads, script.counts().live), (3, 2));

    let refused = host.acquire("too much", model("too much.gguf"));
    assert_eq!(host.failed(&refused), ErrorCode::OutOfMemory);
}

#[test]
fn two_loads_at_once_are_never_given_the_same_memory() {
    let script = Script::new();
    let loading = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(1_000);
    let first = host.acquire("first", model("first.gguf"));
    loading.wait();
    let second = host.acquire("second", model("second.gguf"));
    assert_eq!(host.failed(&second), ErrorCode::OutOfMemory);
    loading.open();
    host.done(&first);

    // The first model's memory is free again as soon as it is unloaded.
    let unload = host.send(json!({ "type": "unload", "path": "first.gguf" }));
    host.done(&unload);
    let second = host.acquire("second", model("second.gguf"));
    host.done(&second);
}

#[test]
fn a_load_that_fails_or_is_cancelled_gives_its_claim_back() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(1_000);
    script.fail_loads(1, ErrorCode::ModelInvalid);
    let failed = host.acquire("failed", model("failed.gguf"));
    assert_eq!(host.failed(&failed), ErrorCode::ModelInvalid);

    let loading = script.gate(Point::Load(0.5));
    host.acquire("cancelled", json!({ "path": "cancelled.gguf", "keepAliveMs": 0 }));
    loading.wait();
    host.release("cancelled");
    loading.open();
    host.until(model_is("cancelled.gguf", unloaded));

    let acquired = host.acquire("last", model("last.gguf"));
    host.done(&acquired);
}

#[test]
fn a_load_that_is_cancelled_during_its_claim_takes_nothing() {
    let script = Script::new();
    let asking = script.gate(Point::Estimate);
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(1_000);
    host.acquire("cancelled", json!({ "path": "cancelled.gguf", "keepAliveMs": 0 }));
    asking.wait();
    let released = host.release("cancelled");
    host.done(&released);
    asking.open();
    host.until(model_is("cancelled.gguf", unloaded));
    assert_eq!(script.counts().loads, 0);
    let acquired = host.acquire("last", model("last.gguf"));
    host.done(&acquired);
}

#[test]
fn an_omitted_budget_stays_and_loaded_models_stay_under_a_smaller_one() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(1_000);
    let acquired = host.acquire("a", model("a.gguf"));
    host.done(&acquired);
    let configured = host.send(json!({ "type": "configure", "savedBudgetBytes": 5 }));
    host.done(&configured);
    let refused = host.acquire("b", model("b.gguf"));
    assert_eq!(host.failed(&refused), ErrorCode::OutOfMemory);

    host.configure(1);
    let again = host.acquire("again", model("a.gguf"));
    host.done(&again);
    assert!(matches!(host.model("a.gguf").status, ModelStatus::Ready { .. }));
}
