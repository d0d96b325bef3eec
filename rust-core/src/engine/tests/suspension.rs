//! Compute stops between two steps while everything else goes on; after the resume nothing is lost or repeated.

use super::*;
use crate::engine::scripted::{Counts, Point};

/// The work computed so far.
fn computed(script: &Script) -> (u32, u32, u32) {
    let Counts { prefilled_rows, decode_calls, sampled, .. } = script.counts();
    (prefilled_rows, decode_calls, sampled)
}

/// Suspends at a gate. Nothing has been computed since then when this returns.
fn suspended_at(script: &Script, harness: &Harness, gate: Gate) -> (u32, u32, u32) {
    gate.wait();
    let reply = harness.post(|reply| EngineCommand::Suspend { reply });
    gate.open();
    reply.recv_timeout(PATIENCE).expect("the engine replies").expect("an engine can be suspended");
    computed(script)
}

/// An engine that has answered has gone around its loop.
fn go_around(harness: &Harness) {
    for _ in 0..3 {
        assert_eq!(harness.copy("nobody"), Ok(None));
    }
}

#[test]
fn a_prefill_goes_on_where_it_was_suspended() {
    let script = Script::new();
    let question = "long ".repeat(1_500);
    script.answer(&question, "short");
    let gate = script.gate(Point::Prefilled(3));
    let mut harness = Harness::loaded(&script);
    let sent = harness.send(turn("a", &question));
    let before = suspended_at(&script, &harness, gate);
    assert_eq!(before, (512, 0, 0));
    go_around(&harness);
    assert_eq!(computed(&script), before);
    harness.command(EngineCommand::Resume);
    let finished = harness.finished(&sent);
    assert_eq!(finished.answer.text, "short");
    assert_eq!(script.counts().prefilled_rows, finished.usage.prompt_tokens, "each row once");
}

#[test]
fn answers_go_on_where_they_were_suspended_however_often() {
    let script = Script::new();
    script.answer("one", "1 2 3 4 5 6 7 8 9");
    let gates: Vec<Gate> = [2, 5, 7].into_iter().map(|step| script.gate(Point::Decode(step))).collect();
    let mut harness = Harness::loaded(&script);
    let hold = script.gate(Point::Prefilled(1));
    let sent = [harness.send(turn("a", "one")), harness.send(turn("b", "two"))];
    hold.wait();
    hold.open();
    for gate in gates {
        let before = suspended_at(&script, &harness, gate);
        go_around(&harness);
        assert_eq!(computed(&script), before);
        harness.command(EngineCommand::Resume);
    }
    let texts = sent.each_ref().map(|sent| harness.finished(sent).answer.text);
    assert_eq!(texts, ["1 2 3 4 5 6 7 8 9", "you said: two"]);
    assert_eq!(script.counts().sampled, 10 + 4, "each token once, and the ends");
}

#[test]
fn turns_that_arrive_meanwhile_wait() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1));
    harness.suspend();
    let sent = [harness.send(turn("a", "one")), harness.send(turn("b", "two"))];
    go_around(&harness);
    assert_eq!(computed(&script), (0, 0, 0));
    assert!(!harness.journal().iter().any(|line| line.starts_with("prefilling")), "no turn was admitted");
    harness.command(EngineCommand::Resume);
    assert_eq!(sent.each_ref().map(|sent| harness.finished(sent).answer.text), ["you said: one", "you said: two"]);
}

#[test]
fn cancelled_turns_end_while_suspended() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1));
    let running = harness.send(turn("a", "running"));
    let queued = harness.send(turn("b", "queued"));
    let stays = harness.send(turn("c", "stays"));
    let before = suspended_at(&script, &harness, gate);
    for cancelled in [&queued, &running] {
        cancelled.cancel.cancel();
        harness.command(EngineCommand::Wake);
        assert_eq!(harness.finished(cancelled).reason, FinishReason::Cancelled);
    }
    assert_eq!(harness.cached("a"), Some(0), "the turn went back whole");
    assert_eq!(computed(&script), before);
    harness.command(EngineCommand::Resume);
    assert_eq!(harness.finished(&stays).answer.text, "you said: stays");
}

#[test]
fn scopes_move_and_are_dropped_while_suspended() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(2)).keeping();
    harness.ask(turn("a", "hello"));
    harness.ask(turn("b", "hello"));
    assert_eq!(harness.cached("b"), Some(7));
    let gate = script.gate(Point::Decode(script.counts().decode_calls + 2));
    let running = harness.send(turn("b", "again").after("hello", "you said: hello"));
    let before = suspended_at(&script, &harness, gate);
    assert_eq!(harness.park("a"), Ok(()));
    assert_eq!(harness.restore("a"), Ok(()));
    let held = |copy: Result<Option<Arc<KvSnapshot>>>| copy.expect("it can be saved").map(|copy| copy.tokens().len());
    assert_eq!(held(harness.copy("a")), Some(7));
    // The greeting, <end> <user> again <end> <assistant>, and two tokens of the answer.
    assert_eq!(held(harness.copy("b")), Some(7 + 5 + 2));
    assert_eq!(harness.park("b").map_err(|error| error.code), Err(ErrorCode::Busy));
    harness.command(EngineCommand::DropScope("b".into()));
    assert_eq!(harness.finished(&running).reason, FinishReason::Cancelled);
    assert_eq!(harness.cached("b"), None);
    assert_eq!(computed(&script), before);
    harness.command(EngineCommand::Resume);
    assert_eq!(harness.ask(turn("a", "again").after("hello", "you said: hello")).usage.cached_tokens, 7);
}

#[test]
fn stop_ends_a_suspended_engine_and_everything_in_it() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1));
    let sent = [harness.send(turn("a", "running")), harness.send(turn("b", "queued"))];
    suspended_at(&script, &harness, gate);
    harness.engine.stop();
    for sent in &sent {
        assert_eq!(code(&harness.finished(sent)), Some(ErrorCode::ModelUnloaded));
    }
    assert_eq!(harness.rest(), ["exited"]);
    assert_eq!(script.counts().live, 0);
}

#[test]
fn suspending_and_resuming_twice_is_once() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    harness.command(EngineCommand::Resume);
    assert_eq!(harness.ask(turn("a", "one")).answer.text, "you said: one");
    harness.suspend();
    harness.suspend();
    let sent = harness.send(turn("a", "two"));
    go_around(&harness);
    assert_eq!(harness.ended.len(), 0);
    harness.command(EngineCommand::Resume);
    harness.command(EngineCommand::Resume);
    assert_eq!(harness.finished(&sent).answer.text, "you said: two");
}

#[test]
fn a_suspended_engine_has_given_its_compute_threads_back_before_it_says_so() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded(&script);
    let sent = harness.send(turn("a", "hello"));
    gate.wait();
    let rests = script.counts().rests;
    let at_reply = Arc::new(Mutex::new(0));
    let (theirs, counts) = (at_reply.clone(), script.clone());
    let (sender, replied) = channel();
    let reply = Box::new(move |result: Result<()>| {
        *theirs.lock().unwrap_or_else(PoisonError::into_inner) = counts.counts().rests;
        let _ = sender.send(result);
    });
    harness.command(EngineCommand::Suspend { reply });
    gate.open();
    assert_eq!(replied.recv_timeout(PATIENCE), Ok(Ok(())));
    assert_eq!(*at_reply.lock().unwrap_or_else(PoisonError::into_inner), rests + 1);
    harness.command(EngineCommand::Resume);
    harness.finished(&sent);
}

#[test]
fn a_full_mailbox_still_takes_suspend_and_resume() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded(&script);
    let sent = harness.send(turn("a", "hello"));
    gate.wait();
    while harness.engine.send(EngineCommand::DropScope("nobody".into())).is_ok() {}
    let reply = harness.post(|reply| EngineCommand::Suspend { reply });
    harness.command(EngineCommand::Resume);
    gate.open();
    assert_eq!(reply.recv_timeout(PATIENCE), Ok(Ok(())));
    assert_eq!(harness.finished(&sent).answer.text, "you said: hello");
}
