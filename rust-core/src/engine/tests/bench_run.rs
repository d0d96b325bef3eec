//! Benches: when they begin, what waits for them, and what ends them.

use super::*;
use crate::engine::scripted::{BENCH_BATCH, Point};
use crate::protocol::Heat;

/// Tokens of a prompt and of an answer, and repetitions: 3 runs of 3 calls, and runs of 1, 2 and 2.
const SMALL: (u32, u32, u32) = (2 * BENCH_BATCH + 1, 2, 2);
const CALLS: u32 = 9 + 5;

struct Asked {
    cancel: CancelFlag,
    replies: Replies<MeasuredSpeeds>,
    progress: Receiver<(u32, u32)>,
}

impl Asked {
    fn measured(&self) -> Result<MeasuredSpeeds> {
        self.replies.recv_timeout(PATIENCE).expect("the engine replies")
    }
}

impl Harness {
    fn bench(&self, (prompt_tokens, generated_tokens, repetitions): (u32, u32, u32)) -> Asked {
        let (cancel, (told, progress)) = (CancelFlag::default(), channel());
        let theirs = cancel.clone();
        let replies = self.post(|reply| {
            let progress = Box::new(move |done, total| told.send((done, total)).expect("the test listens"));
            let cancel = theirs;
            EngineCommand::Bench(Box::new(BenchJob {
                prompt_tokens,
                generated_tokens,
                repetitions,
                cancel,
                progress,
                reply,
            }))
        });
        Asked { cancel, replies, progress }
    }
}

#[test]
fn each_kind_is_repeated_and_its_progress_told() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    let asked = harness.bench(SMALL);
    let MeasuredSpeeds { prompt, generation, threads, batch_size } = asked.measured().expect("the script computes");
    assert_eq!((prompt.len(), generation.len(), threads, batch_size), (2, 2, 1, BENCH_BATCH));
    assert!(prompt.iter().chain(&generation).all(|speed| speed.is_finite() && *speed > 0.0));
    assert_eq!(asked.progress.try_iter().collect::<Vec<_>>(), [(1, 4), (2, 4), (3, 4), (4, 4)]);
    assert_eq!((script.counts().bench_calls, script.counts().live_bench_contexts), (CALLS, 0));

    let only_prompts = harness.bench((1, 0, 3)).measured().expect("the script computes");
    assert_eq!((only_prompts.prompt.len(), only_prompts.generation.len()), (3, 0));
    let only_answers = harness.bench((0, 1, 1)).measured().expect("the script computes");
    assert_eq!((only_answers.prompt.len(), only_answers.generation.len()), (0, 1));
}

#[test]
fn it_begins_when_there_is_nothing_else_to_compute() {
    let script = Script::new();
    script.answer("count", &vec!["word"; 20].join(" "));
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1));
    let running = script.gate(Point::Decode(3));
    let sent = harness.send(turn("s", "count"));
    running.wait();
    let asked = harness.bench(SMALL);
    let waiting = harness.send(turn("other", "hi"));
    let first = script.gate(Point::Bench(1));
    running.open();
    first.wait();
    let (decoded, prefilled) = (script.counts().decode_calls, script.counts().prefill_calls);
    first.open();
    asked.measured().expect("the script computes");
    assert_eq!(
        (harness.finished(&sent).usage.output_tokens, harness.finished(&waiting).answer.text.as_str()),
        (20, "you said: hi")
    );
    assert_eq!((decoded, prefilled), (script.counts().decode_calls, script.counts().prefill_calls), "both came before");
    assert_eq!(harness.journal().last().map(String::as_str), Some("reply"));
}

#[test]
fn work_that_arrives_meanwhile_waits_and_is_done_then() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    let (first, last) = (script.gate(Point::Bench(1)), script.gate(Point::Bench(CALLS)));
    let asked = harness.bench(SMALL);
    first.wait();
    let sent = harness.send(turn("s", "hi"));
    let texts = harness.post(|reply| {
        let (texts, cancel) = (vec![vec![9; 5]], CancelFlag::default());
        EngineCommand::Embed(Box::new(EmbedJob { texts, text_size: 5, pooling: None, normalize: false, cancel, reply }))
    });
    first.open();
    last.wait();
    let counts = script.counts();
    assert_eq!((counts.prefill_calls, counts.embedding_calls), (0, 0), "nothing beside it");
    last.open();
    assert!(asked.measured().is_ok());
    assert_eq!(harness.finished(&sent).answer.text, "you said: hi");
    assert!(texts.recv_timeout(PATIENCE).expect("the engine replies").is_ok());
}

#[test]
fn a_scope_that_is_cached_stays_so_and_can_be_moved_meanwhile() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script).keeping();
    harness.ask(turn("s", "hi"));
    let first = script.gate(Point::Bench(1));
    let asked = harness.bench(SMALL);
    first.wait();
    let parked = harness.post(|reply| EngineCommand::Park { scope: "s".into(), reply });
    let second = script.gate(Point::Bench(2));
    first.open();
    second.wait();
    assert_eq!(parked.try_recv(), Ok(Ok(())), "between two calls");
    second.open();
    assert!(asked.measured().is_ok());
    assert!(
        harness.kept.as_ref().is_some_and(|_| harness.journal().contains(&"parked s 7".to_owned())),
        "{:?}",
        harness.journal()
    );
    let finished = harness.ask(turn("s", "you").after("hi", "you said: hi"));
    assert!(finished.usage.cached_tokens > 0, "{:?}", finished.usage);
}

#[test]
fn a_cancel_ends_it_after_its_call_and_admits_waiting_turns() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    let third = script.gate(Point::Bench(3));
    let (asked, next) = (harness.bench(SMALL), harness.bench(SMALL));
    third.wait();
    let sent = harness.send(turn("s", "hi"));
    asked.cancel.cancel();
    next.cancel.cancel();
    harness.command(EngineCommand::Wake);
    third.open();
    for asked in [asked, next] {
        assert_eq!(asked.measured().map_err(|error| error.code), Err(ErrorCode::Cancelled));
    }
    assert_eq!(harness.finished(&sent).answer.text, "you said: hi");
    assert_eq!((script.counts().bench_calls, script.counts().live_bench_contexts), (3, 0));
}

#[test]
fn benches_follow_each_other_with_one_context_at_a_time() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    let (first, second) = (script.gate(Point::Bench(1)), script.gate(Point::Bench(CALLS + 1)));
    let asked = [harness.bench(SMALL), harness.bench(SMALL)];
    first.wait();
    let between = harness.send(turn("s", "hi"));
    first.open();
    second.wait();
    assert_eq!(script.counts().live_bench_contexts, 1);
    assert!(script.counts().sampled > 0, "a turn that waited comes before the next one");
    second.open();
    for asked in asked {
        assert!(asked.measured().is_ok());
    }
    harness.finished(&between);
}

#[test]
fn a_run_that_was_suspended_is_measured_anew() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    // The second call of the first measured run.
    let fifth = script.gate(Point::Bench(5));
    let asked = harness.bench(SMALL);
    fifth.wait();
    let suspended = harness.post(|reply| EngineCommand::Suspend { reply });
    fifth.open();
    suspended.recv_timeout(PATIENCE).expect("the engine replies").expect("an engine can be suspended");
    for _ in 0..3 {
        assert_eq!(harness.copy("nobody"), Ok(None));
    }
    assert_eq!((script.counts().bench_calls, asked.progress.try_recv().is_err()), (5, true), "nothing computes");
    harness.command(EngineCommand::Resume);
    assert_eq!(asked.measured().map(|measured| measured.prompt.len()), Ok(2));
    // Two calls of the earlier run, and the one that paid for the suspension.
    assert_eq!(script.counts().bench_calls, CALLS + 3);
}

#[test]
fn a_change_of_threads_begins_it_again() {
    let script = Script::new();
    let harness = Harness::loaded_with(&script, |config| config.threads = Some(4));
    let sixth = script.gate(Point::Bench(6));
    let asked = harness.bench(SMALL);
    sixth.wait();
    harness.command(EngineCommand::SetHeat(Heat::Critical));
    sixth.open();
    let measured = asked.measured().expect("the script computes");
    assert_eq!((measured.threads, measured.prompt.len(), script.bench_threads()), (1, 2, vec![1]));
    assert_eq!(script.counts().bench_calls, 6 + CALLS);
}

#[test]
fn a_failure_ends_one_and_a_stop_ends_all() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    script.fail_at(Point::Bench(2), "a damaged tensor");
    let error = harness.bench(SMALL).measured().expect_err("the script fails");
    assert_eq!((error.code, error.detail.contains("a damaged tensor")), (ErrorCode::InferenceFailed, true));
    script.full_at(Point::Bench(3));
    assert_eq!(harness.bench(SMALL).measured().map_err(|error| error.code), Err(ErrorCode::InferenceFailed));
    script.refuse_bench_context();
    assert_eq!(harness.bench(SMALL).measured().map_err(|error| error.code), Err(ErrorCode::OutOfMemory));
    assert!(harness.bench(SMALL).measured().is_ok());

    let next = script.gate(Point::Bench(script.counts().bench_calls + 2));
    let asked = [harness.bench(SMALL), harness.bench(SMALL)];
    next.wait();
    harness.engine.stop();
    next.open();
    for asked in asked {
        assert_eq!(asked.measured().map_err(|error| error.code), Err(ErrorCode::ModelUnloaded));
    }
    harness.rest();
    assert_eq!((script.counts().live, script.counts().live_bench_contexts), (0, 0));
}

#[test]
fn a_crash_ends_it_with_the_engine() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    script.panic_at(Point::Bench(2));
    let asked = harness.bench(SMALL);
    assert_eq!(asked.measured().map_err(|error| error.code), Err(ErrorCode::EngineCrashed));
    harness.rest();
    assert_eq!(script.counts().live_bench_contexts, 0);
}
