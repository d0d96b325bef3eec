//! Texts to embed, beside turns.

use super::*;
use crate::engine::scripted::Point;

impl Harness {
    fn embed(&self, lengths: &[usize], cancel: &CancelFlag) -> Replies<Vec<Vec<f32>>> {
        let texts = lengths.iter().map(|length| vec![9; *length]).collect();
        let text_size = lengths.iter().copied().max().unwrap_or(0) as u32;
        let (pooling, cancel) = (Some(crate::protocol::Pooling::Last), cancel.clone());
        self.post(|reply| {
            EngineCommand::Embed(Box::new(EmbedJob { texts, text_size, pooling, normalize: false, cancel, reply }))
        })
    }
}

fn embedded(replies: &Replies<Vec<Vec<f32>>>) -> Result<Vec<Vec<f32>>> {
    replies.recv_timeout(PATIENCE).expect("the engine replies")
}

/// The count before each of the first calls of an embedding context.
fn before_calls(script: &Script, gates: Vec<Gate>, count: impl Fn(&Script) -> u32) -> Vec<u32> {
    let counts = gates.into_iter().map(|gate| {
        gate.wait();
        let done = count(script);
        gate.open();
        done
    });
    counts.collect()
}

fn gates(script: &Script, calls: u32) -> Vec<Gate> {
    (1..=calls).map(|call| script.gate(Point::Embed(call))).collect()
}

#[test]
fn a_stream_waits_for_one_call_in_a_step() {
    let script = Script::new();
    script.answer("count", &vec!["word"; 50].join(" "));
    let mut harness = Harness::loaded(&script);
    let started = script.gate(Point::Decode(3));
    let sent = harness.send(turn("s", "count"));
    started.wait();
    let calls = gates(&script, 6);
    let replies = harness.embed(&[600], &CancelFlag::default());
    started.open();
    // The engine reads its mail before the fourth decode step.
    assert_eq!(before_calls(&script, calls, |script| script.counts().decode_calls), [4, 5, 6, 7, 8, 9]);
    assert_eq!(embedded(&replies), Ok(vec![vec![600.0, 9.0]]));
    assert_eq!(harness.finished(&sent).usage.output_tokens, 50);
}

#[test]
fn prompts_and_texts_take_turns_and_prefill_jobs_come_last() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    let began = script.gate(Point::Embed(1));
    let replies = harness.embed(&[600], &CancelFlag::default());
    began.wait();
    let calls = (2..=4).map(|call| script.gate(Point::Embed(call))).collect();
    let prompt = vec!["word"; 2_000].join(" ");
    let sent = harness.send(Turn { messages: vec![message(Role::User, &prompt)], ..turn("s", "") });
    let prefill = harness.post(|reply| {
        let (scope, tokens, cancel) = ("ahead".into(), vec![9; 20], CancelFlag::default());
        EngineCommand::Prefill(Box::new(PrefillJob { scope, tokens, cancel, reply }))
    });
    began.open();
    assert_eq!(before_calls(&script, calls, |script| script.counts().prefill_calls), [1, 2, 3]);
    assert!(prefill.try_recv().is_err(), "nothing is prefilled ahead while a turn or a text waits");
    assert_eq!(embedded(&replies), Ok(vec![vec![600.0, 9.0]]));
    assert_eq!(harness.finished(&sent).usage.prefilled_tokens, 2_003);
    assert!(prefill.recv_timeout(PATIENCE).expect("the engine replies").is_ok());
}

#[test]
fn jobs_take_turns_after_each_call() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    let began = script.gate(Point::Embed(1));
    let many = harness.embed(&[40; 100], &CancelFlag::default());
    began.wait();
    let one = harness.embed(&[40], &CancelFlag::default());
    let fourth = script.gate(Point::Embed(4));
    began.open();
    fourth.wait();
    assert_eq!(
        embedded(&one),
        Ok(vec![vec![40.0, 9.0]]),
        "it arrived during the first call, and the third was its own"
    );
    assert!(many.try_recv().is_err());
    fourth.open();
    assert_eq!(embedded(&many), Ok(vec![vec![40.0, 9.0]; 100]));
}

#[test]
fn a_text_that_fills_the_context_is_finished_by_itself() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    let replies = harness.embed(&[600, 5, 5], &CancelFlag::default());
    assert_eq!(embedded(&replies), Ok(vec![vec![600.0, 9.0], vec![5.0, 9.0], vec![5.0, 9.0]]));
    assert_eq!(script.counts().embedding_calls, 600_u32.div_ceil(64) + 1);
}

#[test]
fn a_cancel_ends_a_job_at_its_call() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    let began = script.gate(Point::Embed(1));
    let cancel = CancelFlag::default();
    let replies = harness.embed(&[600, 600], &cancel);
    let other = harness.embed(&[300], &CancelFlag::default());
    began.wait();
    cancel.cancel();
    began.open();
    assert_eq!(embedded(&replies).map_err(|error| error.code), Err(ErrorCode::Cancelled));
    assert_eq!(embedded(&other), Ok(vec![vec![300.0, 9.0]]), "no token of the first is in its memory");
    assert_eq!(script.counts().embedding_calls, 1 + 300_u32.div_ceil(64));
}

#[test]
fn a_freed_context_is_made_anew_for_waiting_jobs() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    let began = script.gate(Point::Embed(3));
    let replies = harness.embed(&[300], &CancelFlag::default());
    began.wait();
    harness.command(EngineCommand::FreeEmbeddingContext);
    began.open();
    assert_eq!(embedded(&replies), Ok(vec![vec![300.0, 9.0]]));
    assert_eq!((script.counts().embedding_contexts, script.counts().live_embedding_contexts), (2, 1));
    harness.command(EngineCommand::FreeEmbeddingContext);
    assert_eq!(harness.park("nobody"), Ok(()), "the mail before it has been read");
    assert_eq!(script.counts().live_embedding_contexts, 0);
}

#[test]
fn waiting_jobs_are_answered_when_the_engine_ends() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    let began = script.gate(Point::Embed(1));
    let replies = [harness.embed(&[600], &CancelFlag::default()), harness.embed(&[1], &CancelFlag::default())];
    began.wait();
    harness.engine.stop();
    began.open();
    for replies in &replies {
        assert_eq!(embedded(replies).map_err(|error| error.code), Err(ErrorCode::ModelUnloaded));
    }
    harness.rest();
    assert_eq!((script.counts().live, script.counts().live_embedding_contexts), (0, 0));
}
