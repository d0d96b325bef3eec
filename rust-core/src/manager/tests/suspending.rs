//! The background: nothing computes, KV that would be lost is saved, and everything goes on after the resume.

use std::path::Path;

use serde_json::{Value, json};

use super::host::{Host, a, contents, manager, names};
use crate::engine::scripted::{Gate, Point, Script};
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{ModelStatus, Residency};

struct App {
    manager: ModelManager,
    host: Host,
    script: Script,
}

impl App {
    fn new(directory: Option<&Path>) -> Self {
        let script = Script::new();
        let manager = manager(&script);
        if let Some(directory) = directory {
            manager.keep_in(directory).expect("no other manager has the directory");
        }
        Self { host: Host::on(&manager), manager, script }
    }

    fn ask(&mut self, command: Value) -> Result<(), ErrorCode> {
        let request = self.host.send(command);
        self.host.answer(&request)
    }

    fn suspend(&mut self, deadline_ms: u32) {
        self.ask(json!({ "type": "suspend", "deadlineMs": deadline_ms })).expect("it can always be suspended");
        assert!(self.host.snapshot().suspended);
    }

    /// Suspends while a gate holds the engine. The command arrives before the engine goes on.
    fn suspend_at(&mut self, gate: Gate, deadline_ms: u32) {
        let suspend = self.host.send(json!({ "type": "suspend", "deadlineMs": deadline_ms }));
        // Answered after the suspension has reached the engine's mailbox.
        self.host.transcript("s");
        gate.open();
        self.host.done(&suspend);
    }

    fn resume(&mut self) {
        self.ask(json!({ "type": "resume" })).expect("it can always be resumed");
        assert!(!self.host.snapshot().suspended);
    }

    fn say(&mut self, scope: &str, text: &str) {
        let id = format!("{scope} {text}");
        self.host.say(&id, scope, text);
        assert_eq!(self.host.answered(&id).0, format!("you said: {text}"));
    }

    /// The next process, if this one were killed now. It opens a copy of the directory.
    fn killed(&self, directory: &Path) -> (App, tempfile::TempDir) {
        let copy = tempfile::tempdir().expect("a place for files");
        for entry in std::fs::read_dir(directory).expect("the directory is there") {
            let path = entry.expect("an entry").path();
            let saved = path.extension().is_some_and(|kind| kind == "transcript" || kind == "kv");
            if saved {
                std::fs::copy(&path, copy.path().join(path.file_name().expect("a file"))).expect("it can be copied");
            }
        }
        (App::new(Some(copy.path())), copy)
    }
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a place for files")
}

#[test]
fn a_generation_stops_at_its_step_and_goes_on_without_a_token_lost_or_repeated() {
    let mut app = App::new(None);
    app.script.answer("count", "one two three four five six");
    let gate = app.script.gate(Point::Decode(3));
    app.host.say("g", "s", "count");
    gate.wait();
    app.suspend_at(gate, 0);
    let decoded = app.script.counts().decode_calls;
    // Any further step of the engine would come before the answer to this.
    app.ask(json!({ "type": "suspend", "deadlineMs": 0 })).expect("asking twice is no error");
    assert_eq!(app.script.counts().decode_calls, decoded);
    assert!(app.host.snapshot().generations.iter().any(|generation| generation.id == "g"));
    app.resume();
    assert_eq!(app.host.answered("g").0, "one two three four five six");
    assert_eq!(names(&app.host.log()).iter().filter(|name| *name == "resumed").count(), 1);
}

/// A generation that a gate holds, and a suspension that waits for it.
fn suspended_after_generations(app: &mut App) -> (Gate, String) {
    let gate = app.script.gate(Point::Decode(1));
    app.host.say("g", "s", "hi");
    gate.wait();
    let suspend = app.host.send(json!({ "type": "suspend", "deadlineMs": 0, "after": "generations" }));
    app.host.transcript("s");
    assert!(!app.host.snapshot().suspended);
    (gate, suspend)
}

#[test]
fn a_suspension_after_the_generations_waits_for_later_ones_too() {
    let mut app = App::new(None);
    let (gate, suspend) = suspended_after_generations(&mut app);
    app.host.say("later", "s", "still there");
    gate.open();
    app.host.done(&suspend);
    assert!(app.host.snapshot().suspended);
    assert_eq!(app.host.transcript("s").len(), 4);
}

#[test]
fn a_suspension_after_the_generations_begins_at_once_if_none_runs() {
    let mut app = App::new(None);
    app.ask(json!({ "type": "suspend", "deadlineMs": 0, "after": "generations" })).expect("it can always be suspended");
    assert!(app.host.snapshot().suspended);
}

#[test]
fn a_resume_calls_off_a_suspension_that_waits() {
    let mut app = App::new(None);
    let (gate, suspend) = suspended_after_generations(&mut app);
    let resume = app.host.send(json!({ "type": "resume" }));
    app.host.done(&suspend);
    app.host.done(&resume);
    gate.open();
    assert_eq!(app.host.answered("g").0, "you said: hi");
    app.say("s", "hello");
    assert!(!app.host.snapshot().suspended);
}

#[test]
fn a_suspension_that_waits_ends_with_one_that_does_not() {
    let mut app = App::new(None);
    let (gate, waiting) = suspended_after_generations(&mut app);
    let at_once = app.host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
    app.host.transcript("s");
    gate.open();
    for request in [at_once, waiting] {
        app.host.answered_in_any_order(&request).expect("it can always be suspended");
    }
    assert_eq!(contents(&app.host.transcript("s")), ["hi"], "its turn has not ended");
    app.resume();
    assert_eq!(app.host.answered("g").0, "you said: hi");
}

#[test]
fn generations_that_are_sent_in_the_background_run_in_the_foreground() {
    let mut app = App::new(None);
    app.say("s", "hi");
    app.suspend(0);
    app.host.say("later", "s", "still there");
    app.host.say("new", "t", "hello");
    let calls = app.script.counts().prefill_calls;
    app.suspend(0);
    assert_eq!(app.script.counts().prefill_calls, calls);
    app.resume();
    app.host.answered("later");
    assert_eq!(app.host.finished_in_any_order("new").error, None);
}

#[test]
fn a_cancel_in_the_background_ends_a_generation() {
    let mut app = App::new(None);
    let gate = app.script.gate(Point::Decode(1));
    app.host.say("g", "s", "hi");
    gate.wait();
    app.suspend_at(gate, 0);
    app.ask(json!({ "type": "cancel", "generationId": "g" })).expect("it ends");
    assert_eq!(app.host.transcript("s"), []);
    app.resume();
    app.say("s", "hello");
}

#[test]
fn a_load_in_the_background_is_refused_and_retried_in_the_foreground() {
    let mut app = App::new(None);
    app.suspend(0);
    let leased = app.host.acquire("lease", a());
    assert_eq!(app.host.failed(&leased), ErrorCode::Suspended);
    app.host.say("g", "s", "hi");
    app.suspend(0);
    assert_eq!(app.script.counts().loads, 0);
    app.resume();
    assert_eq!(app.host.answered("g").0, "you said: hi");
    assert!(matches!(app.host.model("a.gguf").status, ModelStatus::Ready { .. }), "the lease counts again");
    assert_eq!(app.script.counts().loads, 1);
}

#[test]
fn scopes_are_saved_before_the_deadline_and_a_kill_then_costs_no_prefill() {
    let directory = directory();
    let mut app = App::new(Some(directory.path()));
    for scope in ["a", "b", "c"] {
        app.say(scope, "hi");
    }
    app.suspend(0);
    assert_eq!(app.host.snapshot().scopes[0].saved_at, None, "no time was given");
    app.suspend(60_000);
    assert_eq!(names(&app.host.log()).last().map(String::as_str), Some("suspended 3"));

    let (mut next, _copy) = app.killed(directory.path());
    for scope in ["a", "b", "c"] {
        let found = next.host.snapshot().scopes.into_iter().find(|found| found.id == scope).expect("it was saved");
        assert_eq!(found.residency, Residency::Saved);
        let id = format!("next {scope}");
        next.host.say(&id, scope, "again");
        let usage = next.host.answered(&id).1.usage;
        assert!(usage.cached_tokens > usage.prefilled_tokens, "{usage:?}");
    }
    // The process that was not killed goes on from its slots.
    app.resume();
    app.say("a", "again");
    assert!(!names(&app.host.log()).contains(&"restored a".to_owned()));
}

#[test]
fn the_most_recently_used_scope_is_saved_first() {
    let directory = directory();
    let mut app = App::new(Some(directory.path()));
    for scope in ["first", "second", "third"] {
        app.say(scope, "hi");
        // The times of last use must differ by a millisecond.
        let used = |host: &Host| host.snapshot().scopes.iter().map(|scope| scope.last_used_at).max();
        let before = used(&app.host);
        while Some(crate::manager::effects::now_ms()) <= before {
            std::thread::yield_now();
        }
    }
    app.suspend(60_000);
    let saved: Vec<String> = names(&app.host.log()).into_iter().filter(|name| name.starts_with("saved")).collect();
    assert_eq!(saved, ["saved third", "saved second", "saved first"]);
}

#[test]
fn a_kill_in_the_background_undoes_a_running_generation_as_a_cancel_does() {
    for keep_partial in [false, true] {
        let directory = directory();
        let mut app = App::new(Some(directory.path()));
        app.say("s", "hi");
        app.script.answer("count", "one two three four");
        let gate = app.script.gate(Point::Decode(app.script.counts().decode_calls + 3));
        app.host.say_with("g", "s", "count", a(), json!({ "keepPartial": keep_partial }));
        gate.wait();
        app.suspend_at(gate, 60_000);
        let shown = app.host.snapshot().generations.into_iter().find(|it| it.id == "g").expect("it runs").text;

        let (mut next, _copy) = app.killed(directory.path());
        let mut kept = vec!["hi", "you said: hi"];
        if keep_partial {
            kept.extend(["count", &shown]);
        }
        assert_eq!(contents(&next.host.transcript("s")), kept);
        app.resume();
        assert_eq!(app.host.answered("g").0, "one two three four");
    }
}

#[test]
fn a_resume_without_a_suspension_changes_nothing() {
    let mut app = App::new(None);
    app.resume();
    app.say("s", "hi");
    assert!(!names(&app.host.log()).contains(&"resumed".to_owned()));
    drop(app.manager);
}

#[test]
fn the_tokens_that_a_running_generation_adds_to_a_saved_scope_are_saved_too() {
    let directory = directory();
    let mut app = App::new(Some(directory.path()));
    app.say("s", "hi");
    app.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads");
    let gate = app.script.gate(Point::Decode(app.script.counts().decode_calls + 2));
    app.host.say("g", "s", "tell me more");
    gate.wait();
    app.suspend_at(gate, 10_000);
    assert_eq!(names(&app.host.log()).last().map(String::as_str), Some("suspended 1"));
}

#[test]
fn the_prefill_of_a_first_generation_is_saved_before_it_ends() {
    let directory = directory();
    let mut app = App::new(Some(directory.path()));
    let gate = app.script.gate(Point::Decode(2));
    app.host.say("g", "s", "a long document");
    gate.wait();
    app.suspend_at(gate, 10_000);
    assert_eq!(names(&app.host.log()).last().map(String::as_str), Some("suspended 1"));
    let (next, _copy) = app.killed(directory.path());
    assert_eq!(
        next.host.snapshot().scopes[0].residency,
        Residency::Saved,
        "the turn was lost, what it had read was not"
    );
}
