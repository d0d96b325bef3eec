//! Prefills of turns that may come: what a turn finds of them, what calls them off, and that nobody sees anything else of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::host::{Host, manager, roles, unloaded};
use crate::engine::scripted::{Gate, Point, Script};
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{Event, Residency, ScopeSummary};

/// Longer than any chunk.
fn long() -> String {
    "word ".repeat(700)
}

struct Stage {
    host: Host,
    script: Script,
    manager: ModelManager,
}

impl Stage {
    fn new() -> Self {
        let script = Script::new();
        let manager = manager(&script);
        Self { host: Host::on(&manager), script, manager }
    }

    fn keeping(directory: &Path) -> Self {
        let mut stage = Self::new();
        stage.manager.keep_in(directory).expect("nobody else has the directory");
        stage.host = Host::on(&stage.manager);
        stage
    }

    /// With a scope `s`, in which a greeting was answered.
    fn greeted() -> Self {
        let mut stage = Self::new();
        stage.say("s", "hi");
        stage
    }

    /// Speaks, and returns the cached and the prefilled tokens.
    fn say(&mut self, scope: &str, text: &str) -> (u32, u32) {
        let id = format!("{scope} {text} {}", self.script.counts().sampled);
        self.host.say(&id, scope, text);
        let (answer, outcome) = self.host.answered(&id);
        assert_eq!(answer, format!("you said: {text}"));
        (outcome.usage.cached_tokens, outcome.usage.prefilled_tokens)
    }

    fn ask(&mut self, command: Value) -> Result<(), ErrorCode> {
        let request = self.host.send(command);
        self.host.answer(&request)
    }

    /// The cached and the prefilled tokens, or why there are none.
    fn guess(&mut self, scope: &str, text: &str) -> Result<(u32, u32), ErrorCode> {
        let request = self.host.send(guess(scope, text));
        self.guessed(&request)
    }

    #[track_caller]
    fn guessed(&mut self, request: &str) -> Result<(u32, u32), ErrorCode> {
        self.host.until(|event| match event {
            Event::Prefilled { request_id, cached_tokens, prefilled_tokens } if request_id == request => {
                Some(Ok((*cached_tokens, *prefilled_tokens)))
            }
            Event::Failed { request_id, error } if request_id == request => Some(Err(error.code)),
            _ => None,
        })
    }

    /// A long guess that the engine stands in, `rows` of it computed.
    fn stand_in_guess(&mut self, rows: u32) -> (Gate, String) {
        let gate = self.script.gate(Point::Prefilled(self.script.counts().prefilled_rows + rows));
        let request = self.host.send(guess("s", &long()));
        gate.wait();
        (gate, request)
    }

    fn scope(&self, id: &str) -> ScopeSummary {
        let scopes = self.host.snapshot().scopes;
        scopes.into_iter().find(|scope| scope.id == id).unwrap_or_else(|| panic!("no scope {id}"))
    }
}

fn guess(scope: &str, text: &str) -> Value {
    json!({ "type": "prefill", "scope": scope, "append": [{ "role": "user", "content": text }] })
}

fn open_guess(scope: &str, text: &str) -> Value {
    json!({ "type": "prefill", "scope": scope, "append": [{ "role": "user", "content": text }], "open": true })
}

/// Every file with its bytes, but for the lock.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).expect("the directory is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let saved = paths.filter(|path| path.extension().is_some_and(|kind| kind == "transcript" || kind == "kv"));
    saved.map(|path| (path.display().to_string(), std::fs::read(&path).expect("it can be read"))).collect()
}

#[test]
fn a_turn_prefills_only_what_was_not_guessed() {
    let mut stage = Stage::greeted();
    stage.say("twin", "hi");
    // `<user> hi <end> <assistant> you said: hi` is there; `<end> <user> what is my` is new, and the last word left out.
    let request = stage.host.send(open_guess("s", "what is my na"));
    assert_eq!(stage.guessed(&request), Ok((7, 5)));
    assert_eq!(stage.guess("s", "what is my name"), Ok((12, 1)));
    let unprepared = stage.say("twin", "what is my name");
    assert_eq!(unprepared, (7, 8));
    assert_eq!(stage.say("s", "what is my name"), (13, 2), "the marks behind the message, of as many tokens");
}

#[test]
fn a_guess_of_nothing_is_what_was_said_before() {
    let mut stage = Stage::greeted();
    stage.say("t", "hi");
    let unload = json!({ "type": "unload", "path": "a.gguf" });
    stage.ask(unload).expect("it unloads");
    stage.say("t", "again");
    let request = stage.host.send(open_guess("s", ""));
    assert_eq!(stage.guessed(&request), Ok((0, 9)), "the history, and what every next message begins with");
    assert_eq!(stage.say("s", "again").0, 9);
}

#[test]
fn a_wrong_guess_costs_its_own_tokens() {
    let mut stage = Stage::greeted();
    assert_eq!(stage.guess("s", "what is my name"), Ok((7, 6)));
    assert_eq!(stage.guess("s", "what is the time"), Ok((11, 2)));
    assert_eq!(stage.say("s", "hello"), (9, 3));
    assert_eq!(roles(&stage.host.transcript("s")), ["hi", "you said: hi", "hello", "you said: hello"]);
}

#[test]
fn what_replaces_the_transcript_is_guessed_too_and_replaces_nothing() {
    let mut stage = Stage::greeted();
    let edited = json!({ "type": "prefill", "scope": "s", "messages": [{ "role": "user", "content": "hello you" }] });
    let request = stage.host.send(edited);
    assert_eq!(stage.guessed(&request), Ok((1, 2)));
    assert_eq!(roles(&stage.host.transcript("s")), ["hi", "you said: hi"]);
}

#[test]
fn nothing_changes_but_what_is_cached() {
    let directory = tempfile::tempdir().expect("a place for files");
    let mut stage = Stage::keeping(directory.path());
    stage.say("s", "hi");
    stage.ask(json!({ "type": "save", "scope": "s" })).expect("it is saved");
    let (before, saved, generations) = (stage.scope("s"), files(directory.path()), stage.host.snapshot().generations);
    let seen = stage.host.events.len();

    assert_eq!(stage.guess("s", "what is my name"), Ok((7, 6)));
    // Answered behind whatever the disk would have been given.
    stage.ask(json!({ "type": "setPersist", "scope": "s", "persist": "full" })).expect("as it is");
    let after = stage.scope("s");
    assert_eq!(after.cached_tokens, before.cached_tokens + 6);
    assert_eq!(after, ScopeSummary { cached_tokens: after.cached_tokens, ..before });
    assert_eq!(files(directory.path()), saved);
    assert_eq!(stage.host.snapshot().generations, generations);
    assert!(stage.host.model("a.gguf").leases.is_empty());
    let said = |event: &Event| matches!(event, Event::TranscriptChanged { .. } | Event::Recorded { .. });
    assert!(!stage.host.events[seen..].iter().any(said), "{:#?}", &stage.host.events[seen..]);
    assert_eq!(roles(&stage.host.transcript("s")), ["hi", "you said: hi"]);
}

#[test]
fn the_newest_guess_takes_the_place_of_the_one_before() {
    let mut stage = Stage::greeted();
    let (gate, first) = stage.stand_in_guess(40);
    let second = stage.host.send(guess("s", &"word ".repeat(30)));
    assert_eq!(stage.guessed(&first), Err(ErrorCode::Cancelled), "while the engine still stands in it");
    let third = stage.host.send(guess("s", &"word ".repeat(38)));
    assert_eq!(stage.guessed(&second), Err(ErrorCode::Cancelled));
    gate.open();
    let (cached, prefilled) = stage.guessed(&third).expect("nothing came after it");
    assert!(cached >= 38, "{cached} of the 40 that the first one computed, with what both begin with");
    assert!(prefilled <= 8, "{prefilled}");
    assert_eq!(roles(&stage.host.transcript("s")), ["hi", "you said: hi"]);
}

#[test]
fn whatever_is_asked_of_the_scope_calls_its_guess_off() {
    for command in [
        json!({ "type": "generate", "generationId": "g", "scope": "s", "model": { "path": "a.gguf" },
            "append": [{ "role": "user", "content": long() }] }),
        json!({ "type": "park", "scope": "s" }),
        json!({ "type": "rewindTo", "scope": "s", "messageIndex": 2 }),
        json!({ "type": "deleteScope", "scope": "s" }),
        json!({ "type": "deleteAllScopes" }),
        json!({ "type": "suspend", "deadlineMs": 0 }),
    ] {
        let mut stage = Stage::greeted();
        let (gate, guessing) = stage.stand_in_guess(40);
        let asked = stage.host.send(command.clone());
        assert_eq!(stage.guessed(&guessing), Err(ErrorCode::Cancelled), "{command}: while the engine stands in it");
        gate.open();
        stage.host.answered_in_any_order(&asked).unwrap_or_else(|code| panic!("{command}: {code:?}"));
        match command["type"].as_str() {
            Some("generate") => assert!(stage.host.finished("g").usage.cached_tokens >= 40, "what was computed stays"),
            Some("park" | "rewindTo") => {
                let (cached, _) = stage.say("s", &"word ".repeat(30));
                assert!(cached >= 38, "{command}: {cached}");
            }
            Some("suspend") => {
                let computed = stage.script.counts().prefilled_rows;
                stage.ask(json!({ "type": "resume" })).expect("it can always be resumed");
                assert_eq!(stage.say("t", "hi").0, 0);
                assert_eq!(stage.script.counts().prefilled_rows, computed + 4, "nothing of the guess goes on");
            }
            _ => assert_eq!(stage.say("s", "hi").0, 0, "{command}: a new scope has nothing of the old one"),
        }
    }
}

#[test]
fn a_guess_of_one_scope_leaves_that_of_another_alone() {
    let mut stage = Stage::greeted();
    stage.say("t", "hi");
    let (gate, first) = stage.stand_in_guess(40);
    let other = stage.host.send(guess("t", "what is my name"));
    stage.ask(json!({ "type": "rewindTo", "scope": "t", "messageIndex": 0 })).expect("no turn of it runs");
    gate.open();
    assert_eq!(stage.guessed(&first).map(|(cached, _)| cached), Ok(7));
    stage.host.look_anew();
    assert_eq!(stage.guessed(&other), Err(ErrorCode::Cancelled));
}

#[test]
fn a_copy_of_a_scope_does_not_call_its_guess_off() {
    let mut stage = Stage::greeted();
    let (gate, guessing) = stage.stand_in_guess(40);
    let fork = stage.host.send(json!({ "type": "fork", "scope": "s", "fork": "t" }));
    gate.open();
    stage.host.done(&fork);
    stage.host.look_anew();
    assert_eq!(stage.guessed(&guessing).map(|(cached, _)| cached), Ok(7));
    assert_eq!(roles(&stage.host.transcript("t")), ["hi", "you said: hi"]);
    assert!(stage.say("t", "again").0 >= 7);
}

#[test]
fn a_scope_with_a_turn_is_busy() {
    let mut stage = Stage::greeted();
    let gate = stage.script.gate(Point::Decode(stage.script.counts().decode_calls + 1));
    stage.host.say("runs", "s", "one");
    stage.host.say("waits", "s", "two");
    gate.wait();
    assert_eq!(stage.guess("s", "three"), Err(ErrorCode::Busy));
    gate.open();
    stage.host.answered("runs");
    stage.host.answered("waits");
    assert!(stage.guess("s", "three").is_ok());
}

#[test]
fn a_scope_that_nobody_knows_is_not_made() {
    let mut stage = Stage::greeted();
    assert_eq!(stage.guess("nobody", "hi"), Err(ErrorCode::ScopeNotFound));
    assert_eq!(stage.host.snapshot().scopes.len(), 1);
}

#[test]
fn a_model_is_neither_loaded_nor_kept_by_a_guess() {
    let mut stage = Stage::greeted();
    let (gate, guessing) = stage.stand_in_guess(40);
    let unload = stage.host.send(json!({ "type": "unload", "path": "a.gguf" }));
    // Answered behind the unload, which the engine's mailbox has by then.
    stage.host.transcript("s");
    gate.open();
    stage.host.answered_in_any_order(&unload).expect("it unloads");
    stage.host.look_anew();
    assert_eq!(stage.guessed(&guessing), Err(ErrorCode::ModelUnloaded));
    assert_eq!(stage.guess("s", "what is my name"), Err(ErrorCode::ModelUnloaded));
    assert_eq!(stage.script.counts().loads, 1);
    assert!(unloaded(&stage.host.model("a.gguf").status));
}

#[test]
fn in_the_background_nothing_is_guessed() {
    let mut stage = Stage::greeted();
    let computed = stage.script.counts().prefill_calls;
    stage.ask(json!({ "type": "suspend", "deadlineMs": 0 })).expect("it can always be suspended");
    assert_eq!(stage.guess("s", "what is my name"), Err(ErrorCode::Suspended));
    assert_eq!(stage.script.counts().prefill_calls, computed);
    stage.ask(json!({ "type": "resume" })).expect("it can always be resumed");
    assert_eq!(stage.guess("s", "what is my name"), Ok((7, 6)));
}

#[test]
fn a_guess_that_would_shift_the_conversation_is_refused_and_shifts_nothing() {
    let mut stage = Stage::new();
    let small = json!({ "path": "a.gguf", "contextSize": 32 });
    stage.host.say_with("g", "s", "hi", small, json!({}));
    stage.host.answered("g");
    let before = stage.scope("s");
    assert_eq!(stage.guess("s", &"word ".repeat(30)), Err(ErrorCode::ContextFull));
    assert_eq!(stage.scope("s"), before);
    assert_eq!(stage.guess("s", "what is my name"), Ok((7, 6)));
}

#[test]
fn what_is_on_disk_is_read_for_a_guess() {
    let directory = tempfile::tempdir().expect("a place for files");
    let mut stage = Stage::keeping(directory.path());
    stage.say("s", "hi");
    stage.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads, and saves");
    stage.say("t", "hi");
    assert_eq!(stage.scope("s").residency, Residency::Saved);
    assert_eq!(stage.guess("s", "what is my name"), Ok((7, 6)));
    assert_eq!(stage.scope("s").residency, Residency::Resident);
    assert_eq!(stage.script.counts().restores, 1);
}

#[test]
fn an_engine_that_dies_of_a_guess_is_loaded_again_by_the_turn() {
    let mut stage = Stage::greeted();
    stage.script.panic_at(Point::Prefilled(stage.script.counts().prefilled_rows + 2));
    assert_eq!(stage.guess("s", "what is my name"), Err(ErrorCode::EngineCrashed));
    assert_eq!(stage.say("s", "again").0, 0);
    assert_eq!(stage.script.counts().loads, 2);
}

#[test]
fn after_the_shutdown_nothing_is_guessed() {
    let mut stage = Stage::greeted();
    assert!(stage.manager.shutdown(Duration::from_secs(20)));
    assert_eq!(stage.guess("s", "hi"), Err(ErrorCode::Closed));
}
