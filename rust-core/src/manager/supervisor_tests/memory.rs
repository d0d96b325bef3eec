//! Out of memory on load: idle models make room, once.

use super::host::{Host, manager};
use crate::engine::scripted::Script;
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
