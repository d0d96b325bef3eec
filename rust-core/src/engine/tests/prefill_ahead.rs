//! Prefill jobs: what their turns find cached, and that no turn waits for one.

use super::*;
use crate::engine::scripted::Point;

/// A job for a turn's prompt up to its last word, without the template's own tail `<end><assistant>`.
fn job_of(harness: &Harness, turn: Turn) -> (Box<PrefillJob>, CancelFlag, Replies<Prefilled>) {
    let (job, sent) = harness.job(turn);
    let mut tokens = job.prompt.tokens;
    tokens.truncate(tokens.len() - 2);
    let (sender, receiver) = channel();
    let reply = Box::new(move |result| drop(sender.send(result)));
    (Box::new(PrefillJob { scope: job.scope, tokens, cancel: sent.cancel.clone(), reply }), sent.cancel, receiver)
}

fn send(harness: &Harness, turn: Turn) -> (CancelFlag, Replies<Prefilled>) {
    let (job, cancel, reply) = job_of(harness, turn);
    harness.command(EngineCommand::Prefill(job));
    (cancel, reply)
}

fn end(reply: &Replies<Prefilled>) -> std::result::Result<(u32, u32), ErrorCode> {
    let result = reply.recv_timeout(PATIENCE).expect("every job is answered");
    assert!(reply.recv().is_err(), "a job is answered once");
    result.map(|it| (it.cached_tokens, it.prefilled_tokens)).map_err(|error| error.code)
}

/// Cached and prefilled tokens.
fn prefill(harness: &Harness, scope: &'static str, text: &str) -> std::result::Result<(u32, u32), ErrorCode> {
    end(&send(harness, turn(scope, text)).1)
}

/// Cached and prefilled tokens of a turn whose answer is right.
fn ask(harness: &mut Harness, turn: Turn) -> (u32, u32) {
    let finished = harness.ask(turn);
    assert_eq!(finished.answer.text, format!("you said: {}", finished.generation));
    (finished.usage.cached_tokens, finished.usage.prefilled_tokens)
}

#[test]
fn a_turn_computes_only_what_was_not_prefilled() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    assert_eq!(prefill(&harness, "a", "one two three"), Ok((0, 4)));
    assert_eq!(harness.cached("a"), Some(4));
    assert_eq!(script.counts().sampled, 0, "nothing is answered");
    assert_eq!(ask(&mut harness, turn("a", "one two three four")), (4, 3));
}

#[test]
fn a_job_keeps_the_prefix_that_it_shares_with_the_one_before() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    prefill(&harness, "a", "what is my game").expect("it is computed");
    assert_eq!(prefill(&harness, "a", "what is my name now"), Ok((4, 2)));
    assert_eq!(ask(&mut harness, turn("a", "what is my name")), (5, 2));
}

#[test]
fn a_job_whose_tokens_are_in_memory_computes_and_cuts_nothing() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    prefill(&harness, "a", "one two three").expect("it is computed");
    harness.cached("a");
    assert_eq!(prefill(&harness, "a", "one two three"), Ok((4, 0)));
    assert_eq!(prefill(&harness, "a", "one"), Ok((2, 0)));
    assert_eq!(ask(&mut harness, turn("a", "one two three")), (4, 2));
    assert!(!harness.log.contains(&"cached a Some(2)".into()), "{:?}", harness.log);
}

#[test]
fn a_turn_of_another_scope_waits_for_one_chunk_at_most() {
    let script = Script::new();
    let gate = script.gate(Point::Prefilled(1));
    let mut harness = Harness::loaded(&script);
    let (_, replies) = send(&harness, turn("a", &"word ".repeat(700)));
    gate.wait();
    let other = harness.send(turn("b", &"long ".repeat(1200)));
    gate.open();
    assert_eq!(harness.finished(&other).reason, FinishReason::Stop);
    assert_eq!(end(&replies).map(|(cached, _)| cached), Ok(0));
    let owners: Vec<(Sequence, usize)> = script
        .calls()
        .iter()
        .filter(|call| call.prefill)
        .map(|call| (call.sequences[0], call.sequences.len()))
        .collect();
    assert_eq!(owners[0], (0, 32), "as if streams were running, for one may start");
    let turns: Vec<usize> = owners.iter().enumerate().filter(|(_, (owner, _))| *owner == 1).map(|(at, _)| at).collect();
    assert!(turns.len() > 1 && turns.iter().zip(1..).all(|(at, wanted)| *at == wanted), "{owners:?}");
}

#[test]
fn a_turn_that_needs_the_slot_gets_it() {
    let script = Script::new();
    let gate = script.gate(Point::Prefilled(40));
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1)).keeping();
    let (_, replies) = send(&harness, turn("a", &"word ".repeat(700)));
    gate.wait();
    let other = harness.send(turn("b", "hello"));
    gate.open();
    assert_eq!(harness.finished(&other).answer.text, "you said: hello");
    assert_eq!(end(&replies), Err(ErrorCode::Cancelled));
    // The tokens computed by then were parked with their scope.
    let (cached, _) = ask(&mut harness, turn("a", &"word ".repeat(60)));
    assert!(cached >= 40, "{cached}");
}

#[test]
fn a_turn_of_its_own_scope_ends_the_job_and_goes_on_from_there() {
    let script = Script::new();
    let gate = script.gate(Point::Prefilled(40));
    let mut harness = Harness::loaded(&script);
    let (_, replies) = send(&harness, turn("a", &"word ".repeat(700)));
    gate.wait();
    let sent = harness.send(turn("a", &"word ".repeat(60)));
    gate.open();
    let finished = harness.finished(&sent);
    assert_eq!(end(&replies), Err(ErrorCode::Cancelled));
    assert!(finished.usage.cached_tokens >= 40, "{finished:?}");
}

#[test]
fn a_job_waits_for_a_slot_and_never_displaces_a_scope_that_waits_for_its_turn() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(1));
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1)).keeping();
    let running = harness.send(turn("a", "hello"));
    gate.wait();
    let (_, replies) = send(&harness, turn("b", "one two"));
    let behind = harness.send(turn("a", "again"));
    gate.open();
    harness.finished(&running);
    harness.finished(&behind);
    assert_eq!(end(&replies).map(|(_, prefilled)| prefilled > 0), Ok(true));
    let order: Vec<&String> =
        harness.log.iter().filter(|line| line.starts_with("finished") || line.starts_with("parked")).collect();
    assert_eq!(order, ["finished hello Stop", "finished again Stop"], "the slot was taken after both turns");
    assert_eq!(harness.last(2)[0].split_at(8).0, "parked a");
}

#[test]
fn a_stream_goes_on_between_the_chunks_of_a_job() {
    let script = Script::new();
    script.answer("first", &"word ".repeat(500));
    let gate = script.gate(Point::Decode(3));
    let mut harness = Harness::loaded(&script);
    let first = harness.send(turn("a", "first"));
    gate.wait();
    let (_, replies) = send(&harness, turn("b", &"long ".repeat(700)));
    gate.open();
    assert_eq!(end(&replies), Ok((0, 702)));
    assert!(
        !script.calls().windows(2).any(|pair| pair[0].prefill && pair[1].prefill),
        "a decode between any two chunks"
    );
    first.cancel.cancel();
    harness.command(EngineCommand::Wake);
    harness.finished(&first);
}

#[test]
fn a_cancelled_job_leaves_the_tokens_that_it_computed() {
    let script = Script::new();
    let gate = script.gate(Point::Prefilled(5));
    let mut harness = Harness::loaded(&script);
    let (cancel, replies) = send(&harness, turn("a", "one two three four five six"));
    gate.wait();
    cancel.cancel();
    gate.open();
    assert_eq!(end(&replies), Err(ErrorCode::Cancelled));
    assert_eq!(harness.cached("a"), Some(5));
    assert_eq!(ask(&mut harness, turn("a", "one two three four five six")), (5, 4));
}

#[test]
fn a_job_that_fails_leaves_nothing_wrong_behind() {
    for fail in [
        |script: &Script| script.fail_at(Point::Prefilled(3), "out of luck"),
        |script: &Script| {
            script.full_at(Point::Prefilled(3));
        },
    ] {
        let script = Script::new();
        fail(&script);
        let mut harness = Harness::loaded(&script);
        assert!(prefill(&harness, "a", "one two three").is_err());
        assert_eq!(harness.cached("a"), Some(0));
        assert_eq!(ask(&mut harness, turn("a", "one two three")), (0, 6));
    }
}

#[test]
fn a_turn_that_is_cancelled_goes_back_to_the_prefilled_tokens() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    prefill(&harness, "a", "one two").expect("it is computed");
    let gate = script.gate(Point::Decode(1));
    let sent = harness.send(turn("a", "one two three"));
    gate.wait();
    sent.cancel.cancel();
    gate.open();
    assert_eq!(harness.finished(&sent).reason, FinishReason::Cancelled);
    assert_eq!(ask(&mut harness, turn("a", "one two")), (3, 2));
}

#[test]
fn a_parked_scope_is_restored_for_a_job() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script).keeping();
    harness.ask(turn("a", "hello"));
    harness.park("a").expect("it is idle");
    let asked = turn("a", "one two").after("hello", "you said: hello");
    let (_, replies) = send(&harness, asked);
    // `<user> hello <end> <assistant> you said: hello` is back; `<end> <user> one two` is new.
    assert_eq!(end(&replies), Ok((7, 4)));
    assert_eq!(script.counts().restores, 1);
}

#[test]
fn parking_a_scope_ends_its_job_and_dropping_it_leaves_nothing() {
    for drops in [false, true] {
        let script = Script::new();
        let gate = script.gate(Point::Prefilled(5));
        let mut harness = Harness::loaded(&script).keeping();
        let (_, first) = send(&harness, turn("a", &"word ".repeat(700)));
        let (_, second) = send(&harness, turn("a", "never computed"));
        gate.wait();
        let parked = if drops {
            harness.command(EngineCommand::DropScope("a".into()));
            None
        } else {
            Some(harness.post(|reply| EngineCommand::Park { scope: "a".into(), reply }))
        };
        gate.open();
        assert_eq!(end(&first), Err(ErrorCode::Cancelled));
        match parked {
            Some(parked) => {
                parked.recv_timeout(PATIENCE).expect("the engine replies").expect("a job is no turn");
                assert_eq!(end(&second).map(|(cached, _)| cached), Ok(1), "it is another job of the scope");
            }
            None => assert_eq!(end(&second), Err(ErrorCode::Cancelled)),
        }
        let (cached, _) = ask(&mut harness, turn("a", "word word"));
        assert_eq!(cached, if drops { 0 } else { 1 });
    }
}

#[test]
fn a_memory_that_cannot_be_cut_takes_no_jobs() {
    let script = Script::new();
    script.forbid_cutting();
    let mut harness = Harness::loaded(&script);
    assert_eq!(prefill(&harness, "a", "one two"), Ok((0, 0)));
    assert_eq!(script.counts().prefilled_rows, 0);
    assert_eq!(ask(&mut harness, turn("a", "one two")), (0, 5));
}

#[test]
fn a_job_longer_than_the_context_is_refused_and_changes_nothing() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, |config| config.context_size = Some(16));
    prefill(&harness, "a", "one two").expect("it is computed");
    assert_eq!(prefill(&harness, "a", &"word ".repeat(20)), Err(ErrorCode::ContextFull));
    assert_eq!(ask(&mut harness, turn("a", "one two")), (3, 2));
}

#[test]
fn a_suspended_engine_computes_no_job_and_goes_on_with_it() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    harness.suspend();
    let (_, replies) = send(&harness, turn("a", "one two"));
    harness.copy("a").expect("asked for so that the job has been read");
    assert_eq!(script.counts().prefilled_rows, 0);
    harness.command(EngineCommand::Resume);
    assert_eq!(end(&replies), Ok((0, 3)));
}

#[test]
fn an_engine_that_ends_answers_its_jobs() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    harness.suspend();
    let (_, replies) = send(&harness, turn("a", "one two"));
    harness.stop();
    assert_eq!(end(&replies), Err(ErrorCode::ModelUnloaded));

    let script = Script::new();
    script.panic_at(Point::Prefilled(2));
    let harness = Harness::loaded(&script);
    let (_, replies) = send(&harness, turn("a", "one two"));
    assert_eq!(end(&replies), Err(ErrorCode::EngineCrashed));
    harness.rest();
}
