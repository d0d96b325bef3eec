//! The engine of a model that makes embeddings and nothing else.

use super::*;
use crate::engine::scripted::Point;
use crate::kv::KvSnapshot;

fn encoder(script: &Script) -> Harness {
    encoder_with(script, |_| {})
}

fn encoder_with(script: &Script, configure: impl FnOnce(&mut ModelConfig)) -> Harness {
    script.encodes("script.gguf");
    Harness::loaded_with(script, configure)
}

impl Harness {
    fn embed_whole(&self, lengths: &[usize], cancel: &CancelFlag) -> Replies<Vec<Vec<f32>>> {
        let texts = lengths.iter().map(|length| vec![9; *length]).collect();
        let text_size = lengths.iter().copied().max().unwrap_or(0) as u32;
        let cancel = cancel.clone();
        self.post(|reply| {
            EngineCommand::Embed(Box::new(EmbedJob {
                texts,
                text_size,
                pooling: None,
                normalize: false,
                cancel,
                reply,
            }))
        })
    }
}

fn embedded(replies: &Replies<Vec<Vec<f32>>>) -> Result<Vec<Vec<f32>>> {
    replies.recv_timeout(PATIENCE).expect("the engine replies")
}

/// The scripted output of a text's first token: the number of tokens in its call, and its id.
fn whole(lengths: &[usize]) -> Result<Vec<Vec<f32>>> {
    Ok(lengths.iter().map(|length| vec![*length as f32, 9.0]).collect())
}

#[test]
fn each_text_comes_in_one_call_and_short_ones_together() {
    let script = Script::new();
    let harness = encoder(&script);
    let lengths = [500, 5, 5, 64, 1, 63, 1];
    let replies = harness.embed_whole(&lengths, &CancelFlag::default());
    assert_eq!(embedded(&replies), whole(&lengths));
    // 500, 5 + 5, 64, 1 + 63, 1
    assert_eq!((script.counts().embedding_calls, script.counts().embedding_contexts), (5, 1));
}

#[test]
fn jobs_take_turns_after_each_call() {
    let script = Script::new();
    let harness = encoder(&script);
    let began = script.gate(Point::Embed(1));
    let many = harness.embed_whole(&[40; 100], &CancelFlag::default());
    began.wait();
    let one = harness.embed_whole(&[40], &CancelFlag::default());
    let fourth = script.gate(Point::Embed(4));
    began.open();
    fourth.wait();
    assert_eq!(embedded(&one), whole(&[40]), "it arrived during the first call, and the third was its own");
    assert!(many.try_recv().is_err());
    fourth.open();
    assert_eq!(embedded(&many), whole(&[40; 100]));
}

#[test]
fn commands_for_a_conversation_are_refused_or_have_nothing_to_do() {
    let script = Script::new();
    let mut harness = encoder(&script);
    let refused = |error: &Error| {
        let told = "script.gguf holds no conversation: it is an embedding model";
        error.code == ErrorCode::ModelUnsupported && error.detail.starts_with(told)
    };
    let prompter = harness.prompter.take().expect("it was reported as loaded");
    let messages = [message(Role::User, "hi")];
    assert!(prompter.render(&messages, &GenerateOptions::default()).is_err_and(|error| refused(&error)));
    assert!(prompter.show(&messages).is_err_and(|error| refused(&error)));
    let tokens = prompter.tokenize_text("hi there").expect("there is a vocabulary");
    assert_eq!(prompter.detokenize(&tokens).as_deref(), Ok("hi there<end>"));
    assert_eq!(prompter.tokenize("hi there", false).as_deref(), Ok(&tokens[..2]));

    // Without a prompter the harness renders by itself.
    let finished = harness.ask(turn("s", "hello"));
    assert!(finished.error.is_some_and(|error| refused(&error)));
    let prefill = harness.call(|reply| {
        let (scope, tokens, cancel) = ("s".into(), vec![9; 20], CancelFlag::default());
        EngineCommand::Prefill(Box::new(PrefillJob { scope, tokens, cancel, reply }))
    });
    assert!(prefill.is_err_and(|error| refused(&error)));
    let parked = Arc::new(KvSnapshot::new("s".into(), vec![9], vec![1]));
    harness.command(EngineCommand::Keep(parked));
    assert!(harness.restore("s").is_err_and(|error| refused(&error)));
    assert_eq!(harness.park("s"), Ok(()));
    assert_eq!(harness.copy("s").map(|copy| copy.is_none()), Ok(true));
    harness.command(EngineCommand::DropScope("s".into()));
    assert_eq!(embedded(&harness.embed_whole(&[3], &CancelFlag::default())), whole(&[3]));
    assert_eq!((script.counts().prefill_calls, script.counts().decode_calls), (0, 0));
}

#[test]
fn a_suspended_engine_computes_nothing_and_goes_on() {
    let script = Script::new();
    let harness = encoder(&script);
    harness.suspend();
    let rests = script.counts().rests;
    assert!(rests > 0, "its threads are given back");
    let replies = harness.embed_whole(&[300], &CancelFlag::default());
    assert_eq!(harness.park("nobody"), Ok(()), "the mail before it has been read");
    assert_eq!(script.counts().embedding_calls, 0);
    harness.command(EngineCommand::Resume);
    assert_eq!(embedded(&replies), whole(&[300]));
}

#[test]
fn a_cancel_ends_a_job_at_its_call_and_a_freed_context_is_made_anew() {
    let script = Script::new();
    let harness = encoder(&script);
    let began = script.gate(Point::Embed(1));
    let cancel = CancelFlag::default();
    let replies = harness.embed_whole(&[300, 300], &cancel);
    let other = harness.embed_whole(&[200], &CancelFlag::default());
    began.wait();
    cancel.cancel();
    harness.command(EngineCommand::FreeEmbeddingContext);
    began.open();
    assert_eq!(embedded(&replies).map_err(|error| error.code), Err(ErrorCode::Cancelled));
    assert_eq!(embedded(&other), whole(&[200]), "no token of the first is in its memory");
    assert_eq!((script.counts().embedding_contexts, script.counts().live_embedding_contexts), (2, 1));
}

#[test]
fn heat_takes_threads_away() {
    let script = Script::new();
    let mut harness = encoder_with(&script, |config| config.threads = Some(4));
    assert_eq!(embedded(&harness.embed_whole(&[3], &CancelFlag::default())), whole(&[3]));
    harness.command(EngineCommand::SetHeat(crate::protocol::Heat::Critical));
    let report = harness.until(|report| matches!(report, EngineReport::ThreadsChanged { .. }));
    assert!(matches!(report, EngineReport::ThreadsChanged { from: 4, to: 1, .. }));
    assert_eq!(script.embedding_threads(), [1]);
}

#[test]
fn waiting_jobs_are_answered_when_the_engine_ends_or_crashes() {
    for (crashes, code) in [(false, ErrorCode::ModelUnloaded), (true, ErrorCode::EngineCrashed)] {
        let script = Script::new();
        let mut harness = encoder(&script);
        let began = script.gate(Point::Embed(1));
        let cancel = CancelFlag::default();
        let replies = [harness.embed_whole(&[300, 300], &cancel), harness.embed_whole(&[1], &cancel)];
        began.wait();
        if crashes {
            script.panic_at(Point::Embed(2));
        } else {
            harness.engine.stop();
        }
        began.open();
        for replies in &replies {
            assert_eq!(embedded(replies).map_err(|error| error.code), Err(code));
        }
        harness.until(|report| matches!(report, EngineReport::Exited(_)));
        assert!(harness.rest().is_empty(), "exited comes last");
        assert_eq!((script.counts().live, script.counts().live_embedding_contexts), (0, 0));
    }
}
