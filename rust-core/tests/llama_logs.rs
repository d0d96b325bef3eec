//! Logs contain no conversation. A subscriber records everything at DEBUG and above, and of this crate at TRACE too,
//! while texts take every possible path.

#![cfg(feature = "llama")]

mod llama_common;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use llama_common::{config, folder};
use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, FinishReason, GenerationPhase, Message};
use serde_json::{Value, json};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// After this long the test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// Words that occur in no name, path or message of the library.
const SYSTEM: &str = "The password is heliotrope.";
const NAME: &str = "My name is Alice";
const SECRETS: [&str; 4] = ["heliotrope", "Alice", "quicksilver", "marmalade"];

/// The log as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The texts that the log contains, verbatim or in Rust's debug notation.
fn leaks<'a>(log: &str, texts: &'a [String]) -> Vec<&'a String> {
    let is_in = |text: &&String| log.contains(text.as_str()) || log.contains(format!("{text:?}").trim_matches('"'));
    texts.iter().filter(is_in).collect()
}

// There is one test, because a process has one subscriber for all its threads.
#[test]
fn logs_hold_no_text_of_a_conversation() {
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_span_events(FmtSpan::FULL)
        .with_writer(move || writer.clone());
    let levels = Targets::new().with_default(LevelFilter::DEBUG).with_target("llama_rs_core", LevelFilter::TRACE);
    tracing_subscriber::registry().with(levels).with(lines).init();

    let texts = converse();
    let logged = log.text();
    assert_eq!(leaks(&logged, &texts), Vec::<&String>::new());
    for sign in ["lifecycle", "admitted", "finished", "loaded", "scopeParked", "ScopeSaved", "llama_cpp"] {
        let found = logged.to_lowercase().contains(&sign.to_lowercase());
        assert!(found, "the log was not taken down: no {sign} in\n{logged}");
    }

    // A subscriber or a search that sees nothing would let everything pass.
    for text in &texts {
        tracing::debug!(target: "llama_rs_core::any", text, "said");
    }
    assert_eq!(leaks(&log.text(), &texts).len(), texts.len());
}

/// Does everything that can be done with conversations. Returns all texts.
fn converse() -> Vec<String> {
    let directory = folder();
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    manager.keep_in(directory.path()).expect("an empty directory can be used");
    let mut host = Host { client: manager.connect(), texts: SECRETS.map(str::to_owned).to_vec(), requests: 0 };

    let told = json!([{ "role": "system", "content": SYSTEM }, { "role": "user", "content": NAME }]);
    assert_eq!(host.turn("first", json!({ "messages": told, "options": greedy() })), FinishReason::Stop);
    let asked = host.turn("first", json!({ "append": [user("What is my name?")], "options": greedy() }));
    assert_eq!(asked, FinishReason::Stop);

    for command in [
        json!({ "type": "save", "scope": "first" }),
        json!({ "type": "fork", "scope": "first", "fork": "second" }),
        json!({ "type": "park", "scope": "first" }),
        json!({ "type": "restore", "scope": "first" }),
        json!({ "type": "rewindTo", "scope": "second", "messageIndex": 2 }),
        json!({ "type": "setPersist", "scope": "second", "persist": "transcript" }),
    ] {
        host.done(command);
    }

    // More than the context holds, first turn by turn, then at once.
    for _ in 0..6 {
        host.turn("first", json!({ "append": [user(&format!("{NAME}. ").repeat(12))], "options": greedy() }));
    }
    let too_long = user(&"quicksilver ".repeat(400));
    assert_eq!(host.turn("second", json!({ "append": [too_long], "overflow": "error" })), FinishReason::Failed);

    // Commands that are refused, are not JSON, or have the wrong shape.
    let options = json!({ "stop": ["marmalade"], "temperature": 99 });
    host.failed(json!({ "type": "generate", "generationId": "refused", "scope": "first", "model": model(),
        "append": [user("marmalade")], "options": options }));
    host.failed(json!({ "type": "generate", "marmalade": "marmalade" }));
    host.client.send("{ \"marmalade\": ");

    host.cancelled_turn();
    host.done(json!({ "type": "suspend", "deadlineMs": 1000 }));
    host.done(json!({ "type": "resume" }));
    host.done(json!({ "type": "trim", "level": "critical" }));
    host.transcripts(&["first", "second"]);
    host.done(json!({ "type": "deleteScope", "scope": "second" }));
    host.done(json!({ "type": "deleteAllScopes" }));
    assert!(manager.shutdown(PATIENCE));
    host.texts.retain(|text| !text.is_empty());
    host.texts
}

fn greedy() -> Value {
    json!({ "temperature": 0, "maxOutputTokens": 40 })
}

fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn model() -> Value {
    json!({ "path": config().path, "contextSize": 256, "maxResident": 1 })
}

struct Host {
    client: Client,
    /// All texts of the conversations.
    texts: Vec<String>,
    requests: u32,
}

impl Host {
    fn send(&mut self, mut command: Value) -> String {
        self.requests += 1;
        let request = format!("request-{}", self.requests);
        command["requestId"] = json!(request);
        self.client.send(&command.to_string());
        request
    }

    /// Waits for the first event that `wanted` accepts.
    fn until<T>(&self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let Pull::Batch(batch) = self.client.next_events(PATIENCE) else { panic!("the engine is silent") };
            if let Some(found) = batch.events.iter().find_map(|numbered| wanted(&numbered.event)) {
                return found;
            }
        }
    }

    fn answer(&mut self, command: Value) -> Option<String> {
        let request = self.send(command);
        self.until(|event| match event {
            Event::Done { request_id } if *request_id == request => Some(None),
            Event::Failed { request_id, error } if *request_id == request => Some(Some(error.to_string())),
            _ => None,
        })
    }

    #[track_caller]
    fn done(&mut self, command: Value) {
        assert_eq!(self.answer(command.clone()), None, "{command}");
    }

    #[track_caller]
    fn failed(&mut self, command: Value) {
        assert!(self.answer(command.clone()).is_some(), "{command}");
    }

    fn begin_turn(&mut self, scope: &str, turn: Value) -> String {
        let id = format!("generation-{}", self.requests);
        let mut command = json!({ "type": "generate", "generationId": id, "scope": scope, "model": model() });
        if let (Some(command), Value::Object(turn)) = (command.as_object_mut(), turn) {
            command.extend(turn);
        }
        self.send(command);
        id
    }

    fn turn(&mut self, scope: &str, turn: Value) -> FinishReason {
        let id = self.begin_turn(scope, turn);
        let reason = self.end_of(&id);
        let state = self.client.snapshot().generations.into_iter().find(|generation| generation.id == id);
        self.texts.extend(state.map(|generation| generation.text));
        reason
    }

    fn end_of(&self, generation: &str) -> FinishReason {
        self.until(|event| match event {
            Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { outcome } }
                if generation_id == generation =>
            {
                Some(outcome.reason)
            }
            _ => None,
        })
    }

    /// Runs a turn and cancels it half-way through its answer.
    fn cancelled_turn(&mut self) {
        // A penalty below 1 favours repeated tokens, so the answer does not end by itself.
        let endless = json!({ "temperature": 0, "repeatPenalty": 0.05 });
        let id = self.begin_turn("third", json!({ "append": [user(NAME)], "options": endless }));
        self.until(|event| {
            matches!(event, Event::TextDelta { generation_id, .. } if *generation_id == id).then_some(())
        });
        self.send(json!({ "type": "cancel", "generationId": id }));
        self.end_of(&id);
    }

    /// Adds every message to the texts.
    fn transcripts(&mut self, scopes: &[&str]) {
        for scope in scopes {
            let request = self.send(json!({ "type": "getTranscript", "scope": scope }));
            let messages: Vec<Message> = self.until(|event| match event {
                Event::Transcript { request_id, messages, .. } if *request_id == request => Some(messages.clone()),
                _ => None,
            });
            self.texts.extend(messages.into_iter().map(|message| message.content));
        }
    }
}
