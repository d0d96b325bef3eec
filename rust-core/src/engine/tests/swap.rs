//! Scopes that are parked, copied, kept and restored by command.

use super::*;
use crate::engine::scripted::Point;

/// A greeting leaves seven tokens: `<user> hello <end> <assistant> you said: hello`.
const GREETING: u32 = 7;

fn greet(harness: &mut Harness, scopes: &[&'static str]) {
    for scope in scopes {
        harness.ask(turn(scope, "hello"));
        harness.cached(scope);
    }
}

/// Cached tokens of a turn after the greeting.
fn again(harness: &mut Harness, scope: &'static str) -> u32 {
    let finished = harness.ask(turn(scope, "again").after("hello", "you said: hello"));
    assert_eq!(finished.answer.text, "you said: again");
    finished.usage.cached_tokens
}

fn slots(slots: u32) -> impl FnOnce(&mut ModelConfig) {
    move |config| config.max_resident = Some(slots)
}

fn tokens_in(parked: &KvSnapshot) -> Vec<Token> {
    let state = parked.open(parked.scope()).expect("it is whole");
    state.as_chunks().0.iter().map(|word| Token::from_le_bytes(*word)).collect()
}

#[test]
fn a_parked_scope_is_out_of_its_slot_before_the_reply_and_comes_back_with_its_turn() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script).keeping();
    greet(&mut harness, &["a"]);
    assert_eq!(harness.park("a"), Ok(()));
    assert_eq!(harness.last(2), ["parked a 7", "reply"]);
    harness.until(|report| matches!(report, EngineReport::Parked { .. }));
    let kept = harness.kept.as_ref().map(|kept| kept["a"].clone()).expect("this harness keeps");
    assert_eq!(tokens_in(&kept), kept.tokens());
    assert_eq!(again(&mut harness, "a"), GREETING);
    assert_eq!((script.counts().saves, script.counts().restores), (1, 1));
}

#[test]
fn a_report_says_why_a_scope_was_parked() {
    let mut harness = Harness::loaded_with(&Script::new(), slots(1));
    let reason = |harness: &mut Harness| match harness.until(|it| matches!(it, EngineReport::Parked { .. })) {
        EngineReport::Parked { reason, .. } => reason,
        _ => unreachable!("checked above"),
    };
    greet(&mut harness, &["a"]);
    harness.park("a").expect("it is idle");
    assert_eq!(reason(&mut harness), "park was asked for");
    greet(&mut harness, &["b"]);
    harness.send(turn("c", "hello"));
    assert_eq!(reason(&mut harness), "another scope needed its slot");
}

#[test]
fn parking_a_scope_without_a_slot_is_fine_and_a_running_one_is_busy() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded(&script);
    assert_eq!(harness.park("nobody"), Ok(()));
    let running = harness.send(turn("a", "hello"));
    gate.wait();
    let reply = harness.post(|reply| EngineCommand::Park { scope: "a".into(), reply });
    gate.open();
    let refused = reply.recv_timeout(PATIENCE).expect("the engine replies").expect_err("it runs");
    assert_eq!(refused.code, ErrorCode::Busy);
    assert_eq!(harness.finished(&running).answer.text, "you said: hello");
    assert_eq!(script.counts().saves, 0);
}

#[test]
fn a_scope_not_worth_keeping_is_neither_copied_nor_parked() {
    let script = Script::new();
    let gate = script.gate(Point::Prefilled(1));
    let mut harness = Harness::loaded(&script);
    let sent = harness.send(turn("a", "hello").options(|options| options.keep_partial = true));
    gate.wait();
    sent.cancel.cancel();
    gate.open();
    assert_eq!(harness.cached("a"), Some(1));
    assert_eq!(harness.copy("a"), Ok(None));
    assert_eq!(harness.park("a"), Ok(()));
    assert_eq!(harness.last(2), ["cached a None", "reply"]);
    assert_eq!(script.counts().saves, 0);
}

#[test]
fn a_memory_that_cannot_be_saved_is_parked_by_being_forgotten_and_not_copied() {
    let script = Script::new();
    script.forbid_saving();
    let mut harness = Harness::loaded(&script);
    greet(&mut harness, &["a"]);
    assert_eq!(harness.copy("a").map_err(|error| error.code), Err(ErrorCode::InferenceFailed));
    assert_eq!(harness.park("a"), Ok(()));
    assert_eq!(harness.last(2), ["cached a None", "reply"]);
    assert_eq!(again(&mut harness, "a"), 0);
}

#[test]
fn a_copy_of_a_running_turn_holds_what_is_in_memory_and_disturbs_nothing() {
    // The prompt is prefilled in two chunks; a decode adds a token.
    for (point, chunk, decoded) in
        [(Point::Prefilled(3), Some(512), 0), (Point::Decode(1), None, 1), (Point::Decode(4), None, 4)]
    {
        let script = Script::new();
        script.answer("hello", "1 2 3 4 5 6 7 8");
        let mut harness = Harness::loaded(&script);
        let gate = script.gate(point);
        let sent = harness.send(turn("a", "hello").after(&"long ".repeat(597), "yes"));
        gate.wait();
        let reply = harness.post(|reply| EngineCommand::Copy { scope: "a".into(), reply });
        gate.open();
        let copy = reply.recv_timeout(PATIENCE).expect("the engine replies").expect("it can be saved");
        let copy = copy.expect("it is worth keeping");
        assert_eq!(tokens_in(&copy), copy.tokens());
        let finished = harness.finished(&sent);
        assert_eq!(finished.answer.text, "1 2 3 4 5 6 7 8");
        let held = chunk.unwrap_or(finished.usage.prompt_tokens as usize) + decoded;
        assert_eq!((copy.scope(), copy.tokens().len()), ("a", held));
        assert_eq!(harness.copy("nobody"), Ok(None));
    }
}

#[test]
fn a_copy_continues_in_another_engine_under_any_name() {
    let script = Script::new();
    let mut here = Harness::loaded(&script);
    greet(&mut here, &["a"]);
    let copy = here.copy("a").expect("it can be saved").expect("it is worth keeping");
    assert_eq!(again(&mut here, "a"), GREETING, "the copy took nothing away");

    let mut there = Harness::loaded_with(&script, slots(2));
    let state = copy.open("a").expect("it is whole").to_vec();
    let fork = Arc::new(KvSnapshot::new("fork".into(), copy.tokens().to_vec(), state));
    there.command(EngineCommand::Keep(fork.clone()));
    let finished = there.ask(turn("fork", "again").after("hello", "you said: hello"));
    assert_eq!(finished.usage.cached_tokens, GREETING);
}

#[test]
fn a_kept_copy_is_found_for_as_long_as_it_is_alive() {
    let mut harness = Harness::loaded(&Script::new()).keeping();
    greet(&mut harness, &["a"]);
    harness.park("a").expect("it is idle");
    harness.until(|report| matches!(report, EngineReport::Parked { .. }));
    harness.kept = None;
    assert_eq!(harness.restore("a").map_err(|error| error.code), Err(ErrorCode::NotCached));
    assert_eq!(again(&mut harness, "a"), 0);
}

#[test]
fn a_scope_in_its_slot_is_newer_than_a_kept_copy() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    greet(&mut harness, &["a"]);
    let old = harness.copy("a").expect("it can be saved").expect("it is worth keeping");
    again(&mut harness, "a");
    harness.command(EngineCommand::Keep(old.clone()));
    harness.command(EngineCommand::DropScope("a".into()));
    assert_eq!(again(&mut harness, "a"), 0, "the old state was not remembered");
    assert_eq!(script.counts().restores, 0);
}

#[test]
fn a_dropped_scope_is_not_found_though_its_copy_is_alive() {
    let mut harness = Harness::loaded(&Script::new()).keeping();
    greet(&mut harness, &["a"]);
    harness.park("a").expect("it is idle");
    harness.until(|report| matches!(report, EngineReport::Parked { .. }));
    harness.command(EngineCommand::DropScope("a".into()));
    assert_eq!(harness.restore("a").map_err(|error| error.code), Err(ErrorCode::NotCached));
}

#[test]
fn a_restore_takes_the_slot_of_the_least_recently_used_scope() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, slots(2)).keeping();
    greet(&mut harness, &["a", "b", "c"]);
    assert_eq!(harness.restore("a"), Ok(()));
    assert_eq!(harness.last(3), ["restored a Ok(())", "parked b 7", "reply"]);
    assert_eq!(harness.restore("a"), Ok(()), "it has a slot");
    // A restore is a use: c goes now, though its turn came after that of a.
    assert_eq!(harness.restore("b"), Ok(()));
    assert_eq!(harness.last(3), ["restored b Ok(())", "parked c 7", "reply"]);
    let saved = script.counts().saves;
    assert_eq!((again(&mut harness, "a"), again(&mut harness, "b")), (GREETING, GREETING));
    assert_eq!(script.counts().saves, saved, "both were resident");
}

#[test]
fn a_restore_that_does_not_verify_leaves_an_empty_slot() {
    for bad in [true, false] {
        let script = Script::new();
        let mut harness = Harness::loaded_with(&script, slots(1)).keeping();
        greet(&mut harness, &["a"]);
        harness.park("a").expect("it is idle");
        harness.until(|report| matches!(report, EngineReport::Parked { .. }));
        if bad {
            script.restore_badly();
        } else {
            script.fail_at(Point::Restore(1), "no");
        }
        assert_eq!(harness.restore("a").map_err(|error| error.code), Err(ErrorCode::NotCached));
        assert!(harness.last(2)[0].starts_with("restored a Err"), "{:?}", harness.last(2));
        assert_eq!(again(&mut harness, "a"), 0);
    }
}

#[test]
fn a_restore_without_an_idle_slot_is_busy_and_loses_nothing() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, slots(1)).keeping();
    greet(&mut harness, &["a"]);
    harness.park("a").expect("it is idle");
    harness.until(|report| matches!(report, EngineReport::Parked { .. }));
    let gate = script.gate(Point::Decode(script.counts().decode_calls + 2));
    let running = harness.send(turn("b", "hello"));
    gate.wait();
    let [busy, resident] =
        ["a", "b"].map(|scope| harness.post(|reply| EngineCommand::Restore { scope: scope.into(), reply }));
    gate.open();
    let code =
        |reply: Replies<()>| reply.recv_timeout(PATIENCE).expect("the engine replies").map_err(|error| error.code);
    assert_eq!((code(busy), code(resident)), (Err(ErrorCode::Busy), Ok(())));
    harness.finished(&running);
    assert_eq!(again(&mut harness, "a"), GREETING);
}

/// Asks for copies of `b`, `c` and `d` before the second decode step of a turn of `a`, then does `more`. Gives the
/// number of decode steps when each copy arrived.
fn steps_of_copies(more: impl FnOnce(&Harness)) -> [u32; 3] {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    greet(&mut harness, &["b", "c", "d"]);
    let gate = script.gate(Point::Decode(script.counts().decode_calls + 2));
    let running = harness.send(turn("a", "one two three four five six"));
    gate.wait();
    let copies = ["b", "c", "d"].map(|scope| {
        let (sender, steps) = channel();
        let script = script.clone();
        let reply: EngineReply<Option<Arc<KvSnapshot>>> = Box::new(move |copied| {
            assert!(copied.is_ok_and(|copied| copied.is_some()));
            let _ = sender.send(script.counts().decode_calls);
        });
        harness.command(EngineCommand::Copy { scope: scope.into(), reply });
        steps
    });
    more(&harness);
    gate.open();
    let steps = copies.map(|steps| steps.recv_timeout(PATIENCE).expect("the engine replies"));
    harness.command(EngineCommand::Resume);
    assert_eq!(harness.finished(&running).answer.text, "you said: one two three four five six");
    steps
}

#[test]
fn beside_a_running_turn_one_scope_is_copied_in_a_step() {
    let [first, second, third] = steps_of_copies(|_| {});
    assert_eq!([second, third], [first + 1, first + 2]);
}

#[test]
fn a_suspend_waits_for_no_step_between_copies() {
    let [first, second, third] = steps_of_copies(|harness| {
        let _suspended = harness.post(|reply| EngineCommand::Suspend { reply });
    });
    assert_eq!([second, third], [first, first]);
}

/// Sends one of every command with a reply.
fn post_all(harness: &Harness) -> Vec<Replies<()>> {
    let scope = || "a".to_owned();
    let (sender, copied) = channel();
    let reply = Box::new(move |result: Result<Option<Arc<KvSnapshot>>>| {
        let _ = sender.send(result.map(|_| ()));
    });
    harness.command(EngineCommand::Copy { scope: scope(), reply });
    vec![
        copied,
        harness.post(|reply| EngineCommand::Park { scope: scope(), reply }),
        harness.post(|reply| EngineCommand::Restore { scope: scope(), reply }),
        harness.post(|reply| EngineCommand::Suspend { reply }),
    ]
}

/// All errors that each reply got.
fn codes(replies: Vec<Replies<()>>) -> Vec<Vec<ErrorCode>> {
    let codes = |reply: Replies<()>| reply.iter().filter_map(|result| result.err()).map(|it| it.code).collect();
    replies.into_iter().map(codes).collect()
}

#[test]
fn commands_that_were_not_carried_out_are_answered_once_when_the_engine_ends() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let harness = Harness::loaded(&script);
    harness.send(turn("a", "running"));
    gate.wait();
    let replies = post_all(&harness);
    harness.engine.stop();
    gate.open();
    harness.rest();
    assert_eq!(codes(replies), vec![vec![ErrorCode::ModelUnloaded]; 4]);

    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    script.fail_loads(1, ErrorCode::ModelInvalid);
    let harness = Harness::start(&script, |_| {});
    gate.wait();
    let replies = post_all(&harness);
    gate.open();
    harness.rest();
    assert_eq!(codes(replies), vec![vec![ErrorCode::ModelInvalid]; 4]);
}

#[test]
fn a_panic_while_a_scope_moves_answers_every_command_once() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    script.panic_at(Point::Save(1));
    let harness = Harness::loaded(&script);
    harness.send(turn("a", "running"));
    gate.wait();
    let replies = post_all(&harness);
    gate.open();
    assert_eq!(harness.rest().last().map(String::as_str), Some("exited EngineCrashed"));
    assert_eq!(codes(replies), vec![vec![ErrorCode::EngineCrashed]; 4]);
}
