//! Cached tokens of scopes between turns, and how scopes lose them.

use super::*;
use crate::engine::scripted::Point;

#[test]
fn a_second_turn_prefills_only_what_is_new() {
    let script = Script::new();
    script.answer("one", "first answer");
    let mut harness = Harness::loaded(&script);
    harness.ask(turn("a", "one"));
    let second = harness.ask(turn("a", "two").after("one", "first answer"));
    // Cached: <user> one <end> <assistant> first answer. New: <end> <user> two <end> <assistant>.
    assert_eq!((second.usage.cached_tokens, second.usage.prefilled_tokens), (6, 5));
    assert_eq!(second.answer.text, "you said: two");
}

#[test]
fn an_answer_that_would_tokenize_otherwise_is_not_prefilled_again() {
    let script = Script::new();
    script.answer_in_pieces("one", &[b"fir", b"st", b" answer"]);
    let mut harness = Harness::loaded(&script);
    harness.ask(turn("a", "one"));
    let second = harness.ask(turn("a", "two").after("one", "first answer"));
    assert_eq!((second.usage.cached_tokens, second.usage.prefilled_tokens), (6, 5));
    assert_eq!(second.answer.text, "you said: two");
    assert_eq!(harness.cached("a"), Some(7 + 5 + 3));
}

#[test]
fn an_edited_history_is_cut_at_the_difference() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    harness.ask(turn("a", "one two three"));
    let edited = harness.ask(turn("a", "one two four"));
    assert_eq!((edited.usage.cached_tokens, edited.answer.text.as_str()), (3, "you said: one two four"));
}

#[test]
fn a_memory_that_cannot_be_cut_is_prefilled_anew() {
    let script = Script::new();
    script.forbid_cutting();
    let mut harness = Harness::loaded(&script);
    harness.ask(turn("a", "one two three"));
    let edited = harness.ask(turn("a", "one two four"));
    assert_eq!((edited.usage.cached_tokens, edited.answer.text.as_str()), (0, "you said: one two four"));
}

#[test]
fn scopes_do_not_see_each_other() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    harness.ask(turn("a", "alice"));
    let other = harness.ask(turn("b", "bob"));
    assert_eq!((other.usage.cached_tokens, other.answer.text.as_str()), (0, "you said: bob"));
    let back = harness.ask(turn("a", "again").after("alice", "you said: alice"));
    assert_eq!((back.usage.cached_tokens, back.answer.text.as_str()), (7, "you said: again"));
}

#[test]
fn the_least_recently_used_scope_makes_room() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(2));
    for scope in ["a", "b", "a", "c"] {
        harness.ask(turn(scope, "hello"));
    }
    harness.cached("c");
    let displaced: Vec<&String> = harness.log.iter().filter(|line| line.starts_with("parked")).collect();
    assert_eq!(displaced, ["parked b 7"]);
    assert_eq!(harness.ask(turn("b", "hello")).usage.cached_tokens, 0, "no one kept the parked copy alive");
}

#[test]
fn a_scope_with_a_turn_in_the_queue_is_not_displaced_by_another() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(3));
    for scope in ["a", "b", "c"] {
        harness.ask(turn(scope, "hello"));
    }
    // While c holds the engine, a new scope asks before a does; a is the least recently used.
    let gate = script.gate(Point::Prefilled(13));
    let holder = harness.send(turn("c", "hold"));
    gate.wait();
    let new = harness.send(turn("d", "new"));
    let again = harness.send(turn("a", "again").after("hello", "you said: hello"));
    gate.open();
    assert_eq!(harness.finished(&again).usage.cached_tokens, 7);
    harness.finished(&holder);
    harness.finished(&new);
    let displaced: Vec<&String> = harness.log.iter().filter(|line| line.starts_with("parked")).collect();
    assert_eq!(displaced, ["parked b 7"]);
}

#[test]
fn a_dropped_scope_forgets() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    harness.ask(turn("a", "hello"));
    assert_eq!(harness.cached("a"), Some(7));
    assert!(harness.engine.send(EngineCommand::DropScope("a".into())).is_ok());
    assert_eq!(harness.cached("a"), None);
    assert_eq!(harness.ask(turn("a", "hello")).usage.cached_tokens, 0);
}

#[test]
fn dropping_an_unknown_scope_is_silent() {
    let harness = Harness::loaded(&Script::new());
    assert!(harness.engine.send(EngineCommand::DropScope("nobody".into())).is_ok());
    let mut harness = harness;
    harness.ask(turn("a", "hello"));
    assert!(!harness.log.iter().any(|line| line.contains("nobody")));
}

#[test]
fn dropping_a_scope_ends_its_running_and_queued_turns_and_later_ones_start_afresh() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded(&script);
    let running = harness.send(turn("a", "running").options(|options| options.keep_partial = true));
    let queued = harness.send(turn("a", "queued"));
    gate.wait();
    assert!(harness.engine.send(EngineCommand::DropScope("a".into())).is_ok());
    let later = harness.send(turn("a", "later"));
    gate.open();
    assert_eq!(harness.finished(&queued).reason, FinishReason::Cancelled);
    assert_eq!(harness.finished(&running).reason, FinishReason::Cancelled);
    assert_eq!(harness.cached("a"), None);
    let later = harness.finished(&later);
    assert_eq!((later.usage.cached_tokens, later.answer.text.as_str()), (0, "you said: later"));
}
