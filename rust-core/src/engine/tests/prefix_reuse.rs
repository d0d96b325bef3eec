//! A shared prefix is prefilled once, and nothing else of one conversation reaches another.

use super::*;
use crate::engine::scripted::Point;

/// A system prompt of 40 words: with its mark and its end 42 tokens.
fn rules() -> String {
    (0..40).map(|number| format!("rule{number} ")).collect::<String>().trim_end().to_owned()
}

/// The prefix of every conversation here: the system prompt and `<user>`.
const SHARED: u32 = 43;

/// A first turn under the system prompt.
fn ruled(scope: &'static str, question: &str) -> Turn {
    let mut turn = turn(scope, question);
    turn.messages.insert(0, message(Role::System, &rules()));
    turn
}

/// Cached and prefilled tokens of a turn whose answer is right.
fn ask(harness: &mut Harness, scope: &'static str, question: &str) -> (u32, u32) {
    let finished = harness.ask(ruled(scope, question));
    assert_eq!(finished.answer.text, format!("you said: {question}"));
    (finished.usage.cached_tokens, finished.usage.prefilled_tokens)
}

#[test]
fn a_second_scope_prefills_only_its_own_message() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    assert_eq!(ask(&mut harness, "a", "alice"), (0, SHARED + 3));
    assert_eq!(ask(&mut harness, "b", "bob"), (SHARED, 3));
    assert_eq!(script.counts().prefilled_rows, SHARED + 3 + 3);
    assert_eq!((script.counts().saves, script.counts().restores), (1, 1));
}

#[test]
fn a_running_turn_is_a_prefix_source_too() {
    let script = Script::new();
    script.answer("alice", &"word ".repeat(50));
    let gate = script.gate(Point::Decode(4));
    let mut harness = Harness::loaded(&script);
    let running = harness.send(ruled("a", "alice"));
    gate.wait();
    let second = harness.send(ruled("b", "bob"));
    gate.open();
    let finished = harness.finished(&second);
    assert_eq!((finished.usage.cached_tokens, finished.answer.text.as_str()), (SHARED, "you said: bob"));
    assert_eq!(harness.finished(&running).answer.text, "word ".repeat(50));
}

#[test]
fn a_parked_scope_is_a_prefix_source_and_stays_parked() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script).keeping();
    ask(&mut harness, "a", "alice");
    harness.park("a").expect("it is idle");
    assert_eq!(ask(&mut harness, "b", "bob"), (SHARED, 3));
    assert_eq!(script.counts().saves, 1, "the state that exists already is used");
    let back = harness.ask(ruled("a", "again").after("alice", "you said: alice"));
    assert_eq!(back.usage.prefilled_tokens, 5);
}

#[test]
fn a_scope_is_a_prefix_source_for_the_one_that_displaces_it() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1)).keeping();
    ask(&mut harness, "a", "alice");
    assert_eq!(ask(&mut harness, "b", "bob"), (SHARED, 3));
    assert_eq!(script.counts().saves, 1);
    let back = harness.ask(ruled("a", "again").after("alice", "you said: alice"));
    assert_eq!((back.usage.prefilled_tokens, back.answer.text.as_str()), (5, "you said: again"));
}

#[test]
fn a_scopes_own_copy_comes_before_a_shared_prefix() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script).keeping();
    ask(&mut harness, "a", "alice");
    ask(&mut harness, "b", "bob");
    harness.park("b").expect("it is idle");
    let back = harness.ask(ruled("b", "again").after("bob", "you said: bob"));
    assert_eq!((back.usage.prefilled_tokens, back.answer.text.as_str()), (5, "you said: again"));
}

#[test]
fn a_scope_whose_copy_does_not_verify_begins_with_the_shared_prefix() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script).keeping();
    ask(&mut harness, "a", "alice");
    ask(&mut harness, "b", "bob");
    harness.park("b").expect("it is idle");
    script.restore_badly();
    let back = harness.ask(ruled("b", "again").after("bob", "you said: bob"));
    assert_eq!((back.usage.cached_tokens, back.answer.text.as_str()), (SHARED, "you said: again"));
    assert!(harness.log.iter().any(|line| line.starts_with("restored b Err")));
}

#[test]
fn nothing_but_the_prefix_reaches_the_other_scope() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    ask(&mut harness, "a", "my name is alice");
    // The shared words go beyond the system prompt here, and end in the middle of the message.
    assert_eq!(ask(&mut harness, "b", "my name is bob"), (SHARED + 3, 3));
    let copy = harness.copy("b").expect("it can be saved").expect("it is worth keeping");
    let own = harness.job(ruled("b", "my name is bob")).0.prompt.tokens;
    assert_eq!(copy.tokens()[..own.len()], own);
    let held: Vec<Token> = {
        let state = copy.open("b").expect("it is whole");
        state.as_chunks().0.iter().map(|word| Token::from_le_bytes(*word)).collect()
    };
    assert_eq!(held, copy.tokens());
}

#[test]
fn a_copy_that_went_wrong_is_prefilled_as_if_nothing_were_shared() {
    let breaks: [fn(&Script); 4] = [Script::restore_badly, Script::forbid_cutting, Script::forbid_saving, |script| {
        script.fail_at(Point::Restore(1), "no")
    }];
    for (number, breaks) in breaks.into_iter().enumerate() {
        let script = Script::new();
        let mut harness = Harness::loaded(&script);
        ask(&mut harness, "a", "alice");
        breaks(&script);
        assert_eq!(ask(&mut harness, "b", "bob"), (0, SHARED + 3), "{number}");
    }
}

#[test]
fn a_memory_that_refused_a_cut_is_not_asked_for_it_again() {
    let script = Script::new();
    script.forbid_cutting();
    let mut harness = Harness::loaded(&script);
    for scope in ["a", "b", "c", "d"] {
        assert_eq!(ask(&mut harness, scope, "hello"), (0, SHARED + 3));
    }
    assert_eq!(script.counts().restores, 1);
}

#[test]
fn a_first_turn_that_failed_goes_back_to_the_shared_prefix() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    ask(&mut harness, "a", "alice");
    let gate = script.gate(Point::Decode(script.counts().decode_calls + 2));
    let sent = harness.send(ruled("b", "bob"));
    gate.wait();
    sent.cancel.cancel();
    gate.open();
    harness.finished(&sent);
    assert_eq!(harness.cached("b"), Some(SHARED));
}

#[test]
fn conversations_that_begin_at_once_prefill_their_prefix_once() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    let hold = script.gate(Point::Prefilled(1));
    let sent: Vec<Sent> = ["a", "b", "c", "d"].map(|scope| harness.send(ruled(scope, scope))).into();
    hold.wait();
    hold.open();
    let cached: Vec<u32> = sent
        .iter()
        .map(|sent| {
            let finished = harness.finished(sent);
            assert_eq!(finished.answer.text, format!("you said: {}", sent.generation));
            finished.usage.cached_tokens
        })
        .collect();
    assert_eq!(cached, [0, SHARED, SHARED, SHARED]);
    assert_eq!(script.counts().prefilled_rows, SHARED + 3 * 4);
}

#[test]
fn a_conversation_does_not_wait_for_a_prompt_that_shares_nothing() {
    let script = Script::new();
    let question = "long ".repeat(2_000);
    script.answer(&question, "short");
    let gate = script.gate(Point::Prefilled(3));
    let mut harness = Harness::loaded(&script);
    let first = harness.send(turn("a", &question));
    gate.wait();
    let second = harness.send(ruled("b", "bob"));
    gate.open();
    harness.finished(&second);
    assert!(!harness.ended.iter().any(|ended| ended.generation == first.generation), "the long prompt goes on");
    harness.finished(&first);
}

#[test]
fn a_conversation_that_waited_in_vain_begins_by_itself() {
    let script = Script::new();
    let gate = script.gate(Point::Prefilled(3));
    let mut harness = Harness::loaded(&script);
    let first = harness.send(ruled("a", "alice"));
    gate.wait();
    let second = harness.send(ruled("b", "bob"));
    first.cancel.cancel();
    gate.open();
    assert_eq!(harness.finished(&first).reason, FinishReason::Cancelled);
    let finished = harness.finished(&second);
    assert_eq!((finished.usage.cached_tokens, finished.answer.text.as_str()), (0, "you said: bob"));
}
