//! Saved scopes, as the next process finds them: saved by budget, by unload and by command.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::host::{Host, contents, manager, names};
use crate::engine::scripted::Script;
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{Persist, Residency, ScopeSummary};

/// A process with its manager. It ends by a shutdown, or as if it were killed.
struct Process {
    manager: ModelManager,
    host: Host,
    script: Script,
}

impl Process {
    fn new(directory: &Path) -> Self {
        let script = Script::new();
        let manager = manager(&script);
        manager.keep_in(directory).expect("no other manager has the directory");
        let host = Host::on(&manager);
        Self { manager, host, script }
    }

    /// Shuts down, which unloads and saves.
    fn end(self) {
        assert!(self.manager.shutdown(Duration::from_secs(20)), "the manager ends in time");
    }

    fn scope(&self, id: &str) -> ScopeSummary {
        scope(&self.host, id).unwrap_or_else(|| panic!("no scope {id}"))
    }

    /// Speaks, and returns the cached and the prefilled tokens.
    fn say(&mut self, scope: &str, text: &str, model: Value) -> (u32, u32) {
        let id = format!("{scope} {text} {}", self.script.counts().sampled);
        self.host.say_with(&id, scope, text, model, json!({}));
        let (answer, outcome) = self.host.answered(&id);
        assert_eq!(answer, format!("you said: {text}"));
        (outcome.usage.cached_tokens, outcome.usage.prefilled_tokens)
    }

    fn ask(&mut self, command: Value) -> Result<(), ErrorCode> {
        let request = self.host.send(command);
        self.host.answer(&request)
    }

    /// The flight recorder's records of scopes and files.
    fn moves(&mut self) -> Vec<String> {
        let words = ["parked", "restored", "dropped", "saved", "not saved", "set aside"];
        let about_scopes = |name: &String| words.iter().any(|word| name.starts_with(word));
        names(&self.host.log()).into_iter().filter(about_scopes).collect()
    }
}

fn scope(host: &Host, id: &str) -> Option<ScopeSummary> {
    host.snapshot().scopes.into_iter().find(|scope| scope.id == id)
}

fn a() -> Value {
    json!({ "path": "a.gguf" })
}

/// Names of the files that hold scopes.
fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("the directory is there");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".transcript") || name.ends_with(".kv")).collect();
    names.sort();
    names
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a place for files")
}

#[test]
fn the_next_process_goes_on_where_this_one_ended_without_a_prefill() {
    let directory = directory();
    let mut first = Process::new(directory.path());
    first.say("s", "hi", a());
    let stayed = {
        let mut other = Process::new(self::directory().path());
        other.say("s", "hi", a());
        other.say("s", "again", a())
    };
    first.end();

    let mut second = Process::new(directory.path());
    let found = second.scope("s");
    assert_eq!((found.residency, found.message_count, found.model.as_str()), (Residency::Saved, 2, "a.gguf"));
    assert!(found.saved_at.is_some() && found.cached_tokens > 0);
    assert_eq!(contents(&second.host.transcript("s")), ["hi", "you said: hi"]);
    assert_eq!(second.say("s", "again", a()), stayed, "a return from disk costs what staying costs");
    assert_eq!(second.moves(), ["restored s"]);
    assert_eq!(second.scope("s").residency, Residency::Resident);
}

#[test]
fn an_unload_saves_and_the_next_load_prefills_only_what_is_new() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    process.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads");
    assert_eq!(process.scope("s").residency, Residency::Saved);
    let (cached, prefilled) = process.say("s", "again", a());
    assert!(cached > prefilled, "{cached} cached, {prefilled} prefilled");
    // The new tokens are saved too.
    process.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads");
    assert_eq!(process.moves(), ["saved s", "restored s", "saved s"]);
    process.ask(json!({ "type": "restore", "scope": "s" })).expect_err("no model is loaded");
}

#[test]
fn a_kill_loses_no_generation_that_has_ended() {
    let (directory, copy) = (directory(), directory());
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    process.say("s", "again", a());
    // Answered after earlier writes are done.
    process.ask(json!({ "type": "setPersist", "scope": "s", "persist": "full" })).expect("it is written");
    for file in files(directory.path()) {
        std::fs::copy(directory.path().join(&file), copy.path().join(&file)).expect("a file can be copied");
    }
    let mut next = Process::new(copy.path());
    assert_eq!(next.scope("s").residency, Residency::Uncached);
    assert_eq!(contents(&next.host.transcript("s")), ["hi", "you said: hi", "again", "you said: again"]);
    let (cached, _) = next.say("s", "more", a());
    assert_eq!(cached, 0);
}

#[test]
fn a_scope_that_ram_has_no_room_for_goes_to_disk_and_comes_back() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    let narrow = json!({ "path": "a.gguf", "maxResident": 1, "parkedBudgetBytes": 0 });
    process.say("a", "hi", narrow.clone());
    process.say("b", "hi", narrow.clone());
    process.ask(json!({ "type": "setPersist", "scope": "b", "persist": "full" })).expect("writes before it are done");
    assert_eq!(process.scope("a").residency, Residency::Saved);
    let (cached, _) = process.say("a", "again", narrow);
    assert!(cached > 0);
    assert_eq!(process.moves()[..4], ["parked a", "saved a", "restored a", "parked b"]);
}

#[test]
fn a_slow_disk_is_given_one_scope_at_a_time_and_ram_does_not_grow() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    let (open, blocked) = std::sync::mpsc::channel::<()>();
    process.manager.handle().mailbox.post().send(move |it, _fx| {
        it.on_disk(
            move |_| {
                let _opened = blocked.recv();
                Ok(())
            },
            |_, _, _| {},
        );
    });
    let narrow = json!({ "path": "a.gguf", "maxResident": 1, "parkedBudgetBytes": 0 });
    for scope in ["a", "b", "c", "d"] {
        process.say(scope, "hi", narrow.clone());
    }
    assert_eq!(process.moves(), ["parked a", "parked b", "dropped b", "parked c", "dropped c"]);
    drop(open);
    process.ask(json!({ "type": "setPersist", "scope": "d", "persist": "full" })).expect("writes before it are done");
    assert_eq!(process.scope("a").residency, Residency::Saved);
    process.say("e", "hi", narrow);
    process.ask(json!({ "type": "setPersist", "scope": "e", "persist": "full" })).expect("writes before it are done");
    assert_eq!(process.scope("d").residency, Residency::Saved, "the disk takes more again");
}

#[test]
fn persist_says_what_may_be_on_disk() {
    for (persist, residency, count) in [
        (Persist::None, None, 0),
        (Persist::Transcript, Some(Residency::Uncached), 1),
        (Persist::Full, Some(Residency::Saved), 2),
    ] {
        let directory = directory();
        let mut process = Process::new(directory.path());
        let request = process.host.send(json!({
            "type": "generate", "generationId": "g", "scope": "s", "model": a(), "persist": persist,
            "append": [{ "role": "user", "content": "hi" }],
        }));
        process.host.done(&request);
        process.host.answered("g");
        assert_eq!(process.scope("s").persist, persist);
        process.end();
        assert_eq!(files(directory.path()).len(), count, "{persist:?}");
        let next = Process::new(directory.path());
        assert_eq!(scope(&next.host, "s").map(|scope| scope.residency), residency, "{persist:?}");
    }
}

#[test]
fn less_persistence_removes_files_that_may_no_longer_exist() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    process.ask(json!({ "type": "save", "scope": "s" })).expect("it is saved");
    assert_eq!(files(directory.path()).len(), 2);
    process.ask(json!({ "type": "setPersist", "scope": "s", "persist": "transcript" })).expect("it is changed");
    assert_eq!(files(directory.path()).len(), 1);
    assert_eq!(process.scope("s").saved_at, None);
    process.ask(json!({ "type": "setPersist", "scope": "s", "persist": "none" })).expect("it is changed");
    assert_eq!(files(directory.path()), [""; 0]);
    assert_eq!(process.ask(json!({ "type": "save", "scope": "s" })), Err(ErrorCode::StorageUnavailable));
    let (cached, _) = process.say("s", "again", a());
    assert!(cached > 0, "memory keeps what the disk may not");
    assert_eq!(files(directory.path()), [""; 0]);
}

#[test]
fn deleted_scopes_leave_no_file() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    for scope in ["a", "b", "c"] {
        process.say(scope, "hi", a());
        process.ask(json!({ "type": "save", "scope": scope })).expect("it is saved");
    }
    process.ask(json!({ "type": "deleteScope", "scope": "a" })).expect("it is deleted");
    assert_eq!(files(directory.path()).len(), 4);
    process.ask(json!({ "type": "deleteAllScopes" })).expect("all are deleted");
    assert_eq!((files(directory.path()).len(), process.host.snapshot().scopes.len()), (0, 0));
    process.say("a", "new", a());
    assert_eq!(contents(&process.host.transcript("a")), ["new", "you said: new"]);
}

#[test]
fn the_least_recently_used_files_go_when_the_budget_is_used_up() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    for scope in ["a", "b"] {
        process.say(scope, "hi", a());
        process.ask(json!({ "type": "save", "scope": scope })).expect("it is saved");
    }
    process.ask(json!({ "type": "configure", "savedBudgetBytes": 0 })).expect("it is set");
    assert_eq!((process.scope("a").saved_at, process.scope("b").saved_at), (None, None));
    process.ask(json!({ "type": "setPersist", "scope": "a", "persist": "full" })).expect("removals before it are done");
    assert_eq!(files(directory.path()).len(), 2, "the transcripts stay");
}

#[test]
fn a_scope_that_was_used_since_it_was_saved_keeps_its_file() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    for scope in ["b", "a"] {
        process.say(scope, "hi", a());
        process.ask(json!({ "type": "save", "scope": scope })).expect("it is saved");
    }
    process.say("b", "again", a());
    let sizes = files(directory.path()).into_iter().filter(|name| name.ends_with(".kv"));
    let bytes: u64 = sizes.map(|name| std::fs::metadata(directory.path().join(name)).expect("it is there").len()).sum();
    process.ask(json!({ "type": "configure", "savedBudgetBytes": bytes - 1 })).expect("it is set");
    assert_eq!((process.scope("a").saved_at, process.scope("b").saved_at.is_some()), (None, true));
}

#[test]
fn a_damaged_kv_is_set_aside_and_prefilled_and_its_transcript_still_serves() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    process.end();
    let kv = files(directory.path()).into_iter().find(|name| name.ends_with(".kv")).expect("it was saved");
    let mut bytes = std::fs::read(directory.path().join(&kv)).expect("it can be read");
    *bytes.last_mut().expect("it is not empty") ^= 1;
    std::fs::write(directory.path().join(&kv), bytes).expect("it can be written");

    let mut next = Process::new(directory.path());
    let (cached, _) = next.say("s", "again", a());
    assert_eq!(cached, 0);
    assert_eq!(contents(&next.host.transcript("s")), ["hi", "you said: hi", "again", "you said: again"]);
    assert_eq!(next.moves(), ["set aside", "dropped s"]);
    assert!(directory.path().join("set-aside").join(&kv).exists(), "it is kept");
}

#[test]
fn another_model_keeps_the_chat() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    process.end();
    let mut next = Process::new(directory.path());
    let (cached, _) = next.say("s", "again", json!({ "path": "b.gguf" }));
    assert_eq!(cached, 0, "what one model has read is nothing to another");
    assert_eq!(contents(&next.host.transcript("s")), ["hi", "you said: hi", "again", "you said: again"]);
    let (cached, _) = next.say("s", "back", a());
    assert!(cached > 0, "the first model's file still serves its part");
}

#[test]
fn without_a_directory_saving_is_refused_and_nothing_else_changes() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g", "s", "hi");
    host.answered("g");
    let save = host.send(json!({ "type": "save", "scope": "s" }));
    assert_eq!(host.failed(&save), ErrorCode::StorageUnavailable);
    for command in ["setPersist", "deleteScope"] {
        let mut command = json!({ "type": command, "scope": "s" });
        if command["type"] == "setPersist" {
            command["persist"] = json!("none");
        }
        let request = host.send(command);
        host.done(&request);
    }
}

#[test]
fn one_directory_belongs_to_one_manager() {
    let (directory, other) = (directory(), self::directory());
    let process = Process::new(directory.path());
    process.manager.keep_in(directory.path()).expect("the same again is no change");
    let refused = process.manager.keep_in(other.path()).expect_err("there is one already");
    assert_eq!(refused.code, ErrorCode::StorageUnavailable);
    let second = manager(&Script::new());
    let refused = second.keep_in(directory.path()).expect_err("the first manager has it");
    assert_eq!(refused.code, ErrorCode::StorageUnavailable);
    process.end();
    second.keep_in(directory.path()).expect("it was given back");
}

#[test]
fn scopes_from_before_the_directory_was_named_are_saved_there_too() {
    let directory = directory();
    let manager = manager(&Script::new());
    let mut host = Host::on(&manager);
    host.say("g", "early", "hi");
    host.answered("g");
    manager.keep_in(directory.path()).expect("it opens");
    assert!(manager.shutdown(Duration::from_secs(20)));
    assert_eq!(Process::new(directory.path()).scope("early").message_count, 2);
}
