//! Every transition of a model's life, as a story: events in, effects and status out.

mod downloading;
mod suspension;

use super::config_conflict::tests::loaded;
use super::lease::LeaseId;
use super::lifecycle::{Lifecycle, ModelEffect, ModelEvent};
use crate::engine::LoadProgress;
use crate::error::{Error, ErrorCode};
use crate::protocol::{DeviceKind, LifecycleEvent, ModelConfig, ModelInfo, ModelStatus};

const A: LeaseId = LeaseId(1);
const B: LeaseId = LeaseId(2);

/// Drives a lifecycle and shows its effects in short words, so that a test reads as a table.
struct Story {
    lifecycle: Lifecycle,
}

impl Story {
    fn new() -> Self {
        Self { lifecycle: Lifecycle::new(config()) }
    }

    fn loaded_by(leases: &[LeaseId]) -> Self {
        let mut story = Self::new();
        for lease in leases {
            story.on(acquire(*lease));
        }
        story.on(ModelEvent::Loaded { info: info() });
        story
    }

    fn on(&mut self, event: ModelEvent) -> Vec<String> {
        self.lifecycle.on(event).iter().map(show).collect()
    }

    fn status(&self) -> &'static str {
        match self.lifecycle.status() {
            ModelStatus::Unloaded => "unloaded",
            ModelStatus::Downloading { .. } => "downloading",
            ModelStatus::Loading { .. } => "loading",
            ModelStatus::Ready { .. } => "ready",
            ModelStatus::Idle { .. } => "idle",
            ModelStatus::Unloading => "unloading",
            ModelStatus::Failed { .. } => "failed",
        }
    }

    #[track_caller]
    fn expect(&mut self, event: ModelEvent, effects: &[&str], status: &str) {
        assert_eq!(self.on(event), effects);
        assert_eq!(self.status(), status);
    }
}

fn config() -> ModelConfig {
    ModelConfig::new("a.gguf")
}

fn info() -> ModelInfo {
    loaded(DeviceKind::Cpu)
}

fn acquire(lease: LeaseId) -> ModelEvent {
    acquire_with(lease, |_| {})
}

fn acquire_with(lease: LeaseId, change: impl FnOnce(&mut ModelConfig)) -> ModelEvent {
    let mut config = config();
    change(&mut config);
    ModelEvent::Acquire { lease, debug_label: format!("label {}", lease.0), config }
}

fn reading(share: f32) -> ModelEvent {
    ModelEvent::LoadProgressed { progress: LoadProgress::Reading(share) }
}

fn release(lease: LeaseId) -> ModelEvent {
    ModelEvent::Release { lease }
}

fn exited(code: ErrorCode) -> ModelEvent {
    ModelEvent::Exited { result: Err(Error::new(code, "so it is")) }
}

const EXITED: ModelEvent = ModelEvent::Exited { result: Ok(()) };
const LOADED: fn() -> ModelEvent = || ModelEvent::Loaded { info: info() };

fn show(effect: &ModelEffect) -> String {
    let result = |result: &Result<(), Error>| match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("{:?}", error.code),
    };
    match effect {
        ModelEffect::StartEngine { epoch, config } => match config.context_size {
            Some(size) => format!("start {epoch} with {size}"),
            None => format!("start {epoch}"),
        },
        ModelEffect::StopEngine => "stop".into(),
        ModelEffect::EndGenerations => "end generations".into(),
        ModelEffect::StartKeepAlive { timer, after } => format!("timer {timer} {after:?}"),
        ModelEffect::EvictOthers => "evict others".into(),
        ModelEffect::Answer { lease, result: it } => format!("answer {} {}", lease.0, result(it)),
        ModelEffect::AnswerUnload { result: it } => format!("unload {}", result(it)),
        ModelEffect::Record { event, reason } => match event {
            LifecycleEvent::Acquired { debug_label, reused } => {
                format!("acquired by {debug_label}, reused {reused}: {reason}")
            }
            LifecycleEvent::Released { debug_label } => format!("released by {debug_label}: {reason}"),
            LifecycleEvent::Failed { error } => format!("failed {:?}: {reason}", error.code),
            LifecycleEvent::Downloading => format!("downloading: {reason}"),
            LifecycleEvent::Loading => format!("loading: {reason}"),
            LifecycleEvent::Ready => format!("ready: {reason}"),
            LifecycleEvent::Idle => format!("idle: {reason}"),
            LifecycleEvent::Unloading => format!("unloading: {reason}"),
            LifecycleEvent::Unloaded => format!("unloaded: {reason}"),
            other => panic!("a lifecycle does not record {other:?}"),
        },
    }
}

const NEW_1: &str = "acquired by label 1, reused false: the model is not loaded";
const NEW_2: &str = "acquired by label 2, reused false: the model is not loaded";
const SHARED_1: &str = "acquired by label 1, reused true: the loaded model is shared";
const SHARED_2: &str = "acquired by label 2, reused true: the loaded model is shared";
const RELEASED_1: &str = "released by label 1: given back";
const RELEASED_2: &str = "released by label 2: given back";
const IDLE: &str = "idle: no lease; unloads in 300000 ms";
const ASKED: &str = "unloading: unload was asked for";
const FREED: &str = "unloaded: memory freed";
const RETRY: &str = "the next lease tries again";

#[test]
fn a_new_lifecycle_is_unloaded_and_not_idle() {
    let story = Story::new();
    assert_eq!(story.status(), "unloaded");
    assert_eq!((story.lifecycle.epoch(), story.lifecycle.loads(), story.lifecycle.is_idle()), (0, 0, false));
    assert_eq!(story.lifecycle.config(), &config());
}

#[test]
fn concurrent_leases_join_one_load_and_are_answered_together() {
    let mut story = Story::new();
    story.expect(acquire(A), &[NEW_1, "loading: first lease", "start 1"], "loading");
    story.expect(acquire(B), &[SHARED_2], "loading");
    story.expect(LOADED(), &["ready: loaded", "answer 1 ok", "answer 2 ok"], "ready");
    assert_eq!((story.lifecycle.loads(), story.lifecycle.epoch()), (1, 1));
    assert_eq!(story.lifecycle.debug_labels().collect::<Vec<_>>(), ["label 1", "label 2"]);
}

#[test]
fn a_lease_on_a_loaded_model_is_answered_at_once() {
    let mut story = Story::loaded_by(&[A]);
    story.expect(acquire(B), &[SHARED_2, "answer 2 ok"], "ready");
}

#[test]
fn a_lease_that_asks_again_is_answered_again_and_recorded_once() {
    let mut story = Story::loaded_by(&[A]);
    story.expect(acquire(A), &["answer 1 ok"], "ready");
    story.expect(release(A), &[RELEASED_1, IDLE, "timer 1 300s"], "idle");
}

#[test]
fn progress_shows_while_loading_and_nowhere_else() {
    let mut story = Story::new();
    story.expect(reading(0.5), &[], "unloaded");
    story.on(acquire(A));
    story.expect(reading(0.5), &[], "loading");
    assert_eq!(story.lifecycle.status(), ModelStatus::Loading { progress: 0.5 });
    story.on(LOADED());
    story.expect(reading(0.7), &[], "ready");
}

#[test]
fn last_release_unloads_after_keep_alive() {
    let mut story = Story::loaded_by(&[A, B]);
    story.expect(release(A), &[RELEASED_1], "ready");
    story.expect(release(B), &[RELEASED_2, IDLE, "timer 1 300s"], "idle");
    assert!(story.lifecycle.is_idle());
    let ended = "unloading: the keep-alive ended without a lease";
    story.expect(ModelEvent::KeepAliveElapsed { timer: 1 }, &[ended, "stop"], "unloading");
    story.expect(EXITED, &[FREED, "unload ok"], "unloaded");
}

#[test]
fn a_lease_within_the_keep_alive_makes_the_old_timer_void() {
    let mut story = Story::loaded_by(&[A]);
    story.on(release(A));
    let again = "ready: leased again within the keep-alive";
    story.expect(acquire(B), &[SHARED_2, again, "answer 2 ok"], "ready");
    story.expect(ModelEvent::KeepAliveElapsed { timer: 1 }, &[], "ready");
    story.expect(release(B), &[RELEASED_2, IDLE, "timer 2 300s"], "idle");
    story.expect(ModelEvent::KeepAliveElapsed { timer: 1 }, &[], "idle");
    assert_eq!(story.lifecycle.loads(), 1);
}

#[test]
fn keep_alive_zero_unloads_at_once_and_null_never() {
    let mut story = Story::loaded_by(&[A]);
    story.on(acquire_with(B, |config| config.keep_alive_ms = Some(0)));
    story.on(release(A));
    let at_once = "unloading: the last lease was released and keepAliveMs is 0";
    story.expect(release(B), &[RELEASED_2, at_once, "stop"], "unloading");

    let mut story = Story::loaded_by(&[A]);
    story.on(release(A));
    story.on(acquire_with(B, |config| config.keep_alive_ms = None));
    let for_ever = "idle: no lease; kept for ever, as keepAliveMs is null";
    story.expect(release(B), &[RELEASED_2, for_ever], "idle");
    story.expect(ModelEvent::KeepAliveElapsed { timer: 1 }, &[], "idle");
}

#[test]
fn the_newest_lease_decides_the_keep_alive_while_loading_too() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.on(acquire_with(B, |config| config.keep_alive_ms = Some(7)));
    story.on(LOADED());
    story.on(release(B));
    story.expect(release(A), &[RELEASED_1, "idle: no lease; unloads in 7 ms", "timer 1 7ms"], "idle");
}

#[test]
fn a_load_goes_on_without_leases_when_there_is_a_keep_alive() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.expect(release(A), &[RELEASED_1], "loading");
    story.expect(LOADED(), &["ready: loaded", IDLE, "timer 1 300s"], "idle");
}

#[test]
fn a_load_without_leases_is_cancelled_when_there_is_no_keep_alive() {
    let mut story = Story::new();
    story.on(acquire_with(A, |config| config.keep_alive_ms = Some(0)));
    let unwanted = "unloading: no lease waits for the load any longer";
    story.expect(release(A), &[RELEASED_1, unwanted, "stop"], "unloading");
    story.expect(LOADED(), &[], "unloading");
    assert_eq!(story.lifecycle.loads(), 0);
    story.expect(exited(ErrorCode::LoadCancelled), &[FREED, "unload ok"], "unloaded");
}

#[test]
fn releasing_twice_or_something_unknown_does_nothing() {
    let mut story = Story::loaded_by(&[A, B]);
    story.on(release(A));
    story.expect(release(A), &[], "ready");
    story.expect(release(LeaseId(99)), &[], "ready");
}

#[test]
fn a_release_after_failure_or_unload_changes_no_state() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.on(exited(ErrorCode::ModelInvalid));
    story.expect(release(A), &[RELEASED_1], "failed");

    let mut story = Story::loaded_by(&[A]);
    story.on(ModelEvent::Unload);
    story.expect(release(A), &[RELEASED_1], "unloading");
}

#[test]
fn unload_of_a_ready_model_ends_generations_and_is_answered_when_the_memory_is_free() {
    let mut story = Story::loaded_by(&[A]);
    story.expect(ModelEvent::Unload, &["end generations", ASKED, "stop"], "unloading");
    story.expect(ModelEvent::Unload, &[], "unloading");
    story.expect(EXITED, &[FREED, "unload ok"], "unloaded");
}

#[test]
fn unload_of_an_idle_unloaded_or_failed_model() {
    let mut story = Story::loaded_by(&[A]);
    story.on(release(A));
    story.expect(ModelEvent::Unload, &[ASKED, "stop"], "unloading");

    let mut story = Story::new();
    story.expect(ModelEvent::Unload, &["unload ok"], "unloaded");

    story.on(acquire(A));
    story.on(exited(ErrorCode::ModelInvalid));
    story.expect(ModelEvent::Unload, &["unload ok"], "unloaded");
}

#[test]
fn unload_while_loading_cancels_the_load_and_answers_its_leases() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.expect(ModelEvent::Unload, &["answer 1 LoadCancelled", ASKED, "stop"], "unloading");
    story.expect(exited(ErrorCode::LoadCancelled), &[FREED, "unload ok"], "unloaded");
}

#[test]
fn an_unload_that_fails_says_so() {
    let mut story = Story::loaded_by(&[A]);
    story.on(ModelEvent::Unload);
    story.expect(exited(ErrorCode::EngineCrashed), &[FREED, "unload EngineCrashed"], "unloaded");
}

#[test]
fn a_lease_during_unloading_loads_again_when_that_is_over() {
    let mut story = Story::loaded_by(&[A]);
    story.on(ModelEvent::Unload);
    story.expect(acquire_with(B, |config| config.context_size = Some(64)), &[NEW_2], "unloading");
    let waiting = "loading: a lease was waiting for the unload";
    story.expect(EXITED, &[FREED, "unload ok", waiting, "start 2 with 64"], "loading");
    story.on(LOADED());
    assert_eq!((story.lifecycle.loads(), story.lifecycle.epoch()), (2, 2));
}

#[test]
fn an_unload_after_a_lease_that_waits_for_an_unload_has_the_last_word() {
    let mut story = Story::loaded_by(&[A]);
    story.on(ModelEvent::Unload);
    story.on(acquire(B));
    story.expect(ModelEvent::Unload, &["answer 2 LoadCancelled"], "unloading");
    story.expect(EXITED, &[FREED, "unload ok"], "unloaded");
}

#[test]
fn a_failed_load_is_answered_and_the_next_lease_tries_again() {
    let mut story = Story::new();
    story.on(acquire(A));
    let failed = format!("failed ModelInvalid: {RETRY}");
    story.expect(exited(ErrorCode::ModelInvalid), &[&failed, "answer 1 ModelInvalid"], "failed");
    let again = acquire_with(B, |config| config.context_size = Some(64));
    story.expect(again, &[NEW_2, "loading: first lease", "start 2 with 64"], "loading");
    story.expect(LOADED(), &["ready: loaded", "answer 2 ok"], "ready");
    story.expect(release(B), &[RELEASED_2], "ready");
}

#[test]
fn an_engine_that_crashes_or_just_ends_fails_the_model() {
    for (event, code) in [(exited(ErrorCode::InferenceFailed), "InferenceFailed"), (EXITED, "EngineCrashed")] {
        let mut story = Story::loaded_by(&[A]);
        story.expect(event, &[&format!("failed {code}: {RETRY}")], "failed");
        story.expect(acquire(B), &[NEW_2, "loading: first lease", "start 2"], "loading");
    }
}

#[test]
fn errors_name_the_model_and_what_to_do() {
    let mut story = Story::loaded_by(&[A]);
    story.on(EXITED);
    let ModelStatus::Failed { error } = story.lifecycle.status() else { panic!("the engine ended") };
    assert_eq!(error.detail, "the engine of a.gguf ended on its own - acquire it again");

    let mut story = Story::new();
    story.on(acquire(A));
    let effects = story.lifecycle.on(ModelEvent::Unload);
    let detail = "the load of a.gguf was cancelled (unload was asked for) - acquire it again";
    let result = Err(Error::new(ErrorCode::LoadCancelled, detail));
    assert_eq!(effects[0], ModelEffect::Answer { lease: A, result });
}

#[test]
fn out_of_memory_evicts_idle_models_and_tries_once_more() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.expect(exited(ErrorCode::OutOfMemory), &["evict others"], "loading");
    assert_eq!(story.lifecycle.status(), ModelStatus::Loading { progress: 0.0 });
    let room = "loading: models and residents that made room: 2";
    story.expect(ModelEvent::RoomMade { freed: 2 }, &[room, "start 2"], "loading");
    let failed = format!("failed OutOfMemory: {RETRY}");
    story.expect(exited(ErrorCode::OutOfMemory), &[&failed, "answer 1 OutOfMemory"], "failed");
}

#[test]
fn out_of_memory_without_an_idle_model_fails_with_its_own_error() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.on(exited(ErrorCode::OutOfMemory));
    let failed = format!("failed OutOfMemory: {RETRY}");
    story.expect(ModelEvent::RoomMade { freed: 0 }, &[&failed, "answer 1 OutOfMemory"], "failed");
}

#[test]
fn leases_come_and_go_while_room_is_made() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.on(exited(ErrorCode::OutOfMemory));
    story.expect(acquire_with(B, |config| config.keep_alive_ms = Some(7)), &[SHARED_2], "loading");
    story.expect(release(A), &[RELEASED_1], "loading");
    story.expect(release(B), &[RELEASED_2], "loading");
    story.on(ModelEvent::RoomMade { freed: 1 });
    story.expect(LOADED(), &["ready: loaded", "idle: no lease; unloads in 7 ms", "timer 1 7ms"], "idle");
}

#[test]
fn unload_while_room_is_made_has_no_engine_to_stop() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.on(exited(ErrorCode::OutOfMemory));
    story.expect(ModelEvent::Unload, &["answer 1 LoadCancelled", "unload ok"], "unloaded");
    story.expect(ModelEvent::RoomMade { freed: 1 }, &[], "unloaded");
}

#[test]
fn a_trim_takes_the_memory_of_a_model_that_has_some_and_leaves_its_leases() {
    const TRIMMED: &str = "unloading: trimmed: the system is short of memory";
    let mut story = Story::new();
    story.expect(ModelEvent::Trim, &[], "unloaded");
    story.on(acquire(A));
    story.expect(ModelEvent::Trim, &["answer 1 LoadCancelled", TRIMMED, "stop"], "unloading");
    story.expect(ModelEvent::Trim, &[], "unloading");
    story.expect(exited(ErrorCode::LoadCancelled), &[FREED, "unload ok"], "unloaded");

    let mut story = Story::loaded_by(&[A]);
    story.expect(ModelEvent::Trim, &["end generations", TRIMMED, "stop"], "unloading");
    story.on(EXITED);
    assert_eq!(story.lifecycle.debug_labels().count(), 1);

    let mut story = Story::loaded_by(&[A]);
    story.on(release(A));
    story.expect(ModelEvent::Trim, &[TRIMMED, "stop"], "unloading");

    let mut story = Story::new();
    story.on(acquire(A));
    story.on(exited(ErrorCode::OutOfMemory));
    story.expect(ModelEvent::Trim, &[], "loading");
}

#[test]
fn only_an_idle_model_is_evicted() {
    let mut story = Story::new();
    story.expect(ModelEvent::Evict, &[], "unloaded");
    story.on(acquire(A));
    story.expect(ModelEvent::Evict, &[], "loading");
    story.on(LOADED());
    story.expect(ModelEvent::Evict, &[], "ready");
    story.on(release(A));
    let evicted = "unloading: evicted: another model needs the memory";
    story.expect(ModelEvent::Evict, &[evicted, "stop"], "unloading");
}

#[test]
fn options_that_conflict_are_refused_while_others_hold_the_model() {
    let mut story = Story::loaded_by(&[A]);
    let conflicting = acquire_with(B, |config| config.context_size = Some(4096));
    story.expect(conflicting, &["answer 2 OptionsConflict"], "ready");
    story.expect(release(A), &[RELEASED_1, IDLE, "timer 1 300s"], "idle");
}

#[test]
fn options_that_conflict_reload_a_model_without_other_leases() {
    let reload = "unloading: reloading with other options: the model is loaded with contextSize 2048, 4096 was asked \
                  for - unload it first, or leave contextSize out";
    let conflicting = |lease| acquire_with(lease, |config| config.context_size = Some(4096));

    let mut story = Story::loaded_by(&[A]);
    story.on(release(A));
    story.expect(conflicting(B), &[NEW_2, reload, "stop"], "unloading");
    let waiting = "loading: a lease was waiting for the unload";
    story.expect(EXITED, &[FREED, "unload ok", waiting, "start 2 with 4096"], "loading");

    let mut story = Story::loaded_by(&[A]);
    story.expect(conflicting(A), &[reload, "stop"], "unloading");
}

#[test]
fn options_are_compared_when_it_is_known_what_auto_chose() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.expect(acquire_with(B, |config| config.max_resident = Some(8)), &[SHARED_2], "loading");
    let refused = "released by label 2: refused: the model turned out to have other options";
    story.expect(LOADED(), &["ready: loaded", refused, "answer 2 OptionsConflict", "answer 1 ok"], "ready");
    story.expect(release(B), &[], "ready");
}

#[test]
fn auto_does_not_reload() {
    let mut story = Story::loaded_by(&[A]);
    story.on(release(A));
    let smaller = acquire_with(A, |config| config.context_size = Some(512));
    let again = "ready: leased again within the keep-alive";
    story.expect(smaller, &[SHARED_1, again, "answer 1 ok"], "ready");
    assert_eq!(story.lifecycle.config().context_size, None);
}

#[test]
fn the_governors_threads_show_in_ready_and_idle() {
    let threads = |story: &Story| match story.lifecycle.status() {
        ModelStatus::Ready { info } | ModelStatus::Idle { info } => info.threads,
        other => panic!("not loaded: {other:?}"),
    };
    let mut story = Story::loaded_by(&[A]);
    story.expect(ModelEvent::ThreadsChanged { threads: 1 }, &[], "ready");
    assert_eq!(threads(&story), 1);
    story.on(release(A));
    story.expect(ModelEvent::ThreadsChanged { threads: 3 }, &[], "idle");
    assert_eq!(threads(&story), 3);
    story.on(ModelEvent::Unload);
    story.expect(ModelEvent::ThreadsChanged { threads: 2 }, &[], "unloading");
}
