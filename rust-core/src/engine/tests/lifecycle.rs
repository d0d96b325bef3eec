//! Load, stop, crash: `Exited` comes once and last, and everything accepted is answered before it.

use super::*;
use crate::engine::scripted::Point;

#[test]
fn a_load_reports_progress_then_loaded() {
    let script = Script::new();
    let harness = Harness::loaded(&script);
    let progress: Vec<&str> = harness.log.iter().map(String::as_str).collect();
    assert_eq!(progress[..3], ["progress 0", "progress 0.1", "progress 0.2"]);
    assert_eq!(progress[10..], ["progress 1", "loaded"]);
    assert_eq!(harness.stop(), ["exited"]);
}

#[test]
fn progress_is_reported_a_hundred_times_at_most() {
    struct Chatty(Script);
    impl ModelLoader for Chatty {
        fn load(&self, config: &ModelConfig, on_load: OnLoad<'_>) -> crate::error::Result<Loaded> {
            for step in 0..100_000 {
                on_load(LoadProgress::Reading(step as f32 / 100_000.0));
            }
            self.0.loader().load(config, &mut |_| true)
        }
        fn estimate(&self, _: &ModelConfig, _: Estimate) -> Result<crate::protocol::MemoryEstimate> {
            unreachable!("an engine does not ask")
        }
        fn available_memory(&self) -> Option<u64> {
            None
        }
        fn devices(&self) -> crate::engine::Devices {
            self.0.loader().devices()
        }
    }
    let (sender, reports) = channel();
    let loader = Arc::new(Chatty(Script::new()));
    let report = move |report| {
        let _ = sender.send(line(&report));
    };
    let engine = Engine::start(loader, ModelConfig::new("a"), CancelFlag::default(), report);
    let before_loaded = reports.iter().take_while(|line| line != "loaded").count();
    assert_eq!(before_loaded, 100);
    drop(engine);
}

#[test]
fn a_failed_load_exits_with_its_error() {
    let script = Script::new();
    script.fail_loads(1, ErrorCode::OutOfMemory);
    let mut harness = Harness::start(&script, |_| {});
    harness.until(|report| matches!(report, EngineReport::Exited(_)));
    assert_eq!(harness.log.last().map(String::as_str), Some("exited OutOfMemory"));
    assert!(harness.rest().is_empty(), "exited comes last");
    assert_eq!(script.counts().live, 0);
    let again = Harness::loaded(&script);
    assert_eq!(script.counts().loads, 2);
    assert_eq!(again.stop(), ["exited"]);
}

#[test]
fn cancelling_a_load_ends_it_at_the_next_progress() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let harness = Harness::start(&script, |_| {});
    gate.wait();
    harness.cancel_load.cancel();
    gate.open();
    let reports = harness.rest();
    assert_eq!(reports[reports.len() - 2..], ["progress 0.5", "exited LoadCancelled"]);
    assert_eq!(script.counts().live, 0);
}

#[test]
fn stop_during_load_ends_it() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let harness = Harness::start(&script, |_| {});
    gate.wait();
    harness.engine.stop();
    gate.open();
    assert_eq!(harness.rest().last().map(String::as_str), Some("exited LoadCancelled"));
}

#[test]
fn a_job_sent_during_a_load_that_fails_is_answered_before_exited() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    script.fail_loads(1, ErrorCode::ModelInvalid);
    let harness = Harness::start(&script, |_| {});
    gate.wait();
    harness.send(turn("a", "hello"));
    gate.open();
    let reports = harness.rest();
    assert_eq!(reports[reports.len() - 2..], ["finished hello ModelInvalid", "exited ModelInvalid"]);
}

#[test]
fn a_panic_while_loading_is_a_crash() {
    let script = Script::new();
    script.panic_at(Point::Load(0.5));
    let reports = Harness::start(&script, |_| {}).rest();
    assert_eq!(reports.last().map(String::as_str), Some("exited EngineCrashed"));
}

#[test]
fn stop_ends_decoding_queued_and_unread_work_as_unloaded() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1));
    let running = harness.send(turn("a", "running"));
    let queued = harness.send(turn("b", "queued"));
    gate.wait();
    harness.send(turn("c", "unread"));
    harness.engine.stop();
    gate.open();
    assert_eq!(code(&harness.finished(&running)), Some(ErrorCode::ModelUnloaded));
    assert_eq!(code(&harness.finished(&queued)), Some(ErrorCode::ModelUnloaded));
    assert_eq!(harness.rest(), ["finished unread ModelUnloaded", "exited"]);
    assert_eq!(script.counts().live, 0);
}

#[test]
fn stop_ends_a_prefill_in_its_middle() {
    let script = Script::new();
    let gate = script.gate(Point::Prefilled(3));
    let harness = Harness::loaded(&script);
    harness.send(turn("a", "one two three four five six"));
    gate.wait();
    harness.engine.stop();
    gate.open();
    let reports = harness.rest();
    assert_eq!(reports[1..], ["finished one two three four five six ModelUnloaded", "exited"]);
    assert_eq!(script.counts().prefilled_rows, 3);
}

#[test]
fn stop_wakes_an_idle_engine_and_the_model_is_freed_before_exited() {
    let script = Script::new();
    let gate = script.gate(Point::Free);
    let harness = Harness::loaded(&script);
    harness.engine.stop();
    gate.wait();
    let (job, _) = harness.job(turn("a", "late"));
    assert!(harness.engine.send(EngineCommand::Generate(job)).is_err(), "the mailbox is closed before");
    assert!(harness.reports.try_recv().is_err(), "not exited while memory is in use");
    gate.open();
    assert_eq!(harness.rest(), ["exited"]);
    assert_eq!(script.counts().live, 0);
}

#[test]
fn dropping_the_handle_stops_the_engine() {
    let script = Script::new();
    let Harness { engine, reports, .. } = Harness::loaded(&script);
    drop(engine);
    let rest: Vec<String> = reports.into_iter().map(|report| line(&report)).collect();
    assert_eq!(rest, ["exited"]);
}

#[test]
fn a_panic_fails_running_queued_and_unread_work() {
    for point in [Point::Prefilled(2), Point::Decode(2), Point::Sample(2)] {
        let script = Script::new();
        // The gate holds the engine until the second job has arrived.
        let gate = script.gate(Point::Prefilled(1));
        script.panic_at(point);
        let harness = Harness::loaded_with(&script, |config| config.max_resident = Some(1));
        harness.send(turn("a", "running"));
        gate.wait();
        harness.send(turn("b", "queued"));
        gate.open();
        let reports = harness.rest();
        let ends: Vec<&str> =
            reports.iter().map(String::as_str).filter(|line| !line.starts_with("prefilling")).collect();
        let crashed = ["finished running EngineCrashed", "finished queued EngineCrashed", "exited EngineCrashed"];
        assert_eq!(ends, crashed, "{point:?}");
        assert_eq!(script.counts().live, 0);
    }
}

#[test]
fn a_panicking_sink_loses_no_job() {
    struct Panics;
    impl AnswerSink for Panics {
        fn text(&self, _: &str) {
            panic!("the sink is broken");
        }

        fn reasoning(&self, text: &str) {
            unreachable!("a script does not think: {text}");
        }

        fn logprob(&self, token: TokenLogprob) {
            unreachable!("the job does not ask for {token:?}");
        }

        fn tool_call(&self, _: usize, _: &str, name: &str, _: &str) {
            unreachable!("a script calls no tools: {name}");
        }
    }
    let script = Script::new();
    let harness = Harness::loaded(&script);
    let (mut job, _) = harness.job(turn("a", "hello"));
    job.sink = Arc::new(Panics);
    assert!(harness.engine.send(EngineCommand::Generate(job)).is_ok());
    let reports = harness.rest();
    assert_eq!(reports[reports.len() - 2..], ["finished hello EngineCrashed", "exited EngineCrashed"]);
}

#[test]
fn a_panic_while_freeing_is_a_crash() {
    let script = Script::new();
    script.panic_at(Point::Free);
    assert_eq!(Harness::loaded(&script).stop(), ["exited EngineCrashed"]);
}

#[test]
fn a_full_mailbox_hands_the_command_back_and_still_wakes_and_stops() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let harness = Harness::start(&script, |_| {});
    gate.wait();
    for number in 0..1024 {
        harness.send(turn("a", &number.to_string()));
    }
    let (job, _) = harness.job(turn("a", "one too many"));
    let Err(EngineCommand::Generate(back)) = harness.engine.send(EngineCommand::Generate(job)) else {
        panic!("a full mailbox takes no job");
    };
    assert_eq!(back.generation, "one too many");
    assert!(harness.engine.send(EngineCommand::Wake).is_ok());
    harness.engine.stop();
    gate.open();
    assert_eq!(harness.rest().iter().filter(|line| line.starts_with("finished")).count(), 1024);
}
