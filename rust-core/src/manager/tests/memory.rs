//! Out of memory on load: idle models make room, once.

use super::host::{Host, manager, model_is};
use crate::engine::scripted::{Point, Script};
use crate::error::ErrorCode;
use crate::protocol::ModelStatus;
use serde_json::json;

#[test]
fn out_of_memory_unloads_idle_models_and_tries_once_more() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for path in ["idle 1.gguf", "idle 2.gguf", "leased.gguf"] {
        let acquire = host.acquire(path, json!({ "path": path }));
        host.done(&acquire);
    }
    host.release("idle 1.gguf");
    let released = host.release("idle 2.gguf");
    host.done(&released);

    script.fail_loads(1, ErrorCode::OutOfMemory);
    let acquire = host.acquire("big", json!({ "path": "big.gguf" }));
    host.done(&acquire);
    let is_loaded = |path| matches!(host.model(path).status, ModelStatus::Ready { .. });
    assert!(is_loaded("big.gguf") && is_loaded("leased.gguf"));
    for path in ["idle 1.gguf", "idle 2.gguf"] {
        assert!(matches!(host.model(path).status, ModelStatus::Unloaded), "{path}");
    }
    assert_eq!(script.counts().live, 2);
}

#[test]
fn out_of_memory_twice_is_an_error_and_so_is_having_nothing_to_unload() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    script.fail_loads(1, ErrorCode::OutOfMemory);
    let acquire = host.acquire("alone", json!({ "path": "big.gguf" }));
    assert_eq!(host.failed(&acquire), ErrorCode::OutOfMemory);
    assert_eq!(script.counts().loads, 1);

    let acquire = host.acquire("l", json!({ "path": "idle.gguf" }));
    host.done(&acquire);
    host.release("l");
    script.fail_loads(2, ErrorCode::OutOfMemory);
    let acquire = host.acquire("again", json!({ "path": "big.gguf" }));
    assert_eq!(host.failed(&acquire), ErrorCode::OutOfMemory);
    assert_eq!((script.counts().loads, script.counts().live), (4, 0));
}

#[test]
fn out_of_memory_waits_for_a_model_that_is_being_freed() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let acquire = host.acquire("old", json!({ "path": "old.gguf", "keepAliveMs": 0 }));
    host.done(&acquire);
    let freeing = script.gate(Point::Free);
    host.release("old");
    freeing.wait();

    script.fail_loads(1, ErrorCode::OutOfMemory);
    let acquire = host.acquire("new", json!({ "path": "new.gguf" }));
    has_run_out_of_memory(&mut host, "new.gguf");
    freeing.open();
    host.done(&acquire);
    assert_eq!(script.counts().live, 1);
}

#[test]
fn two_models_that_need_the_same_room_both_try_once_more() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let acquire = host.acquire("old", json!({ "path": "old.gguf" }));
    host.done(&acquire);
    let freeing = script.gate(Point::Free);
    host.release("old");

    script.fail_loads(2, ErrorCode::OutOfMemory);
    let one = host.acquire("one", json!({ "path": "one.gguf" }));
    freeing.wait();
    let two = host.acquire("two", json!({ "path": "two.gguf" }));
    has_run_out_of_memory(&mut host, "two.gguf");
    freeing.open();
    for request in [one, two] {
        host.answered_in_any_order(&request).expect("there is room for both");
    }
}

/// Waits until a load has ended, and has begun again or failed.
fn has_run_out_of_memory(host: &mut Host, path: &str) {
    host.until(model_is(path, |status| matches!(status, ModelStatus::Loading { progress } if *progress == 1.0)));
    host.until(model_is(path, |_| true));
}
