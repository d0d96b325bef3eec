//! Many turns at once: batching, order, fairness, cancel.

use super::*;
use crate::engine::scripted::{Call, Point};

fn decode_calls(script: &Script) -> Vec<Vec<Sequence>> {
    script.calls().into_iter().filter(|call| !call.prefill).map(|call| call.sequences).collect()
}

fn prefill_calls(script: &Script) -> Vec<Call> {
    script.calls().into_iter().filter(|call| call.prefill).collect()
}

#[test]
fn streams_share_decode_calls_on_adjacent_ascending_sequences() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    // The first prefill stands still until all four have arrived.
    let hold = script.gate(Point::Prefilled(1));
    let sent: Vec<Sent> = ["a", "b", "c", "d"].into_iter().map(|scope| harness.send(turn(scope, scope))).collect();
    hold.wait();
    hold.open();
    for sent in &sent {
        assert_eq!(harness.finished(sent).answer.text, format!("you said: {}", sent.generation));
    }
    assert!(decode_calls(&script).contains(&vec![0, 1, 2]) || decode_calls(&script).contains(&vec![0, 1, 2, 3]));
    for call in decode_calls(&script) {
        assert!(call.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{call:?}");
    }
}

#[test]
fn a_prefill_never_shares_a_call_with_streams() {
    let script = Script::new();
    script.answer("first", &"word ".repeat(200));
    let gate = script.gate(Point::Decode(3));
    let mut harness = Harness::loaded(&script);
    let first = harness.send(turn("a", "first"));
    gate.wait();
    let second = harness.send(turn("b", &"long ".repeat(100)));
    gate.open();
    harness.finished(&second);
    harness.finished(&first);
    let calls = script.calls();
    assert!(
        calls.iter().filter(|call| call.prefill).all(|call| call.sequences.iter().all(|id| *id == call.sequences[0]))
    );
    let mixed = calls.iter().any(|call| !call.prefill && call.sequences.len() > 1);
    assert!(mixed, "the streams decode together once the second is prefilled");
}

#[test]
fn a_stream_goes_on_between_the_chunks_of_a_prefill() {
    let script = Script::new();
    script.answer("first", &"word ".repeat(500));
    let gate = script.gate(Point::Decode(3));
    let mut harness = Harness::loaded(&script);
    let first = harness.send(turn("a", "first"));
    gate.wait();
    let second = harness.send(turn("b", &"long ".repeat(700)));
    gate.open();
    harness.finished(&second);
    let chunks: Vec<usize> = prefill_calls(&script).iter().skip(1).map(|call| call.sequences.len()).collect();
    assert!(chunks.len() > 1 && chunks[0] <= 512, "{chunks:?}");
    let calls = script.calls();
    assert!(!calls.windows(2).any(|pair| pair[0].prefill && pair[1].prefill), "a decode between any two chunks");
    first.cancel.cancel();
    harness.finished(&first);
}

#[test]
fn prompts_take_turns() {
    let script = Script::new();
    let gate = script.gate(Point::Prefilled(1));
    let mut harness = Harness::loaded(&script);
    let sent = [harness.send(turn("a", &"one ".repeat(1200))), harness.send(turn("b", &"two ".repeat(1200)))];
    gate.wait();
    gate.open();
    for sent in &sent {
        harness.finished(sent);
    }
    let owners: Vec<Sequence> = prefill_calls(&script).iter().map(|call| call.sequences[0]).collect();
    assert_eq!(owners[..4], [0, 1, 0, 1]);
    assert!(prefill_calls(&script).iter().all(|call| call.sequences.len() <= 512));
}

#[test]
fn jobs_without_a_slot_are_served_in_order() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1));
    let sent: Vec<Sent> = ["a", "b", "c", "d"].into_iter().map(|scope| harness.send(turn(scope, scope))).collect();
    harness.finished(&sent[3]);
    let order: Vec<&String> = harness.log.iter().filter(|line| line.starts_with("finished")).collect();
    assert_eq!(order, ["finished a Stop", "finished b Stop", "finished c Stop", "finished d Stop"]);
}

#[test]
fn turns_of_one_scope_run_one_after_another_and_hold_up_no_other_scope() {
    let script = Script::new();
    script.answer("one", &"word ".repeat(50));
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded(&script);
    let one = harness.send(turn("a", "one"));
    gate.wait();
    let two = harness.send(turn("a", "two"));
    let other = harness.send(turn("b", "other"));
    gate.open();
    harness.finished(&other);
    harness.finished(&one);
    harness.finished(&two);
    let order: Vec<&String> = harness.log.iter().filter(|line| line.starts_with("finished")).collect();
    assert_eq!(order, ["finished other Stop", "finished one Stop", "finished two Stop"]);
    assert!(decode_calls(&script).iter().all(|call| call.iter().filter(|id| **id == 0).count() <= 1));
}

#[test]
fn a_job_cancelled_in_the_queue_never_runs() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1));
    let running = harness.send(turn("a", "running"));
    let queued = harness.send(turn("b", "queued"));
    let behind = harness.send(turn("c", "behind"));
    gate.wait();
    queued.cancel.cancel();
    gate.open();
    let finished = harness.finished(&queued);
    assert_eq!((finished.reason, finished.usage), (FinishReason::Cancelled, Usage::default()));
    assert_eq!(harness.finished(&running).reason, FinishReason::Stop);
    assert_eq!(harness.finished(&behind).reason, FinishReason::Stop);
    assert!(!harness.log.iter().any(|line| line.starts_with("prefilling queued")));
}

#[test]
fn a_job_cancelled_before_it_is_read_never_runs() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    let (job, sent) = harness.job(turn("a", "hello"));
    sent.cancel.cancel();
    assert!(harness.engine.send(EngineCommand::Generate(job)).is_ok());
    assert_eq!(harness.finished(&sent).reason, FinishReason::Cancelled);
    assert_eq!(script.counts().prefilled_rows, 0);
}

#[test]
fn a_cancel_between_admission_and_prefill_computes_one_row_at_most() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded(&script);
    let first = harness.send(turn("a", "first"));
    gate.wait();
    let before = script.counts().prefilled_rows;
    let hold = script.gate(Point::Decode(3));
    let second = harness.send(turn("b", "one two three four"));
    gate.open();
    // Admitted in the same step that now stands before its decode; the prefill comes after it.
    hold.wait();
    harness.until(
        |report| matches!(report, EngineReport::Prefilling { done: 0, generation, .. } if generation != "first"),
    );
    second.cancel.cancel();
    hold.open();
    let finished = harness.finished(&second);
    assert_eq!((finished.reason, finished.answer.text.as_str()), (FinishReason::Cancelled, ""));
    assert_eq!(script.counts().prefilled_rows - before, 1);
    assert_eq!(harness.cached("b"), Some(0));
    assert_eq!(harness.finished(&first).reason, FinishReason::Stop);
}

#[test]
fn an_aborted_prefill_leaves_streams_alone() {
    let script = Script::new();
    script.answer("first", "1 2 3 4 5 6 7 8 9");
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded(&script);
    let first = harness.send(turn("a", "first"));
    gate.wait();
    let hold = script.gate(Point::Prefilled(4 + 5));
    let second = harness.send(turn("b", "one two three four five six seven"));
    gate.open();
    hold.wait();
    second.cancel.cancel();
    hold.open();
    assert_eq!(harness.finished(&second).usage.prefilled_tokens, 5);
    assert_eq!(harness.finished(&first).answer.text, "1 2 3 4 5 6 7 8 9");
}

#[test]
fn a_wake_lets_an_engine_see_a_cancelled_flag() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    assert!(harness.engine.send(EngineCommand::Wake).is_ok());
    assert_eq!(harness.ask(turn("a", "hello")).reason, FinishReason::Stop);
}

#[test]
fn a_queue_beyond_its_limit_says_busy() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(1));
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1));
    let running = harness.send(turn("a", "running"));
    gate.wait();
    for number in 0..1024 {
        harness.send(turn("a", &number.to_string()));
    }
    let hold = script.gate(Point::Decode(2));
    gate.open();
    hold.wait();
    let refused = harness.send(turn("b", "refused"));
    hold.open();
    assert_eq!(code(&harness.finished(&refused)), Some(ErrorCode::Busy));
    assert_eq!(harness.finished(&running).reason, FinishReason::Stop);
    let rest = harness.stop();
    assert!(rest.iter().filter(|line| line.starts_with("finished")).count() <= 1024);
}

#[test]
fn an_idle_engine_gives_its_compute_threads_back_and_a_working_one_does_not() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    harness.ask(turn("a", "hello"));
    // Asked once before each wait for mail, never in the middle of a turn.
    let gate = script.gate(Point::Decode(script.counts().decode_calls + 2));
    let held = harness.send(turn("a", "again"));
    gate.wait();
    let rests = script.counts().rests;
    assert!((1..=2).contains(&rests), "{rests}");
    gate.open();
    harness.finished(&held);
    harness.stop();
    assert!(script.counts().rests <= rests + 1);
}
