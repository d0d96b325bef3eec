//! Conversations: separate, ordered, cached, deleted, moved to another model.

use serde_json::json;

use super::host::{Host, a, contents, manager};
use crate::engine::scripted::{Point, Script};
use crate::error::ErrorCode;
use crate::protocol::{Event, FinishReason, Residency};

#[test]
fn scopes_share_one_model_and_never_mix() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("a1", "alice", "I am Alice");
    host.say("b1", "bob", "I am Bob");
    assert_eq!(host.answered("a1").0, "you said: I am Alice");
    host.say("a2", "alice", "again");
    host.answered("a2");
    assert_eq!(contents(&host.transcript("alice")), ["I am Alice", "you said: I am Alice", "again", "you said: again"]);
    assert_eq!(contents(&host.transcript("bob")), ["I am Bob", "you said: I am Bob"]);
    assert_eq!(script.counts().loads, 1);
}

#[test]
fn the_second_generation_prefills_only_what_is_new() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g1", "s", "one two three four five six seven eight");
    let first = host.answered("g1").1.usage;
    host.say("g2", "s", "nine");
    let second = host.answered("g2").1.usage;
    assert_eq!(first.cached_tokens, 0);
    assert!(second.cached_tokens >= first.prompt_tokens + first.output_tokens, "{first:?} then {second:?}");
    assert_eq!(second.prompt_tokens, second.cached_tokens + second.prefilled_tokens);
    assert!(second.prefilled_tokens < 8, "{second:?}");
}

#[test]
fn generations_of_one_scope_run_in_the_order_in_which_they_were_sent() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(1));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for (id, text) in [("g1", "first"), ("g2", "second"), ("g3", "third")] {
        host.say(id, "s", text);
    }
    gate.wait();
    gate.open();
    host.answered("g3");
    let wanted = ["first", "you said: first", "second", "you said: second", "third", "you said: third"];
    assert_eq!(contents(&host.transcript("s")), wanted);
}

#[test]
fn messages_replace_the_transcript_from_the_first_difference() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g1", "s", "hello");
    host.answered("g1");
    host.send(json!({
        "type": "generate", "generationId": "g2", "scope": "s", "model": a(),
        "messages": [{ "role": "system", "content": "be brief" }, { "role": "user", "content": "hello" }],
    }));
    host.answered("g2");
    assert_eq!(contents(&host.transcript("s")), ["be brief", "hello", "you said: hello"]);
}

#[test]
fn changing_the_model_keeps_the_chat() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g1", "s", "hello");
    host.answered("g1");
    host.say_with("g2", "s", "again", json!({ "path": "b.gguf" }), json!({}));
    let outcome = host.answered("g2").1;
    assert_eq!(outcome.usage.cached_tokens, 0, "the other model has read nothing yet");
    assert_eq!(contents(&host.transcript("s")), ["hello", "you said: hello", "again", "you said: again"]);
    assert_eq!(host.snapshot().scopes[0].model, "b.gguf");
}

#[test]
fn unloading_a_model_uncaches_its_scopes_and_keeps_their_transcripts() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g1", "s", "hello");
    host.answered("g1");
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    host.done(&unload);
    host.until(|event| match event {
        Event::ScopeChanged { scope } if scope.residency == Residency::Uncached => Some(()),
        _ => None,
    });
    assert_eq!(contents(&host.transcript("s")), ["hello", "you said: hello"]);
}

#[test]
fn deleting_a_scope_cancels_its_generations_and_forgets_it() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("running", "s", "hi");
    host.say("behind it", "s", "hi");
    gate.wait();
    let delete = host.send(json!({ "type": "deleteScope", "scope": "s" }));
    assert_eq!(host.finished("behind it").reason, FinishReason::Cancelled);
    let refused = host.say("too late", "s", "hi");
    assert_eq!(host.failed(&refused), ErrorCode::Busy);
    gate.open();
    assert_eq!(host.finished("running").reason, FinishReason::Cancelled);
    host.done(&delete);
    assert_eq!(host.snapshot().scopes, []);

    host.say("new life", "s", "hello");
    let outcome = host.answered("new life").1;
    assert_eq!(outcome.usage.cached_tokens, 0);
    assert_eq!(contents(&host.transcript("s")), ["hello", "you said: hello"]);
}

#[test]
fn a_scope_that_does_not_exist_has_no_transcript_and_cannot_be_deleted() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for command in ["getTranscript", "deleteScope"] {
        let request = host.send(json!({ "type": command, "scope": "nowhere" }));
        assert_eq!(host.failed(&request), ErrorCode::ScopeNotFound, "{command}");
    }
}
