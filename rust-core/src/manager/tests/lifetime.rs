//! Leases, keep-alive, reloads of the host, unload, shutdown.

use std::time::Duration;

use serde_json::json;
use tokio::runtime::Handle;

use super::host::{Host, a, finish_of, idle, manager, model_is, names, unloaded};
use crate::engine::scripted::{Point, Script};
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{FinishReason, ModelStatus};

#[test]
fn many_leases_cost_one_load() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let requests: Vec<String> = (0..100).map(|index| host.acquire(&format!("l{index}"), a())).collect();
    for request in requests {
        host.done(&request);
    }
    assert_eq!((script.counts().loads, host.model("a.gguf").loads), (1, 1));
    assert_eq!(host.model("a.gguf").leases.len(), 100);
}

#[test]
fn ready_is_published_before_the_lease_is_answered() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.acquire("l", a());
    host.until(model_is("a.gguf", |status| matches!(status, ModelStatus::Ready { .. })));
    host.done(&request);
}

#[tokio::test(start_paused = true)]
async fn last_release_unloads_after_keep_alive() {
    let script = Script::new();
    let manager = ModelManager::on(script.loader(), Handle::current());
    let mut host = Host::on(&manager);
    host.acquire("l", json!({ "path": "a.gguf", "keepAliveMs": 1000 }));
    host.release("l");
    host.until_paused(model_is("a.gguf", idle)).await;

    tokio::time::advance(Duration::from_millis(999)).await;
    host.acquire("again", json!({ "path": "a.gguf", "keepAliveMs": 1000 }));
    host.release("again");
    host.until_paused(model_is("a.gguf", idle)).await;
    tokio::time::advance(Duration::from_millis(999)).await;
    assert_eq!(script.counts().live, 1);

    tokio::time::advance(Duration::from_millis(1)).await;
    host.until_paused(model_is("a.gguf", unloaded)).await;
    assert_eq!((script.counts().live, script.counts().loads), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_leases_of_a_host_that_reloads_outlive_it_by_ten_seconds() {
    let script = Script::new();
    let manager = ModelManager::on(script.loader(), Handle::current());
    let mut before = Host::on(&manager);
    before.acquire("l", json!({ "path": "a.gguf", "keepAliveMs": 0 }));
    before.until_paused(model_is("a.gguf", |status| matches!(status, ModelStatus::Ready { .. }))).await;
    drop(before);

    let mut after = Host::on(&manager);
    tokio::time::advance(Duration::from_millis(9_999)).await;
    assert!(matches!(after.model("a.gguf").status, ModelStatus::Ready { .. }), "in the first render after a reload");
    after.acquire("l", json!({ "path": "a.gguf", "keepAliveMs": 0 }));
    tokio::time::advance(Duration::from_millis(1)).await;
    after.release("l");
    after.until_paused(model_is("a.gguf", unloaded)).await;
    assert_eq!(script.counts().loads, 1);
}

#[test]
fn a_closed_client_takes_no_command_and_no_lease() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let closed = manager.connect();
    closed.close();
    let acquire = json!({ "requestId": "r", "type": "acquire", "leaseId": "l", "debugLabel": "late", "model": a() });
    closed.send(&acquire.to_string());
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    assert_eq!(host.failed(&unload), ErrorCode::ModelNotKnown);
}

#[tokio::test(start_paused = true)]
async fn a_component_that_comes_and_goes_leaves_one_timer() {
    let script = Script::new();
    let manager = ModelManager::on(script.loader(), Handle::current());
    let mut host = Host::on(&manager);
    for _ in 0..50 {
        host.acquire("l", json!({ "path": "a.gguf", "keepAliveMs": 1_000_000_000 }));
        host.release("l");
        host.until_paused(model_is("a.gguf", idle)).await;
    }
    let tasks = Handle::current().metrics().num_alive_tasks();
    assert!(tasks <= 3, "the supervisor, a timer and one that ends now, not {tasks} tasks");
}

#[test]
fn a_generation_outlives_the_host_that_asked_for_it() {
    let script = Script::new();
    script.answer("hi", "one two three");
    let gate = script.gate(Point::Decode(2));
    let manager = manager(&script);
    let mut before = Host::on(&manager);
    before.say("g", "s", "hi");
    gate.wait();
    drop(before);

    let mut after = Host::on(&manager);
    let running = after.snapshot().generations.remove(0);
    assert_eq!((running.id.as_str(), running.scope.as_str()), ("g", "s"));
    gate.open();
    after.finished("g");
    assert_eq!(running.text.clone() + &after.text("g"), "one two three", "nothing is lost and nothing comes twice");
    assert_eq!(after.snapshot().generations[0].text, "one two three");
}

#[test]
fn a_generation_keeps_its_model_when_the_last_component_has_gone() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(1));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let model = json!({ "path": "a.gguf", "keepAliveMs": 0 });
    host.acquire("l", model.clone());
    host.say_with("g", "s", "hi", model, json!({}));
    gate.wait();
    let released = host.release("l");
    host.done(&released);
    assert_eq!(script.counts().live, 1);
    gate.open();
    host.answered("g");
    host.until(model_is("a.gguf", unloaded));
    assert_eq!((script.counts().live, script.counts().loads), (0, 1));
}

#[test]
fn unload_while_generating_cancels_drains_and_then_frees() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("running", "s", "hi");
    host.say("behind it", "s", "hi again");
    gate.wait();
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    let behind = host.finished("behind it");
    assert_eq!(behind.error.expect("it failed").code, ErrorCode::ModelUnloaded);
    assert_eq!(script.counts().live, 1, "nothing is freed under a running decode");
    gate.open();
    let running = host.finished("running");
    assert_eq!(running.error.expect("it failed").code, ErrorCode::ModelUnloaded);
    host.done(&unload);
    assert_eq!(script.counts().live, 0);
    assert_eq!(host.transcript("s"), [], "both turns went back whole");
}

#[test]
fn unload_ends_a_load() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let acquire = host.acquire("l", a());
    gate.wait();
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    assert_eq!(host.failed(&acquire), ErrorCode::LoadCancelled);
    gate.open();
    host.done(&unload);
    assert!(matches!(host.model("a.gguf").status, ModelStatus::Unloaded));
}

#[test]
fn a_lease_released_before_the_model_is_ready_is_answered() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let acquire = host.acquire("l", a());
    gate.wait();
    host.release("l");
    assert_eq!(host.failed(&acquire), ErrorCode::LoadCancelled);
    gate.open();
    host.until(model_is("a.gguf", idle));
}

#[test]
fn unloading_an_unknown_model_is_an_error() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let unload = host.send(json!({ "type": "unload", "path": "never heard of.gguf" }));
    assert_eq!(host.failed(&unload), ErrorCode::ModelNotKnown);
}

#[test]
fn a_crash_fails_the_running_generation_and_the_next_one_reloads() {
    let script = Script::new();
    script.panic_at(Point::Decode(2));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g1", "s", "hi");
    let crashed = host.finished("g1");
    assert_eq!(crashed.error.expect("it failed").code, ErrorCode::EngineCrashed);
    host.say("g2", "s", "hi");
    assert_eq!(host.answered("g2").0, "you said: hi");
    assert_eq!((script.counts().loads, script.counts().live), (2, 1));
}

#[test]
fn shutdown_ends_everything_and_refuses_later_commands() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g", "s", "hi");
    gate.wait();
    gate.open();
    assert!(manager.shutdown(Duration::from_secs(20)));
    assert_eq!(script.counts().live, 0);
    let outcome = host.finished("g");
    assert!(matches!(outcome.reason, FinishReason::Failed | FinishReason::Stop), "{outcome:?}");
    let acquire = host.acquire("l", a());
    assert_eq!(host.failed(&acquire), ErrorCode::Closed);
    let generate = host.say("late", "s", "hi");
    assert_eq!(host.failed(&generate), ErrorCode::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_flight_recorder_tells_the_whole_life_with_labels() {
    let script = Script::new();
    let manager = ModelManager::on(script.loader(), Handle::current());
    let mut host = Host::on(&manager);
    host.send(json!({ "type": "recordMount", "debugLabel": "VoiceTab", "path": "a.gguf", "mount": "mounted" }));
    host.acquire("VoiceTab", a());
    host.acquire("ChatTab", a());
    host.say("g", "s", "hi");
    host.until_paused(finish_of("g")).await;
    host.release("VoiceTab");
    host.send(json!({ "type": "recordMount", "debugLabel": "VoiceTab", "path": "a.gguf", "mount": "unmounted" }));
    host.release("ChatTab");
    host.until_paused(model_is("a.gguf", idle)).await;
    tokio::time::advance(Duration::from_secs(300)).await;
    host.until_paused(model_is("a.gguf", unloaded)).await;
    let told = tokio::task::spawn_blocking(move || names(&host.log())).await.expect("it answers");
    let wanted = [
        "mounted VoiceTab",
        "acquired VoiceTab reused=false",
        "loading",
        "acquired ChatTab reused=true",
        "acquired generation g reused=true",
        "ready",
        "released generation g",
        "released VoiceTab",
        "unmounted VoiceTab",
        "released ChatTab",
        "idle",
        "unloading",
        "unloaded",
    ];
    assert_eq!(told, wanted);
}
