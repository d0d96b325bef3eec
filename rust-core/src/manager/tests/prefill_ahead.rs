//! Prefills ahead of a generation: what the generation gains, which requests call them off, and that they change
//! nothing else.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::host::{Host, contents, manager, unloaded};
use crate::engine::scripted::{Gate, Point, Script};
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{Event, Residency, ScopeSummary};

/// Longer than any chunk.
fn long() -> String {
    "word ".repeat(700)
}

struct Fixture {
    host: Host,
    script: Script,
    manager: ModelManager,
}

impl Fixture {
    fn new() -> Self {
        let script = Script::new();
        let manager = manager(&script);
        Self { host: Host::on(&manager), script, manager }
    }

    fn keeping(directory: &Path) -> Self {
        let mut fixture = Self::new();
        fixture.manager.keep_in(directory).expect("no other manager has the directory");
        fixture.host = Host::on(&fixture.manager);
        fixture
    }

    /// With a scope `s`, in which a greeting was answered.
    fn greeted() -> Self {
        let mut fixture = Self::new();
        fixture.say("s", "hi");
        fixture
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

    /// The cached and the prefilled tokens, or the error.
    fn prefill(&mut self, scope: &str, text: &str) -> Result<(u32, u32), ErrorCode> {
        let request = self.host.send(prefill_command(scope, text));
        self.prefilled_tokens_of(&request)
    }

    #[track_caller]
    fn prefilled_tokens_of(&mut self, request: &str) -> Result<(u32, u32), ErrorCode> {
        self.host.until(|event| match event {
            Event::Prefilled { request_id, cached_tokens, prefilled_tokens } if request_id == request => {
                Some(Ok((*cached_tokens, *prefilled_tokens)))
            }
            Event::Failed { request_id, error } if request_id == request => Some(Err(error.code)),
            _ => None,
        })
    }

    /// A long prefill that a gate holds after `rows` rows.
    fn hold_prefill(&mut self, rows: u32) -> (Gate, String) {
        let gate = self.script.gate(Point::Prefilled(self.script.counts().prefilled_rows + rows));
        let request = self.host.send(prefill_command("s", &long()));
        gate.wait();
        (gate, request)
    }

    fn scope(&self, id: &str) -> ScopeSummary {
        let scopes = self.host.snapshot().scopes;
        scopes.into_iter().find(|scope| scope.id == id).unwrap_or_else(|| panic!("no scope {id}"))
    }
}

fn prefill_command(scope: &str, text: &str) -> Value {
    json!({ "type": "prefill", "scope": scope, "append": [{ "role": "user", "content": text }] })
}

fn open_prefill_command(scope: &str, text: &str) -> Value {
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
fn a_generation_prefills_only_what_was_not_prefilled_ahead() {
    let mut fixture = Fixture::greeted();
    fixture.say("twin", "hi");
    // `<user> hi <end> <assistant> you said: hi` is cached, `<end> <user> what is my` is new. The last word is left
    // out.
    let request = fixture.host.send(open_prefill_command("s", "what is my na"));
    assert_eq!(fixture.prefilled_tokens_of(&request), Ok((7, 5)));
    assert_eq!(fixture.prefill("s", "what is my name"), Ok((12, 1)));
    let unprepared = fixture.say("twin", "what is my name");
    assert_eq!(unprepared, (7, 8));
    assert_eq!(fixture.say("s", "what is my name"), (13, 2), "the marks behind the message, of as many tokens");
}

#[test]
fn a_prefill_without_text_covers_the_transcript() {
    let mut fixture = Fixture::greeted();
    fixture.say("t", "hi");
    let unload = json!({ "type": "unload", "path": "a.gguf" });
    fixture.ask(unload).expect("it unloads");
    fixture.say("t", "again");
    let request = fixture.host.send(open_prefill_command("s", ""));
    assert_eq!(
        fixture.prefilled_tokens_of(&request),
        Ok((0, 9)),
        "the history, and what every next message begins with"
    );
    assert_eq!(fixture.say("s", "again").0, 9);
}

#[test]
fn a_wrong_prefill_costs_its_own_tokens() {
    let mut fixture = Fixture::greeted();
    assert_eq!(fixture.prefill("s", "what is my name"), Ok((7, 6)));
    assert_eq!(fixture.prefill("s", "what is the time"), Ok((11, 2)));
    assert_eq!(fixture.say("s", "hello"), (9, 3));
    assert_eq!(contents(&fixture.host.transcript("s")), ["hi", "you said: hi", "hello", "you said: hello"]);
}

#[test]
fn messages_that_would_replace_the_transcript_are_prefilled_and_replace_nothing() {
    let mut fixture = Fixture::greeted();
    let edited = json!({ "type": "prefill", "scope": "s", "messages": [{ "role": "user", "content": "hello you" }] });
    let request = fixture.host.send(edited);
    assert_eq!(fixture.prefilled_tokens_of(&request), Ok((1, 2)));
    assert_eq!(contents(&fixture.host.transcript("s")), ["hi", "you said: hi"]);
}

#[test]
fn a_prefill_changes_only_the_cache() {
    let directory = tempfile::tempdir().expect("a place for files");
    let mut fixture = Fixture::keeping(directory.path());
    fixture.say("s", "hi");
    fixture.ask(json!({ "type": "save", "scope": "s" })).expect("it is saved");
    let (before, saved, generations) =
        (fixture.scope("s"), files(directory.path()), fixture.host.snapshot().generations);
    let seen = fixture.host.events.len();

    assert_eq!(fixture.prefill("s", "what is my name"), Ok((7, 6)));
    // Answered after any write that the disk would have got.
    fixture.ask(json!({ "type": "setPersist", "scope": "s", "persist": "full" })).expect("as it is");
    let after = fixture.scope("s");
    assert_eq!(after.cached_tokens, before.cached_tokens + 6);
    assert_eq!(after, ScopeSummary { cached_tokens: after.cached_tokens, ..before });
    assert_eq!(files(directory.path()), saved);
    assert_eq!(fixture.host.snapshot().generations, generations);
    assert!(fixture.host.model("a.gguf").leases.is_empty());
    let said = |event: &Event| matches!(event, Event::TranscriptChanged { .. } | Event::Recorded { .. });
    assert!(!fixture.host.events[seen..].iter().any(said), "{:#?}", &fixture.host.events[seen..]);
    assert_eq!(contents(&fixture.host.transcript("s")), ["hi", "you said: hi"]);
}

#[test]
fn the_newest_prefill_replaces_the_one_before() {
    let mut fixture = Fixture::greeted();
    let (gate, first) = fixture.hold_prefill(40);
    let second = fixture.host.send(prefill_command("s", &"word ".repeat(30)));
    assert_eq!(fixture.prefilled_tokens_of(&first), Err(ErrorCode::Cancelled), "while the engine still stands in it");
    let third = fixture.host.send(prefill_command("s", &"word ".repeat(38)));
    assert_eq!(fixture.prefilled_tokens_of(&second), Err(ErrorCode::Cancelled));
    gate.open();
    let (cached, prefilled) = fixture.prefilled_tokens_of(&third).expect("nothing came after it");
    assert!(cached >= 38, "{cached} of the 40 that the first one computed, with what both begin with");
    assert!(prefilled <= 8, "{prefilled}");
    assert_eq!(contents(&fixture.host.transcript("s")), ["hi", "you said: hi"]);
}

#[test]
fn any_request_for_the_scope_calls_its_prefill_off() {
    for command in [
        json!({ "type": "generate", "generationId": "g", "scope": "s", "model": { "path": "a.gguf" },
            "append": [{ "role": "user", "content": long() }] }),
        json!({ "type": "park", "scope": "s" }),
        json!({ "type": "rewindTo", "scope": "s", "messageIndex": 2 }),
        json!({ "type": "deleteScope", "scope": "s" }),
        json!({ "type": "deleteAllScopes" }),
        json!({ "type": "suspend", "deadlineMs": 0 }),
    ] {
        let mut fixture = Fixture::greeted();
        let (gate, request) = fixture.hold_prefill(40);
        let asked = fixture.host.send(command.clone());
        assert_eq!(
            fixture.prefilled_tokens_of(&request),
            Err(ErrorCode::Cancelled),
            "{command}: while the engine stands in it"
        );
        gate.open();
        fixture.host.answered_in_any_order(&asked).unwrap_or_else(|code| panic!("{command}: {code:?}"));
        match command["type"].as_str() {
            Some("generate") => {
                assert!(fixture.host.finished("g").usage.cached_tokens >= 40, "what was computed stays")
            }
            Some("park" | "rewindTo") => {
                let (cached, _) = fixture.say("s", &"word ".repeat(30));
                assert!(cached >= 38, "{command}: {cached}");
            }
            Some("suspend") => {
                let computed = fixture.script.counts().prefilled_rows;
                fixture.ask(json!({ "type": "resume" })).expect("it can always be resumed");
                assert_eq!(fixture.say("t", "hi").0, 0);
                assert_eq!(fixture.script.counts().prefilled_rows, computed + 4, "nothing of the prefill goes on");
            }
            _ => assert_eq!(fixture.say("s", "hi").0, 0, "{command}: a new scope has nothing of the old one"),
        }
    }
}

#[test]
fn a_prefill_of_one_scope_leaves_that_of_another_alone() {
    let mut fixture = Fixture::greeted();
    fixture.say("t", "hi");
    let (gate, first) = fixture.hold_prefill(40);
    let other = fixture.host.send(prefill_command("t", "what is my name"));
    fixture.ask(json!({ "type": "rewindTo", "scope": "t", "messageIndex": 0 })).expect("no turn of it runs");
    gate.open();
    assert_eq!(fixture.prefilled_tokens_of(&first).map(|(cached, _)| cached), Ok(7));
    fixture.host.look_anew();
    assert_eq!(fixture.prefilled_tokens_of(&other), Err(ErrorCode::Cancelled));
}

#[test]
fn a_fork_does_not_call_the_prefill_of_its_source_off() {
    let mut fixture = Fixture::greeted();
    let (gate, request) = fixture.hold_prefill(40);
    let fork = fixture.host.send(json!({ "type": "fork", "scope": "s", "fork": "t" }));
    gate.open();
    fixture.host.done(&fork);
    fixture.host.look_anew();
    assert_eq!(fixture.prefilled_tokens_of(&request).map(|(cached, _)| cached), Ok(7));
    assert_eq!(contents(&fixture.host.transcript("t")), ["hi", "you said: hi"]);
    assert!(fixture.say("t", "again").0 >= 7);
}

#[test]
fn a_scope_with_a_generation_is_busy() {
    let mut fixture = Fixture::greeted();
    let gate = fixture.script.gate(Point::Decode(fixture.script.counts().decode_calls + 1));
    fixture.host.say("runs", "s", "one");
    fixture.host.say("waits", "s", "two");
    gate.wait();
    assert_eq!(fixture.prefill("s", "three"), Err(ErrorCode::Busy));
    gate.open();
    fixture.host.answered("runs");
    fixture.host.answered("waits");
    assert!(fixture.prefill("s", "three").is_ok());
}

#[test]
fn a_prefill_makes_no_scope() {
    let mut fixture = Fixture::greeted();
    assert_eq!(fixture.prefill("nobody", "hi"), Err(ErrorCode::ScopeNotFound));
    assert_eq!(fixture.host.snapshot().scopes.len(), 1);
}

#[test]
fn a_model_is_neither_loaded_nor_kept_by_a_prefill() {
    let mut fixture = Fixture::greeted();
    let (gate, request) = fixture.hold_prefill(40);
    let unload = fixture.host.send(json!({ "type": "unload", "path": "a.gguf" }));
    // Answered after the unload has reached the engine's mailbox.
    fixture.host.transcript("s");
    gate.open();
    fixture.host.answered_in_any_order(&unload).expect("it unloads");
    fixture.host.look_anew();
    assert_eq!(fixture.prefilled_tokens_of(&request), Err(ErrorCode::ModelUnloaded));
    assert_eq!(fixture.prefill("s", "what is my name"), Err(ErrorCode::ModelUnloaded));
    assert_eq!(fixture.script.counts().loads, 1);
    assert!(unloaded(&fixture.host.model("a.gguf").status));
}

#[test]
fn in_the_background_nothing_is_prefilled() {
    let mut fixture = Fixture::greeted();
    let computed = fixture.script.counts().prefill_calls;
    fixture.ask(json!({ "type": "suspend", "deadlineMs": 0 })).expect("it can always be suspended");
    assert_eq!(fixture.prefill("s", "what is my name"), Err(ErrorCode::Suspended));
    assert_eq!(fixture.script.counts().prefill_calls, computed);
    fixture.ask(json!({ "type": "resume" })).expect("it can always be resumed");
    assert_eq!(fixture.prefill("s", "what is my name"), Ok((7, 6)));
}

#[test]
fn a_prefill_that_would_drop_messages_is_refused_and_drops_none() {
    let mut fixture = Fixture::new();
    let small = json!({ "path": "a.gguf", "contextSize": 32 });
    fixture.host.say_with("g", "s", "hi", small, json!({}));
    fixture.host.answered("g");
    let before = fixture.scope("s");
    assert_eq!(fixture.prefill("s", &"word ".repeat(30)), Err(ErrorCode::ContextFull));
    assert_eq!(fixture.scope("s"), before);
    assert_eq!(fixture.prefill("s", "what is my name"), Ok((7, 6)));
}

#[test]
fn a_kv_file_is_read_for_a_prefill() {
    let directory = tempfile::tempdir().expect("a place for files");
    let mut fixture = Fixture::keeping(directory.path());
    fixture.say("s", "hi");
    fixture.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads, and saves");
    fixture.say("t", "hi");
    assert_eq!(fixture.scope("s").residency, Residency::Saved);
    assert_eq!(fixture.prefill("s", "what is my name"), Ok((7, 6)));
    assert_eq!(fixture.scope("s").residency, Residency::Resident);
    assert_eq!(fixture.script.counts().restores, 1);
}

#[test]
fn an_engine_that_crashes_in_a_prefill_is_loaded_again_by_the_generation() {
    let mut fixture = Fixture::greeted();
    fixture.script.panic_at(Point::Prefilled(fixture.script.counts().prefilled_rows + 2));
    assert_eq!(fixture.prefill("s", "what is my name"), Err(ErrorCode::EngineCrashed));
    assert_eq!(fixture.say("s", "again").0, 0);
    assert_eq!(fixture.script.counts().loads, 2);
}

#[test]
fn after_the_shutdown_nothing_is_prefilled() {
    let mut fixture = Fixture::greeted();
    assert!(fixture.manager.shutdown(Duration::from_secs(20)));
    assert_eq!(fixture.prefill("s", "hi"), Err(ErrorCode::Closed));
}
