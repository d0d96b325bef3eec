//! Downloads for later: seen by every client, paused, cancelled, shared with leases, paused by a suspension.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::host::{Host, manager};
use super::web::transfer_server::{Act, Served};
use super::web::{Web, model};
use crate::engine::scripted::Script;
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{Download, DownloadStatus, Event, StoredModels};
use crate::store::{Digest, Phase};

const PATH: &str = "/chat.gguf";
/// Bytes that the server sends before it halts.
const HALT: u64 = 300_000;

struct Fixture {
    host: Host,
    manager: ModelManager,
    web: Web,
    url: String,
    script: Script,
    _folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let (web, script) = (Web::new(), Script::new());
        web.cdn.site.put(PATH, Served::new(model(600_000)));
        let (manager, folder) = (manager(&script), tempfile::tempdir().expect("a folder"));
        manager.keep_in(folder.path()).expect("a directory of its own");
        let (host, url) = (Host::on(&manager), web.cdn.url(PATH));
        Self { host, manager, web, url, script, _folder: folder }
    }

    /// A server that halts in the middle of its first answer.
    fn halting() -> Self {
        let fixture = Self::new();
        fixture.web.cdn.site.script(PATH, [Act::HaltAfter(HALT)]);
        fixture
    }

    fn ask(&mut self, what: &str) -> String {
        self.host.send(json!({ "type": what, "name": self.url }))
    }

    fn until_status<T>(&mut self, wanted: impl Fn(&DownloadStatus) -> Option<T>) -> T {
        self.host.until(|event| match event {
            Event::DownloadChanged { download } => wanted(&download.status),
            _ => None,
        })
    }

    fn until_half(&mut self) {
        self.until_status(|status| match status {
            DownloadStatus::Running { progress } => (progress.bytes >= HALT).then_some(()),
            DownloadStatus::Failed { .. } => None,
        });
    }

    fn until_paused(&mut self) {
        self.until_status(|status| match status {
            DownloadStatus::Running { progress } => (progress.phase == Phase::Paused).then_some(()),
            DownloadStatus::Failed { .. } => None,
        });
    }

    fn stored(&mut self) -> StoredModels {
        let asked = self.host.send(json!({ "type": "listStoredModels" }));
        self.host.until(|event| match event {
            Event::StoredModels { request_id, stored } if *request_id == asked => Some(stored.clone()),
            _ => None,
        })
    }

    fn downloads(&self) -> Vec<Download> {
        self.host.snapshot().downloads
    }

    /// The offset at which each request began.
    fn asked_from(&self) -> Vec<Option<u64>> {
        self.web.cdn.site.seen().iter().map(|seen| seen.from).collect()
    }
}

#[test]
fn a_download_ends_with_the_model_stored_and_nothing_loaded() {
    let mut it = Fixture::halting();
    let asked = it.ask("download");
    it.until_half();
    // A client that connects later, as after a reload, sees the download.
    let found = Host::on(&it.manager).snapshot().downloads;
    assert_eq!(found.iter().map(|download| download.name.as_str()).collect::<Vec<_>>(), [it.url.as_str()]);
    let again = it.ask("download");
    it.web.cdn.site.go_on();
    it.host.done(&asked);
    it.host.done(&again);
    assert_eq!(it.downloads(), []);
    let stored = it.stored().models;
    assert!(
        matches!(&stored[..], [model] if model.name == it.url && model.is_complete && !model.is_in_use),
        "{stored:?}"
    );
    assert_eq!((it.script.counts().loads, it.asked_from()), (0, vec![None]));
    // A stored model needs no network.
    let there = it.ask("download");
    it.host.done(&there);
    assert_eq!(it.asked_from().len(), 1);
}

#[test]
fn a_paused_download_goes_on_from_its_last_byte_when_it_is_asked_for_again() {
    let mut it = Fixture::halting();
    let asked = it.ask("download");
    it.until_half();
    let paused = it.ask("pauseDownload");
    it.until_paused();
    it.host.done(&paused);
    let again = it.ask("download");
    it.host.done(&asked);
    it.host.done(&again);
    assert_eq!(it.asked_from(), [None, Some(HALT)]);
}

#[test]
fn a_cancelled_download_can_be_removed_at_once_or_continued() {
    let mut it = Fixture::halting();
    let asked = it.ask("download");
    it.until_half();
    let cancelled = it.ask("cancelDownload");
    assert_eq!(it.host.failed(&asked), ErrorCode::Cancelled);
    it.host.done(&cancelled);
    assert_eq!(it.downloads(), []);
    let stored = it.stored();
    assert!(matches!(&stored.models[..], [model] if !model.is_complete && model.is_incoming && !model.is_in_use));
    assert!(stored.disk.partial_bytes >= HALT, "{stored:?}");
    let again = it.ask("download");
    it.host.done(&again);
    assert_eq!(it.asked_from(), [None, Some(HALT)]);
    let removed = it.ask("removeStoredModel");
    it.host.done(&removed);
    assert_eq!(it.stored().models, []);
}

#[test]
fn a_failure_is_shown_until_it_is_forgotten_or_tried_again() {
    let mut it = Fixture::new();
    it.web.cdn.site.script(PATH, [Act::Status(404, Vec::new()), Act::Status(404, Vec::new())]);
    for _ in 0..2 {
        let asked = it.ask("download");
        assert_eq!(it.host.failed(&asked), ErrorCode::ModelNotFound);
        let [Download { name, status: DownloadStatus::Failed { error } }] = &it.downloads()[..] else {
            panic!("{:?}", it.downloads())
        };
        assert_eq!((name, error.code), (&it.url, ErrorCode::ModelNotFound));
    }
    let forgotten = it.ask("cancelDownload");
    it.host.done(&forgotten);
    assert_eq!(it.downloads(), []);
    let asked = it.ask("download");
    it.host.done(&asked);
}

#[test]
fn a_file_must_match_its_digest_and_a_name_must_be_valid() {
    let mut it = Fixture::new();
    let mut ask = |name: &str, sha256: Value| {
        let asked = it.host.send(json!({ "type": "download", "name": name, "sha256": sha256 }));
        it.host.answer(&asked)
    };
    let url = it.url.clone();
    assert_eq!(ask("chat.gguf", Value::Null), Err(ErrorCode::InvalidOptions));
    assert_eq!(ask("ftp://host/chat.gguf", Value::Null), Err(ErrorCode::InvalidModelName));
    assert_eq!(ask(&url, json!("abc")), Err(ErrorCode::InvalidOptions));
    assert_eq!(ask(&url, json!(Digest::of(b"another").to_string())), Err(ErrorCode::DigestMismatch));
    assert_eq!(ask(&url, json!(Digest::of(&model(600_000)).to_string())), Ok(()));
    let bare = manager(&Script::new());
    let mut host = Host::on(&bare);
    let asked = host.send(json!({ "type": "download", "name": url }));
    assert_eq!(host.failed(&asked), ErrorCode::StorageUnavailable);
}

#[test]
fn a_lease_shares_the_transfer_and_keeps_it_after_a_cancel() {
    let mut it = Fixture::halting();
    let asked = it.ask("download");
    it.until_half();
    let url = it.url.clone();
    let acquired = it.host.acquire("l", json!({ "path": url }));
    it.host.until(super::host::model_is(
        &url,
        |status| matches!(status, crate::protocol::ModelStatus::Downloading { progress } if progress.bytes >= HALT),
    ));
    let cancelled = it.ask("cancelDownload");
    assert_eq!(it.host.failed(&asked), ErrorCode::Cancelled);
    it.host.done(&cancelled);
    it.web.cdn.site.go_on();
    it.host.done(&acquired);
    assert_eq!((it.script.counts().loads, it.asked_from()), (1, vec![None]));
}

#[test]
fn a_suspension_pauses_a_download_and_resume_continues_it() {
    let mut it = Fixture::halting();
    let asked = it.ask("download");
    it.until_half();
    let suspended = it.host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
    it.until_paused();
    it.host.done(&suspended);
    // A download that begins meanwhile waits too.
    it.web.cdn.site.put("/other.gguf", Served::new(model(1_000)));
    let other = it.web.cdn.url("/other.gguf");
    let waiting = it.host.send(json!({ "type": "download", "name": other }));
    it.until_paused();
    assert_eq!(it.asked_from(), [None]);
    let resumed = it.host.send(json!({ "type": "resume" }));
    it.host.done(&resumed);
    it.host.look_anew();
    it.host.done(&asked);
    assert_eq!(it.host.answered_in_any_order(&waiting), Ok(()));
    let mut from = it.asked_from();
    from.sort();
    assert_eq!(from, [None, None, Some(HALT)]);
}

#[test]
fn a_shutdown_ends_downloads() {
    let mut it = Fixture::halting();
    let asked = it.ask("download");
    it.until_half();
    assert!(it.manager.shutdown(std::time::Duration::from_secs(10)));
    assert_eq!(it.host.failed(&asked), ErrorCode::Closed);
    assert_eq!(it.downloads(), []);
}
