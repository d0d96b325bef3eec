//! Files of the device that become stored models, and stored models that are read again.

use std::fs;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use super::host::{Host, manager};
use super::web::model;
use crate::engine::scripted::Script;
use crate::engine::{Opened, OpeningLoader, PathOpener};
use crate::error::{ErrorCode, Result};
use crate::manager::ModelManager;
use crate::protocol::{DownloadStatus, Event, StoredModels};
use crate::store::Phase;

const NAME: &str = "hf:org/chat:Q4_K_M";

struct Fixture {
    host: Host,
    script: Script,
    folder: TempDir,
    manager: ModelManager,
}

/// Opens one `content://` address, as Android does.
struct Picker(std::path::PathBuf);

impl PathOpener for Picker {
    fn open(&self, path: &str) -> Result<Option<Opened>> {
        Ok((path == "content://picked/1").then(|| Opened::at(self.0.display().to_string(), ())))
    }
}

impl Fixture {
    fn new() -> Self {
        let (script, folder) = (Script::new(), tempfile::tempdir().expect("a folder"));
        let picked = folder.path().join("picked.gguf");
        fs::write(&picked, model(4 << 20)).expect("a file");
        let manager = ModelManager::new(Arc::new(OpeningLoader::new(Arc::new(Picker(picked)), script.loader())));
        manager.keep_in(&folder.path().join("kept")).expect("a directory of its own");
        Self { host: Host::on(&manager), script, folder, manager }
    }

    fn picked(&self) -> String {
        self.folder.path().join("picked.gguf").display().to_string()
    }

    fn import(&mut self, path: &str, name: &str) -> String {
        self.host.send(json!({ "type": "importModel", "path": path, "name": name }))
    }

    fn verify(&mut self, name: &str) -> std::result::Result<(), ErrorCode> {
        let asked = self.host.send(json!({ "type": "verifyStoredModel", "name": name }));
        self.host.answer(&asked)
    }

    fn stored(&mut self) -> StoredModels {
        let asked = self.host.send(json!({ "type": "listStoredModels" }));
        self.host.until(|event| match event {
            Event::StoredModels { request_id, stored } if *request_id == asked => Some(stored.clone()),
            _ => None,
        })
    }

    /// The files of models, by their content.
    fn blobs(&self) -> Vec<std::path::PathBuf> {
        let folder = fs::read_dir(self.folder.path().join("kept/models/blobs")).expect("a folder");
        folder.map(|entry| entry.expect("an entry").path()).collect()
    }
}

#[test]
fn an_imported_model_is_loaded_when_the_original_is_gone() {
    let mut it = Fixture::new();
    let path = it.picked();
    for (path, name) in [(path.as_str(), NAME), ("content://picked/1", "content://picked/1")] {
        let asked = it.import(path, name);
        it.host.done(&asked);
        assert_eq!(it.verify(name), Ok(()), "{name}");
    }
    assert_eq!(it.host.snapshot().downloads, []);
    let stored: Vec<_> = it.stored().models.into_iter().map(|model| (model.name, model.is_complete)).collect();
    assert_eq!(stored, [(NAME.to_owned(), true), ("content://picked/1".to_owned(), true)]);
    // Two names, one file.
    assert_eq!(it.blobs().len(), 1);
    fs::remove_file(&path).expect("it is there");
    for (lease, name) in [("a", NAME), ("b", "content://picked/1")] {
        let acquired = it.host.acquire(lease, json!({ "path": name }));
        it.host.done(&acquired);
    }
    assert_eq!(it.script.counts().loads, 2);
    // In use: a loaded model keeps its files.
    assert!(it.stored().models.iter().all(|model| model.is_in_use));
}

#[test]
fn an_import_that_a_suspension_pauses_can_be_seen_and_cancelled() {
    let mut it = Fixture::new();
    let suspended = it.host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
    it.host.done(&suspended);
    let path = it.picked();
    let asked = it.import(&path, NAME);
    let phase = it.host.until(|event| match event {
        Event::DownloadChanged { download } => match &download.status {
            DownloadStatus::Running { progress } if progress.total_bytes.is_some() => Some(progress.phase),
            DownloadStatus::Running { .. } | DownloadStatus::Failed { .. } => None,
        },
        _ => None,
    });
    assert_eq!(phase, Phase::Paused);
    let second = it.import(&path, NAME);
    assert_eq!(it.host.failed(&second), ErrorCode::Busy);
    let cancelled = it.host.send(json!({ "type": "cancelDownload", "name": NAME }));
    assert_eq!(it.host.failed(&asked), ErrorCode::Cancelled);
    it.host.done(&cancelled);
    assert_eq!((it.host.snapshot().downloads, it.stored().models, it.blobs().len()), (vec![], vec![], 0));
    // Another one goes on with `resume`, and ends with a shutdown.
    let again = it.import(&path, NAME);
    let resumed = it.host.send(json!({ "type": "resume" }));
    it.host.done(&resumed);
    it.host.look_anew();
    it.host.done(&again);
    assert!(it.manager.shutdown(std::time::Duration::from_secs(10)));
}

#[test]
fn a_file_that_cannot_be_imported_says_why() {
    let mut it = Fixture::new();
    let (path, missing) = (it.picked(), it.folder.path().join("none.gguf").display().to_string());
    for (path, name, code) in [
        (path.as_str(), "chat.gguf", ErrorCode::InvalidOptions),
        (path.as_str(), "ftp://host/a.gguf", ErrorCode::InvalidModelName),
        ("content://picked/2", NAME, ErrorCode::InvalidOptions),
        ("https://host/a.gguf", NAME, ErrorCode::InvalidOptions),
        (missing.as_str(), NAME, ErrorCode::ModelNotFound),
    ] {
        let asked = it.import(path, name);
        assert_eq!(it.host.failed(&asked), code, "{path} as {name}");
    }
    let failed: Vec<_> = it.host.snapshot().downloads.into_iter().map(|download| download.name).collect();
    assert_eq!(failed, [NAME]);
    let bare = manager(&it.script);
    let mut host = Host::on(&bare);
    let asked = host.send(json!({ "type": "importModel", "path": path, "name": NAME }));
    assert_eq!(host.failed(&asked), ErrorCode::StorageUnavailable);
}

#[test]
fn damaged_files_are_found_and_removed_and_deleted_files_are_missing() {
    let mut it = Fixture::new();
    assert_eq!(it.verify(NAME), Err(ErrorCode::ModelNotCached));
    for expected in [ErrorCode::DigestMismatch, ErrorCode::ModelNotCached] {
        let path = it.picked();
        fs::write(&path, model(4 << 20)).expect("a file");
        let asked = it.import(&path, NAME);
        it.host.done(&asked);
        let blob = it.blobs().pop().expect("it was stored");
        fs::remove_file(&blob).expect("it is there");
        if expected == ErrorCode::DigestMismatch {
            fs::write(&blob, vec![0; model(4 << 20).len()]).expect("a file");
        }
        assert_eq!(it.verify(NAME), Err(expected));
        assert_eq!(it.blobs().len(), 0);
    }
}
