//! A hot device: engines that run, and engines that start later, compute with fewer threads.

use serde_json::{Value, json};

use super::host::{Host, manager};
use crate::engine::scripted::Script;
use crate::protocol::{Event, ModelStatus};

fn model(path: &str) -> Value {
    json!({ "path": path, "threads": 4 })
}

/// Waits until a loaded model computes with `threads` threads.
#[track_caller]
fn computes_with(host: &mut Host, path: &str, threads: u32) {
    host.until(|event| match event {
        Event::ModelChanged { model } if model.path == path => match &model.status {
            ModelStatus::Ready { info } if info.threads == threads => Some(()),
            _ => None,
        },
        _ => None,
    });
}

#[test]
fn heat_reaches_loaded_models_and_models_that_load_later() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.acquire("first", model("a.gguf"));
    computes_with(&mut host, "a.gguf", 4);
    let hot = host.send(json!({ "type": "setHeat", "heat": "serious" }));
    host.done(&hot);
    computes_with(&mut host, "a.gguf", 2);
    host.acquire("second", model("b.gguf"));
    computes_with(&mut host, "b.gguf", 2);
    let hotter = host.send(json!({ "type": "setHeat", "heat": "critical" }));
    host.done(&hotter);
    computes_with(&mut host, "b.gguf", 1);
}
