//! Models named by URL, on the real engine: the first load downloads the file, the next one needs no network.

#![cfg(feature = "llama")]

mod llama_common;
mod transfer_server;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use llama_common::host::Host;
use llama_common::tiny_bytes;
use llama_rs_core::error::ErrorCode;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, FinishReason, FitVerdict, ModelStatus};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use transfer_server::{Act, Protocol, Served, Server, put_repository};

const PATH: &str = "/tiny-chat.gguf";
/// An offset in the middle of the tiny model.
const HALF: u64 = 600_000;

/// A server with the tiny model.
struct Web {
    server: Server,
    // Drives the server, so it is dropped after it.
    _runtime: Runtime,
}

impl Web {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let server = runtime.block_on(Server::start(Protocol::Plain));
        server.site.put(PATH, Served::new(tiny_bytes()));
        Self { server, _runtime: runtime }
    }

    fn url(&self) -> String {
        self.server.url(PATH)
    }

    fn seen(&self) -> usize {
        self.server.site.seen().len()
    }
}

fn acquire(host: &mut Host, lease: &str, url: &str) -> String {
    host.send(json!({ "type": "acquire", "leaseId": lease, "debugLabel": lease, "model": { "path": url } }))
}

fn release(host: &mut Host, lease: &str) {
    host.send(json!({ "type": "release", "leaseId": lease }));
}

fn until_status(host: &Host, wanted: impl Fn(ModelStatus) -> bool) {
    host.until(|event| match event {
        Event::ModelChanged { model } => wanted(model.status).then_some(()),
        _ => None,
    });
}

/// Waits until this many bytes have arrived.
fn until_come(host: &Host, bytes: u64) {
    until_status(host, |status| matches!(status, ModelStatus::Downloading { progress } if progress.bytes >= bytes));
}

/// The names of the stored models, and whether they are in use.
fn stored(host: &mut Host) -> Vec<(String, bool)> {
    host.send(json!({ "type": "listStoredModels" }));
    let stored = host.until(|event| match event {
        Event::StoredModels { stored, .. } => Some(stored),
        _ => None,
    });
    stored.models.into_iter().map(|model| (model.name, model.is_in_use)).collect()
}

fn answers_a_question(host: &mut Host, url: &str) {
    host.send(json!({ "type": "generate", "generationId": "g", "scope": "s", "model": { "path": url },
        "append": [{ "role": "user", "content": "hello" }], "options": { "temperature": 0, "maxOutputTokens": 4 } }));
    let outcome = host.outcome("g");
    assert_ne!(outcome.reason, FinishReason::Failed, "{:?}", outcome.error);
}

fn manager_in(directory: &Path) -> ModelManager {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    manager.keep_in(directory).expect("an empty folder");
    manager
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn shut_down(manager: ModelManager) {
    assert!(manager.shutdown(Duration::from_secs(60)));
}

#[test]
fn a_model_comes_once_for_all_who_wait_and_is_there_the_next_time_without_a_network() {
    let (web, directory) = (Web::new(), folder());
    let url = web.url();
    web.server.site.script(PATH, [Act::HaltAfter(HALF)]);
    let manager = manager_in(directory.path());
    let mut host = Host::on(&manager);
    let first = acquire(&mut host, "first", &url);
    until_come(&host, 1);
    let second = acquire(&mut host, "second", &url);
    release(&mut host, "first");
    web.server.site.go_on();
    assert_eq!(host.answer(&first).map_err(|error| error.code), Err(ErrorCode::LoadCancelled));
    assert_eq!(host.answer(&second), Ok(()));
    answers_a_question(&mut host, &url);
    assert_eq!(web.seen(), 1);
    shut_down(manager);

    drop(web);
    let manager = manager_in(directory.path());
    let mut host = Host::on(&manager);
    let offline = acquire(&mut host, "offline", &url);
    assert_eq!(host.answer(&offline), Ok(()));
    answers_a_question(&mut host, &url);
    shut_down(manager);
}

#[test]
fn a_download_stops_with_its_last_lease_and_goes_on_from_there() {
    let (web, directory) = (Web::new(), folder());
    let url = web.url();
    web.server.site.script(PATH, [Act::HaltAfter(HALF)]);
    let manager = manager_in(directory.path());
    let mut host = Host::on(&manager);
    acquire(&mut host, "first", &url);
    until_come(&host, HALF);
    release(&mut host, "first");
    until_status(&host, |status| matches!(status, ModelStatus::Unloaded));
    let again = acquire(&mut host, "again", &url);
    assert_eq!(host.answer(&again), Ok(()));
    let seen = web.server.site.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].from.is_some_and(|from| from > 0 && from <= HALF), "{seen:?}");
    shut_down(manager);
}

#[test]
fn a_download_waits_in_the_background_and_goes_on_with_the_app() {
    let (web, directory) = (Web::new(), folder());
    let url = web.url();
    web.server.site.script(PATH, [Act::HaltAfter(HALF)]);
    let manager = manager_in(directory.path());
    let mut host = Host::on(&manager);
    acquire(&mut host, "lease", &url);
    until_come(&host, HALF);
    let suspended = host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
    assert_eq!(host.answer(&suspended), Ok(()));
    host.send(json!({ "type": "resume" }));
    until_status(&host, |status| matches!(status, ModelStatus::Ready { .. }));
    assert!(web.server.site.seen()[1].from.is_some_and(|from| from > 0));
    shut_down(manager);
}

#[test]
fn what_cannot_be_had_says_why_under_its_own_name() {
    let (web, directory) = (Web::new(), folder());
    let url = web.url();
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let nowhere = acquire(&mut host, "nowhere", &url);
    assert_eq!(host.answer(&nowhere).map_err(|error| error.code), Err(ErrorCode::StorageUnavailable));
    let misspelt = acquire(&mut host, "misspelt", "hf:no-slash");
    assert_eq!(host.answer(&misspelt).map_err(|error| error.code), Err(ErrorCode::InvalidModelName));
    shut_down(manager);

    let manager = manager_in(directory.path());
    let mut host = Host::on(&manager);
    web.server.site.put("/words.gguf", Served::new("these are words".as_bytes().to_vec()));
    for (path, code) in [("/none.gguf", ErrorCode::ModelNotFound), ("/words.gguf", ErrorCode::ModelInvalid)] {
        let url = web.server.url(path);
        let lease = acquire(&mut host, path, &url);
        let error = host.answer(&lease).expect_err("it is no model");
        assert_eq!(error.code, code, "{error}");
        assert!(error.detail.contains(&url), "{error}");
    }
    shut_down(manager);
}

#[test]
fn a_hub_name_is_estimated_brought_and_removed_and_its_token_stays_at_the_hub() {
    let runtime = Runtime::new().expect("a runtime");
    let [hub, cdn] = [(); 2].map(|()| runtime.block_on(Server::start(Protocol::Plain)));
    put_repository(&hub, &cdn, "org/tiny-GGUF", "c0ffee", &[("tiny-chat-q8_0.gguf", &tiny_bytes(), true)]);
    let directory = folder();
    let manager = manager_in(directory.path());
    let mut host = Host::on(&manager);
    let name = "hf:org/tiny-GGUF:Q8_0";
    let named = host.send(json!({ "type": "setHub", "endpoint": hub.url("/"), "token": "hf_verysecret" }));
    assert_eq!(host.answer(&named), Ok(()));
    let refused = host.send(json!({ "type": "setHub", "token": "two words" }));
    assert_eq!(host.answer(&refused).map_err(|error| error.code), Err(ErrorCode::InvalidOptions));

    host.send(json!({ "type": "canLoad", "model": { "path": name } }));
    let fit = host.until(|event| match event {
        Event::MemoryFit { fit, .. } => Some(fit),
        Event::Failed { error, .. } => panic!("{error}"),
        _ => None,
    });
    assert_eq!(fit.verdict, FitVerdict::Fits);
    assert!(cdn.site.body_bytes() < tiny_bytes().len() as u64 / 2, "no more than the header");
    assert_eq!(stored(&mut host), []);

    let lease = acquire(&mut host, "lease", name);
    assert_eq!(host.answer(&lease), Ok(()));
    answers_a_question(&mut host, name);
    assert_eq!(stored(&mut host), [(name.to_owned(), true)]);
    assert!(hub.site.seen().iter().all(|seen| seen.authorization.as_deref() == Some("Bearer hf_verysecret")));
    assert!(cdn.site.seen().iter().all(|seen| seen.authorization.is_none()));

    let used = host.send(json!({ "type": "removeStoredModel", "name": name }));
    assert_eq!(host.answer(&used).map_err(|error| error.code), Err(ErrorCode::ModelInUse));
    let unloaded = host.send(json!({ "type": "unload", "path": name }));
    assert_eq!(host.answer(&unloaded), Ok(()));
    let removed = host.send(json!({ "type": "removeStoredModel", "name": name }));
    assert_eq!(host.answer(&removed), Ok(()));
    assert_eq!(stored(&mut host), []);
    shut_down(manager);
}
