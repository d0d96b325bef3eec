//! Models that are named by URL, on the real engine: brought to this device while somebody waits, loaded from there, and
//! there the next time without any network.

#![cfg(feature = "llama")]

mod llama_common;
mod transfer_server;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use llama_common::tiny_bytes;
use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use llama_rs_core::error::{Error, ErrorCode};
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, FinishReason, FitVerdict, GenerationPhase, ModelStatus};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use transfer_server::{Act, Protocol, Served, Server, put_repository};

const PATH: &str = "/tiny-chat.gguf";
/// Somewhere in the middle of the tiny model.
const HALF: u64 = 600_000;

/// A server that has the tiny model.
struct Web {
    server: Server,
    // Drives the server; dropped after it.
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

struct Host {
    client: Client,
    requests: u32,
}

impl Host {
    fn on(manager: &ModelManager) -> Self {
        Self { client: manager.connect(), requests: 0 }
    }

    fn send(&mut self, mut command: Value) -> String {
        self.requests += 1;
        let id = format!("r{}", self.requests);
        command["requestId"] = json!(id);
        self.client.send(&command.to_string());
        id
    }

    fn acquire(&mut self, lease: &str, url: &str) -> String {
        self.send(json!({ "type": "acquire", "leaseId": lease, "owner": lease, "model": { "path": url } }))
    }

    fn release(&mut self, lease: &str) {
        self.send(json!({ "type": "release", "leaseId": lease }));
    }

    fn until<T>(&self, wanted: impl Fn(Event) -> Option<T>) -> T {
        loop {
            let Pull::Batch(batch) = self.client.next_events(Duration::from_secs(60)) else {
                panic!("the engine is silent")
            };
            if let Some(found) = batch.events.into_iter().find_map(|numbered| wanted(numbered.event)) {
                return found;
            }
        }
    }

    fn status<T>(&self, wanted: impl Fn(ModelStatus) -> Option<T>) -> T {
        self.until(|event| match event {
            Event::ModelChanged { model } => wanted(model.status),
            _ => None,
        })
    }

    /// Waits until so many bytes have come.
    fn downloaded(&self, bytes: u64) {
        self.status(|status| match status {
            ModelStatus::Downloading { progress } => (progress.bytes >= bytes).then_some(()),
            _ => None,
        });
    }

    fn answer(&self, request: &str) -> Result<(), Error> {
        self.until(|event| match event {
            Event::Done { request_id } if request_id == request => Some(Ok(())),
            Event::Failed { request_id, error } if request_id == request => Some(Err(error)),
            _ => None,
        })
    }

    /// The stored models' names, and whether they are in use.
    fn stored(&mut self) -> Vec<(String, bool)> {
        self.send(json!({ "type": "listStoredModels" }));
        let stored = self.until(|event| match event {
            Event::StoredModels { stored, .. } => Some(stored),
            _ => None,
        });
        stored.models.into_iter().map(|model| (model.name, model.is_in_use)).collect()
    }

    fn answers_a_question(&mut self, url: &str) {
        let turn = json!({ "type": "generate", "generationId": "g", "scope": "s", "model": { "path": url },
            "append": [{ "role": "user", "content": "hello" }], "options": { "temperature": 0, "maxOutputTokens": 4 } });
        self.send(turn);
        let outcome = self.until(|event| match event {
            Event::PhaseChanged { phase: GenerationPhase::Finished { outcome }, .. } => Some(outcome),
            _ => None,
        });
        assert_ne!(outcome.reason, FinishReason::Failed, "{:?}", outcome.error);
    }
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
    let first = host.acquire("first", &url);
    host.downloaded(1);
    let second = host.acquire("second", &url);
    host.release("first");
    web.server.site.go_on();
    assert_eq!(host.answer(&first).map_err(|error| error.code), Err(ErrorCode::LoadCancelled));
    assert_eq!(host.answer(&second), Ok(()));
    host.answers_a_question(&url);
    assert_eq!(web.seen(), 1);
    shut_down(manager);

    drop(web);
    let manager = manager_in(directory.path());
    let mut host = Host::on(&manager);
    let offline = host.acquire("offline", &url);
    assert_eq!(host.answer(&offline), Ok(()));
    host.answers_a_question(&url);
    shut_down(manager);
}

#[test]
fn a_download_stops_with_its_last_lease_and_goes_on_from_there() {
    let (web, directory) = (Web::new(), folder());
    let url = web.url();
    web.server.site.script(PATH, [Act::HaltAfter(HALF)]);
    let manager = manager_in(directory.path());
    let mut host = Host::on(&manager);
    host.acquire("first", &url);
    host.downloaded(HALF);
    host.release("first");
    host.status(|status| matches!(status, ModelStatus::Unloaded).then_some(()));
    let again = host.acquire("again", &url);
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
    host.acquire("lease", &url);
    host.downloaded(HALF);
    let suspended = host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
    assert_eq!(host.answer(&suspended), Ok(()));
    host.send(json!({ "type": "resume" }));
    host.status(|status| matches!(status, ModelStatus::Ready { .. }).then_some(()));
    assert!(web.server.site.seen()[1].from.is_some_and(|from| from > 0));
    shut_down(manager);
}

#[test]
fn what_cannot_be_had_says_why_under_its_own_name() {
    let (web, directory) = (Web::new(), folder());
    let url = web.url();
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let nowhere = host.acquire("nowhere", &url);
    assert_eq!(host.answer(&nowhere).map_err(|error| error.code), Err(ErrorCode::StorageUnavailable));
    let misspelt = host.acquire("misspelt", "hf:no-slash");
    assert_eq!(host.answer(&misspelt).map_err(|error| error.code), Err(ErrorCode::InvalidModelName));
    shut_down(manager);

    let manager = manager_in(directory.path());
    let mut host = Host::on(&manager);
    web.server.site.put("/words.gguf", Served::new("these are words".as_bytes().to_vec()));
    for (path, code) in [("/none.gguf", ErrorCode::ModelNotFound), ("/words.gguf", ErrorCode::ModelInvalid)] {
        let url = web.server.url(path);
        let lease = host.acquire(path, &url);
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
    assert_eq!(host.stored(), []);

    let lease = host.acquire("lease", name);
    assert_eq!(host.answer(&lease), Ok(()));
    host.answers_a_question(name);
    assert_eq!(host.stored(), [(name.to_owned(), true)]);
    assert!(hub.site.seen().iter().all(|seen| seen.authorization.as_deref() == Some("Bearer hf_verysecret")));
    assert!(cdn.site.seen().iter().all(|seen| seen.authorization.is_none()));

    let used = host.send(json!({ "type": "removeStoredModel", "name": name }));
    assert_eq!(host.answer(&used).map_err(|error| error.code), Err(ErrorCode::ModelInUse));
    let unloaded = host.send(json!({ "type": "unload", "path": name }));
    assert_eq!(host.answer(&unloaded), Ok(()));
    let removed = host.send(json!({ "type": "removeStoredModel", "name": name }));
    assert_eq!(host.answer(&removed), Ok(()));
    assert_eq!(host.stored(), []);
    shut_down(manager);
}
