//! Conversations that outgrow their context of 64 words, of which 16 are kept free for an answer.

use serde_json::{Value, json};

use super::host::{Host, contents, manager, names};
use crate::engine::scripted::{Point, Script};
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{Event, FinishReason, LifecycleEvent, ScopeSummary};

fn small() -> Value {
    json!({ "path": "a.gguf", "contextSize": 64, "maxResident": 1 })
}

/// Options for an answer of at most a quarter of the context, which is kept free for it.
fn limited() -> Value {
    json!({ "maxOutputTokens": 16 })
}

/// A question of 4 words and 2 marks of the template. Its answer has 6 words and 2 marks.
fn question(number: u32) -> String {
    format!("n{number} of my questions")
}

/// A conversation with a system prompt and three turns: the next one does not fit.
fn full(script: &Script) -> (ModelManager, Host) {
    let manager = manager(script);
    let mut host = Host::on(&manager);
    host.send(json!({
        "type": "generate", "generationId": "g1", "scope": "s", "model": small(),
        "messages": [{ "role": "system", "content": "be a pirate" }, { "role": "user", "content": question(1) }],
    }));
    for number in 2..=3 {
        host.say_with(&format!("g{number}"), "s", &question(number), small(), limited());
    }
    host.answered("g3");
    (manager, host)
}

fn scope(host: &Host) -> ScopeSummary {
    host.snapshot().scopes.into_iter().next().expect("there is a scope")
}

/// The flight recorder's records of context usage.
fn usage_records(host: &mut Host) -> Vec<String> {
    let mut records = host.log();
    records.retain(|record| {
        matches!(record.event, LifecycleEvent::ScopeShifted { .. } | LifecycleEvent::ScopeNearlyFull { .. })
    });
    names(&records)
}

#[test]
fn the_system_prompt_and_the_newest_turns_stay_in_sight() {
    let script = Script::new();
    let (_manager, mut host) = full(&script);
    assert_eq!(scope(&host).dropped_messages, 0);
    host.say_with("g4", "s", "recite", small(), limited());
    assert_eq!(host.answered("g4").0, "be a piraten3 of my questionsyou said: n3 of my questions");
    assert_eq!((scope(&host).dropped_messages, scope(&host).message_count), (4, 9));
    assert_eq!(usage_records(&mut host), ["shifted s 4"]);
    let transcript = host.transcript("s");
    assert_eq!(contents(&transcript)[..3], ["be a pirate", "n1 of my questions", "you said: n1 of my questions"]);
}

#[test]
fn the_generation_after_dropped_turns_prefills_only_what_is_new() {
    let script = Script::new();
    let (_manager, mut host) = full(&script);
    host.say_with("g4", "s", &question(4), small(), limited());
    let shifted = host.answered("g4").1.usage;
    assert_eq!(
        (shifted.prompt_tokens, shifted.cached_tokens),
        (26, 6),
        "the system prompt is cached, and that a user follows"
    );
    host.say_with("g5", "s", &question(5), small(), limited());
    let next = host.answered("g5").1.usage;
    assert_eq!((next.prompt_tokens, next.cached_tokens), (40, 32));
    assert_eq!(usage_records(&mut host), ["shifted s 4"]);
}

#[test]
fn a_host_that_sends_the_whole_transcript_every_time_prefills_only_what_is_new() {
    let script = Script::new();
    let (_manager, mut host) = full(&script);
    host.say_with("g4", "s", &question(4), small(), limited());
    host.answered("g4");
    let mut messages = json!(host.transcript("s"));
    messages.as_array_mut().expect("a list").push(json!({ "role": "user", "content": question(5) }));
    host.send(json!({
        "type": "generate", "generationId": "g5", "scope": "s", "model": small(), "messages": messages,
    }));
    let usage = host.answered("g5").1.usage;
    assert_eq!((usage.prompt_tokens, usage.cached_tokens), (40, 32));
}

#[test]
fn hosts_hear_once_that_a_scope_is_nearly_full_and_again_after_dropped_turns() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for number in 1..=15 {
        // Answers of two words: a turn has 10 tokens, and turns are dropped only if less than two tokens are left.
        let id = format!("g{number}");
        host.say_with(&id, "s", &question(number), small(), json!({ "maxOutputTokens": 2 }));
        assert_eq!(host.finished(&id).reason, FinishReason::Length);
    }
    let wanted = ["nearly full s", "shifted s 8", "nearly full s", "shifted s 16", "nearly full s", "shifted s 24"];
    assert_eq!(usage_records(&mut host), wanted);
    let told = host.events.iter().find_map(|event| match event {
        Event::Recorded { record } => match record.event {
            LifecycleEvent::ScopeNearlyFull { tokens, context_size, .. } => Some((tokens, context_size)),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(told, Some((57, 64)));
}

#[test]
fn with_overflow_error_nothing_is_dropped_and_the_generation_is_undone() {
    let script = Script::new();
    let (_manager, mut host) = full(&script);
    let before = host.transcript("s");
    host.send(json!({
        "type": "generate", "generationId": "g4", "scope": "s", "model": small(), "overflow": "error",
        "append": [{ "role": "user", "content": "word ".repeat(30) }],
    }));
    assert_eq!(host.finished("g4").error.expect("it failed").code, ErrorCode::ContextFull);
    assert_eq!(host.transcript("s"), before);
    assert_eq!((scope(&host).dropped_messages, usage_records(&mut host)), (0, vec![]));
}

#[test]
fn a_message_that_is_too_long_alone_leaves_the_scope_as_it_was() {
    let script = Script::new();
    let (_manager, mut host) = full(&script);
    host.say_with("g4", "s", &question(4), small(), limited());
    host.answered("g4");
    let (before, summary) = (host.transcript("s"), scope(&host));
    host.say_with("g5", "s", &"word ".repeat(70), small(), limited());
    assert_eq!(host.finished("g5").error.expect("it failed").code, ErrorCode::ContextFull);
    assert_eq!(host.transcript("s"), before);
    let after = scope(&host);
    assert_eq!((after.dropped_messages, after.cached_tokens), (summary.dropped_messages, summary.cached_tokens));
    assert_eq!(usage_records(&mut host), ["shifted s 4"]);
    host.say_with("g6", "s", &question(6), small(), limited());
    assert_eq!(host.answered("g6").1.usage.cached_tokens, 32, "what was cached still is");
}

#[test]
fn a_cancelled_generation_restores_its_dropped_turns() {
    let script = Script::new();
    let (_manager, mut host) = full(&script);
    let gate = script.gate(Point::Decode(script.counts().decode_calls + 2));
    let before = host.transcript("s");
    host.say_with("g4", "s", &question(4), small(), limited());
    gate.wait();
    assert_eq!(scope(&host).dropped_messages, 4);
    host.cancel("g4");
    host.transcript("s");
    gate.open();
    assert_eq!(host.finished("g4").reason, FinishReason::Cancelled);
    assert_eq!((host.transcript("s"), scope(&host).dropped_messages), (before, 0));
}

#[test]
fn another_model_with_more_room_is_shown_everything_again() {
    let script = Script::new();
    let (_manager, mut host) = full(&script);
    host.say_with("g4", "s", &question(4), small(), limited());
    host.answered("g4");
    host.say_with("g5", "s", "recite", json!({ "path": "b.gguf" }), json!({}));
    assert!(host.answered("g5").0.starts_with("be a piraten1 of my questions"));
    assert_eq!(scope(&host).dropped_messages, 0);
}

#[test]
fn a_small_context_lasts_for_two_hundred_turns() {
    let script = Script::new();
    let (_manager, mut host) = full(&script);
    let text = |number: usize| format!("n{number}{}", " more".repeat(number * 7 % 23));
    for number in 4..=200 {
        host.say_with(&format!("g{number}"), "s", &text(number), small(), limited());
    }
    for number in 4..=200 {
        let id = format!("g{number}");
        let outcome = host.finished(&id);
        assert_eq!(outcome.error, None, "turn {number}");
        let (answer, whole) = (host.text(&id), format!("you said: {}", text(number)));
        match outcome.reason {
            FinishReason::Stop => assert_eq!(answer, whole),
            // The answer filled the context.
            FinishReason::Length => assert!(!answer.is_empty() && whole.starts_with(&answer), "{answer}"),
            FinishReason::ToolCalls | FinishReason::Cancelled | FinishReason::Failed => {
                panic!("turn {number} ended as {:?}", outcome.reason)
            }
        }
    }
    assert_eq!(host.transcript("s").len(), 401);
}
