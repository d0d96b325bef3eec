//! Nothing is loaded in the background. Models that are acquired there are loaded on resume.

use super::*;

const BACKGROUND: &str = "unloading: the app went to the background";
const REFUSED: &str = "failed Suspended: nothing is loaded in the background";
const RETRIED: &str = "loading: retried on resume";

impl Story {
    fn suspended() -> Self {
        let mut story = Self::new();
        story.on(ModelEvent::Suspend);
        story
    }
}

#[test]
fn a_lease_in_the_background_is_refused_and_loaded_on_resume() {
    let mut story = Story::suspended();
    story.expect(acquire(A), &[NEW_1, REFUSED, "answer 1 Suspended"], "failed");
    let detail = "could not load a.gguf: the app is in the background - it is loaded on resume";
    let error = Error::new(ErrorCode::Suspended, detail);
    assert_eq!(story.lifecycle.status(), ModelStatus::Failed { error });
    story.expect(acquire_with(B, |config| config.context_size = Some(64)), &[NEW_2, "answer 2 Suspended"], "failed");
    story.expect(acquire(A), &["answer 1 Suspended"], "failed");
    story.expect(ModelEvent::Resume, &[RETRIED, "start 1"], "loading");
    story.expect(acquire(A), &[], "loading");
    story.expect(LOADED(), &["ready: loaded", "answer 1 ok"], "ready");
    assert_eq!(story.lifecycle.debug_labels().collect::<Vec<_>>(), ["label 1", "label 2"]);
}

#[test]
fn a_model_without_leases_is_not_loaded_on_resume() {
    let mut story = Story::suspended();
    story.on(acquire(A));
    story.on(acquire(B));
    story.expect(release(A), &[RELEASED_1], "failed");
    story.expect(release(B), &[RELEASED_2], "unloaded");
    story.expect(ModelEvent::Resume, &[], "unloaded");

    let mut story = Story::suspended();
    story.on(acquire(A));
    story.expect(ModelEvent::Unload, &["end generations", "unload ok"], "unloaded");
    story.expect(ModelEvent::Resume, &[], "unloaded");
    story.expect(acquire(A), &["loading: first lease", "start 1"], "loading");
}

#[test]
fn a_running_load_is_stopped_and_begun_again_on_resume() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.expect(ModelEvent::Suspend, &[BACKGROUND, "stop"], "unloading");
    story.expect(acquire(B), &[NEW_2], "unloading");
    story.expect(LOADED(), &[], "unloading");
    let effects = [FREED, "unload ok", REFUSED, "answer 1 Suspended", "answer 2 Suspended"];
    story.expect(exited(ErrorCode::LoadCancelled), &effects, "failed");
    story.expect(release(A), &[RELEASED_1], "failed");
    story.expect(ModelEvent::Resume, &[RETRIED, "start 2"], "loading");
    story.expect(LOADED(), &["ready: loaded"], "ready");
    assert_eq!((story.lifecycle.loads(), story.lifecycle.epoch()), (1, 2));
}

#[test]
fn a_resume_before_the_stopped_load_has_exited_refuses_no_lease() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.on(ModelEvent::Suspend);
    story.expect(ModelEvent::Resume, &[], "unloading");
    let again = "loading: the load that was suspended";
    story.expect(exited(ErrorCode::LoadCancelled), &[FREED, "unload ok", again, "start 2"], "loading");
    story.expect(LOADED(), &["ready: loaded", "answer 1 ok"], "ready");
}

#[test]
fn a_stopped_load_without_leases_is_not_begun_again() {
    let mut released = Story::new();
    released.on(acquire(A));
    released.on(ModelEvent::Suspend);
    released.expect(release(A), &[RELEASED_1], "unloading");

    let mut unloaded = Story::new();
    unloaded.on(acquire(A));
    unloaded.on(ModelEvent::Suspend);
    unloaded.expect(ModelEvent::Unload, &["answer 1 LoadCancelled"], "unloading");

    for mut story in [released, unloaded] {
        story.expect(exited(ErrorCode::LoadCancelled), &[FREED, "unload ok"], "unloaded");
        story.expect(ModelEvent::Resume, &[], "unloaded");
    }
}

#[test]
fn a_stopped_load_is_begun_again_for_a_lease_that_heard_of_an_earlier_failure() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.on(exited(ErrorCode::ModelInvalid));
    story.on(acquire(B));
    story.on(ModelEvent::Suspend);
    story.on(release(B));
    story.expect(exited(ErrorCode::LoadCancelled), &[FREED, "unload ok", REFUSED], "failed");
    story.expect(ModelEvent::Resume, &[RETRIED, "start 3"], "loading");
}

#[test]
fn a_load_that_makes_room_begins_anew_on_resume() {
    let making_room = || {
        let mut story = Story::new();
        story.on(acquire(A));
        story.on(exited(ErrorCode::OutOfMemory));
        story
    };
    let mut story = making_room();
    story.expect(ModelEvent::Suspend, &[REFUSED, "answer 1 Suspended"], "failed");
    story.expect(ModelEvent::RoomMade { freed: 1 }, &[], "failed");
    story.expect(ModelEvent::Resume, &[RETRIED, "start 2"], "loading");
    story.expect(exited(ErrorCode::OutOfMemory), &["evict others"], "loading");

    let mut story = making_room();
    story.on(release(A));
    story.expect(ModelEvent::Suspend, &[], "unloaded");
    story.expect(ModelEvent::RoomMade { freed: 1 }, &[], "unloaded");
}

#[test]
fn a_loaded_model_stays_and_is_shared_in_the_background() {
    let mut story = Story::loaded_by(&[A]);
    story.expect(ModelEvent::Suspend, &[], "ready");
    story.expect(acquire(B), &[SHARED_2, "answer 2 ok"], "ready");
    story.on(release(A));
    story.expect(release(B), &[RELEASED_2, IDLE, "timer 1 300s"], "idle");
    let again = "ready: leased again within the keep-alive";
    story.expect(acquire(A), &[SHARED_1, again, "answer 1 ok"], "ready");
    story.expect(ModelEvent::Resume, &[], "ready");
}

#[test]
fn a_keep_alive_ends_in_the_background_too_and_nothing_comes_back() {
    let mut story = Story::loaded_by(&[A]);
    story.on(release(A));
    story.on(ModelEvent::Suspend);
    let ended = "unloading: the keep-alive ended without a lease";
    story.expect(ModelEvent::KeepAliveElapsed { timer: 1 }, &[ended, "stop"], "unloading");
    story.expect(EXITED, &[FREED, "unload ok"], "unloaded");
    story.expect(ModelEvent::Resume, &[], "unloaded");
}

#[test]
fn a_lease_that_waits_for_an_unload_is_refused_when_that_is_over() {
    let mut story = Story::loaded_by(&[A]);
    story.on(ModelEvent::Unload);
    story.on(acquire(B));
    story.expect(ModelEvent::Suspend, &[], "unloading");
    story.expect(EXITED, &[FREED, "unload ok", REFUSED, "answer 2 Suspended"], "failed");
    story.expect(ModelEvent::Resume, &[RETRIED, "start 2"], "loading");
}

#[test]
fn resume_retries_no_other_failure() {
    let mut story = Story::loaded_by(&[A]);
    story.on(ModelEvent::Suspend);
    story.expect(exited(ErrorCode::InferenceFailed), &[&format!("failed InferenceFailed: {RETRY}")], "failed");
    story.expect(ModelEvent::Resume, &[], "failed");
    assert_eq!(story.lifecycle.epoch(), 1);
}

#[test]
fn suspending_and_resuming_twice_is_as_good_as_once() {
    let mut story = Story::new();
    story.on(acquire(A));
    story.on(ModelEvent::Suspend);
    story.expect(ModelEvent::Suspend, &[], "unloading");
    story.on(exited(ErrorCode::LoadCancelled));
    story.expect(ModelEvent::Suspend, &[], "failed");
    story.on(ModelEvent::Resume);
    story.expect(ModelEvent::Resume, &[], "loading");
}
