//! More scopes than slots: they park each other, and none is prefilled again.

use serde_json::{Value, json};

use super::host::{Host, contents, manager, names};
use crate::engine::scripted::{Point, Script};
use crate::protocol::Residency;

fn slots(slots: u32) -> Value {
    json!({ "path": "a.gguf", "maxResident": slots })
}

/// Speaks once in each scope, in this order.
fn greet(host: &mut Host, model: &Value, scopes: &[&str]) {
    for scope in scopes {
        host.say_with(&format!("greet {scope}"), scope, "hi", model.clone(), json!({}));
        host.answered(&format!("greet {scope}"));
    }
}

/// The cached and the prefilled tokens of one more generation.
fn again(host: &mut Host, model: &Value, scope: &str, id: &str) -> (u32, u32) {
    host.say_with(id, scope, "again", model.clone(), json!({}));
    let (text, outcome) = host.answered(id);
    assert_eq!(text, "you said: again");
    (outcome.usage.cached_tokens, outcome.usage.prefilled_tokens)
}

fn residency(host: &Host, id: &str) -> Residency {
    let scopes = host.snapshot().scopes;
    let scope = scopes.iter().find(|scope| scope.id == id).unwrap_or_else(|| panic!("no scope {id}"));
    assert_eq!(scope.cached_tokens > 0, scope.residency != Residency::Uncached);
    scope.residency
}

/// The flight recorder's records of scopes.
fn moves(host: &mut Host) -> Vec<String> {
    let about_scopes = |name: &String| ["parked", "restored", "dropped"].iter().any(|word| name.starts_with(word));
    names(&host.log()).into_iter().filter(about_scopes).collect()
}

#[test]
fn a_scope_that_loses_its_slot_is_parked_and_comes_back_without_a_prefill() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let (one_slot, many) = (slots(1), json!({ "path": "b.gguf" }));
    greet(&mut host, &many, &["stays"]);
    let stayed = again(&mut host, &many, "stays", "stayed");

    greet(&mut host, &one_slot, &["a", "b"]);
    assert_eq!((residency(&host, "a"), residency(&host, "b")), (Residency::Parked, Residency::Resident));
    assert_eq!(again(&mut host, &one_slot, "a", "back"), stayed, "a return costs what staying costs");
    assert_eq!((residency(&host, "a"), residency(&host, "b")), (Residency::Resident, Residency::Parked));
    assert_eq!(moves(&mut host), ["parked a", "restored a", "parked b"]);
    assert_eq!(contents(&host.transcript("a")), ["hi", "you said: hi", "again", "you said: again"]);
}

#[test]
fn ten_thousand_switches_across_thirty_two_scopes_on_four_slots_lose_nothing() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let model = slots(4);
    for round in 0..313 {
        for scope in 0..32 {
            let question = format!("{scope} in round {round}");
            let messages = json!([
                { "role": "user", "content": format!("I am {scope}") },
                { "role": "assistant", "content": format!("you said: I am {scope}") },
                { "role": "user", "content": question },
            ]);
            host.send(json!({
                "type": "generate", "generationId": format!("g{scope} {round}"), "scope": format!("s{scope}"),
                "model": model, "messages": messages,
            }));
        }
        for scope in 0..32 {
            let id = format!("g{scope} {round}");
            let outcome = host.finished_in_any_order(&id);
            assert_eq!(host.text(&id), format!("you said: {scope} in round {round}"));
            assert_eq!(outcome.usage.cached_tokens > 0, round > 0, "round {round} of scope {scope}: {outcome:?}");
        }
        host.events.clear();
    }
    assert!(script.counts().restores > 9_000, "{:?}", script.counts());
}

#[test]
fn a_snapshot_that_does_not_verify_is_prefilled_again_and_the_recorder_says_why() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let model = slots(1);
    greet(&mut host, &model, &["a", "b"]);
    script.restore_badly();
    assert_eq!(again(&mut host, &model, "a", "back").0, 0);
    let records = host.log();
    let reasons: Vec<&str> = records.iter().map(|record| record.reason.as_str()).collect();
    assert!(reasons.contains(&"the parked KV cannot be used: it holds 6 tokens instead of 7"), "{reasons:?}");
    assert_eq!(again(&mut host, &model, "b", "b is whole").0, 7);
}

#[test]
fn a_kv_that_cannot_be_copied_is_prefilled_again() {
    let script = Script::new();
    script.forbid_saving();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let model = slots(1);
    greet(&mut host, &model, &["a", "b"]);
    assert_eq!(residency(&host, "a"), Residency::Uncached);
    assert_eq!(again(&mut host, &model, "a", "back").0, 0);
    assert_eq!(moves(&mut host), ["dropped a", "dropped b"]);
}

#[test]
fn beyond_the_budget_the_least_recently_parked_is_forgotten() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    // Seven tokens of four bytes, and as much of state: room for two scopes.
    let model = json!({ "path": "a.gguf", "maxResident": 1, "parkedBudgetBytes": 2 * (28 + 28) });
    greet(&mut host, &model, &["a", "b", "c", "d"]);
    let all = ["a", "b", "c", "d"].map(|scope| residency(&host, scope));
    assert_eq!(all, [Residency::Uncached, Residency::Parked, Residency::Parked, Residency::Resident]);
    assert_eq!(again(&mut host, &model, "b", "b again").0, 7);
    assert_eq!(again(&mut host, &model, "a", "a again").0, 0);

    let nothing = json!({ "path": "b.gguf", "maxResident": 1, "parkedBudgetBytes": 0 });
    greet(&mut host, &nothing, &["e", "f"]);
    assert_eq!(residency(&host, "e"), Residency::Uncached);
}

#[test]
fn a_scope_that_is_parked_while_its_generation_waits_is_restored_for_it() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let model = slots(1);
    greet(&mut host, &model, &["a"]);
    // Eight rows of the greeting were prefilled; the newcomer's first one stops.
    let before = script.counts().prefilled_rows;
    let gate = script.gate(Point::Prefilled(before + 1));
    host.say_with("newcomer", "b", "hi", model.clone(), json!({}));
    gate.wait();
    host.say_with("waits", "a", "again", model, json!({}));
    gate.open();
    host.answered("newcomer");
    assert_eq!(host.answered("waits").1.usage.cached_tokens, 7);
}

#[test]
fn a_deleted_scope_is_not_restored() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let model = slots(1);
    greet(&mut host, &model, &["a", "b"]);
    let delete = host.send(json!({ "type": "deleteScope", "scope": "a" }));
    host.done(&delete);
    host.say_with("new life", "a", "hi", model, json!({}));
    assert_eq!(host.answered("new life").1.usage.cached_tokens, 0);
    assert_eq!(script.counts().restores, 0);
}

#[test]
fn an_unloaded_model_keeps_nothing_parked() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let model = slots(1);
    greet(&mut host, &model, &["a", "b"]);
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    host.done(&unload);
    assert_eq!(again(&mut host, &model, "a", "back").0, 0);
    assert_eq!(script.counts().restores, 0);
}
