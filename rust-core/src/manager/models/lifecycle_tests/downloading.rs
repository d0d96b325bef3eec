//! A model that is not on the device is downloaded first, as long as a lease waits for it.

use super::*;
use crate::store::Progress;

const DOWNLOADING: &str = "downloading: the model is not on this device";
const LEFT: &str = "unloading: no lease waits for the download any longer";
const WAITING: &str = "loading: a lease was waiting for the unload";

fn received(bytes: u64) -> Progress {
    Progress { bytes, ..Progress::NONE }
}

fn downloading(bytes: u64) -> ModelEvent {
    ModelEvent::LoadProgressed { progress: LoadProgress::Downloading(received(bytes)) }
}

impl Story {
    fn downloading_for(leases: &[LeaseId]) -> Self {
        let mut story = Self::new();
        for lease in leases {
            story.on(acquire(*lease));
        }
        story.expect(downloading(0), &[DOWNLOADING], "downloading");
        story
    }
}

#[test]
fn it_is_downloaded_loaded_and_answers() {
    let mut story = Story::downloading_for(&[A]);
    story.expect(downloading(7), &[], "downloading");
    assert_eq!(story.lifecycle.status(), ModelStatus::Downloading { progress: received(7) });
    story.expect(acquire(B), &[SHARED_2], "downloading");
    story.expect(reading(0.0), &["loading: downloaded"], "loading");
    story.expect(LOADED(), &["ready: loaded", "answer 1 ok", "answer 2 ok"], "ready");
    assert_eq!(story.lifecycle.loads(), 1);
}

#[test]
fn it_stops_with_the_last_lease_whatever_the_keep_alive() {
    let mut story = Story::downloading_for(&[A, B]);
    story.expect(release(A), &[RELEASED_1], "downloading");
    story.expect(release(B), &[RELEASED_2, LEFT, "stop"], "unloading");
    // The engine reported this before it heard of the stop.
    story.expect(downloading(9), &[], "unloading");
    story.expect(exited(ErrorCode::LoadCancelled), &[FREED, "unload ok"], "unloaded");
}

#[test]
fn a_lease_that_comes_back_meanwhile_continues_it() {
    let mut story = Story::downloading_for(&[A]);
    story.on(release(A));
    story.expect(acquire(A), &[NEW_1], "unloading");
    let again = [FREED, "unload ok", WAITING, "start 2"];
    story.expect(exited(ErrorCode::LoadCancelled), &again, "loading");
    story.expect(downloading(9), &[DOWNLOADING], "downloading");
}

#[test]
fn a_failed_download_is_a_failed_load() {
    let mut story = Story::downloading_for(&[A]);
    let failed = "failed Offline: the next lease tries again";
    story.expect(exited(ErrorCode::Offline), &[failed, "answer 1 Offline"], "failed");
    story.expect(acquire(A), &["loading: first lease", "start 2"], "loading");
}

#[test]
fn unload_ends_it() {
    let mut story = Story::downloading_for(&[A]);
    let asked = "unloading: unload was asked for";
    story.expect(ModelEvent::Unload, &["answer 1 LoadCancelled", asked, "stop"], "unloading");
    story.expect(exited(ErrorCode::LoadCancelled), &[FREED, "unload ok"], "unloaded");
}

#[test]
fn it_has_no_memory_to_give() {
    let mut story = Story::downloading_for(&[A]);
    story.expect(ModelEvent::Trim, &[], "downloading");
    story.expect(ModelEvent::Evict, &[], "downloading");
}

#[test]
fn it_waits_while_the_app_is_in_the_background() {
    let mut story = Story::downloading_for(&[A]);
    let background = "unloading: the app went to the background";
    story.expect(ModelEvent::Suspend, &[background, "stop"], "unloading");
    story.on(exited(ErrorCode::LoadCancelled));
    story.expect(ModelEvent::Resume, &["loading: retried on resume", "start 2"], "loading");
    story.expect(downloading(7), &[DOWNLOADING], "downloading");
}
