//! Scopes that change while a copy of them is on its way, in the engine or in the disk's queue.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use super::host::{Host, a, manager, names};
use crate::engine::scripted::{Point, Script};
use crate::error::ErrorCode;
use crate::kv::{Fingerprint, KvSnapshot, SavedTranscript, Storage};
use crate::manager::ModelManager;
use crate::protocol::{Message as ChatMessage, Persist, Residency, Role, ScopeSummary};

struct Process {
    manager: ModelManager,
    host: Host,
    script: Script,
}

impl Process {
    fn new(directory: &Path) -> Self {
        let mut process = Self::without_directory();
        process.manager.keep_in(directory).expect("no other manager has the directory");
        process.host = Host::on(&process.manager);
        process
    }

    fn without_directory() -> Self {
        let script = Script::new();
        let manager = manager(&script);
        Self { host: Host::on(&manager), manager, script }
    }

    fn say(&mut self, scope: &str, text: &str, model: Value) {
        let id = format!("{scope} {text}");
        self.host.say_with(&id, scope, text, model, json!({}));
        let outcome = self.host.finished_in_any_order(&id);
        assert_eq!(outcome.error, None);
    }

    fn ask(&mut self, command: Value) -> Result<(), ErrorCode> {
        let request = self.host.send(command);
        self.host.answered_in_any_order(&request)
    }

    fn of_scope(&mut self, command: &str, scope: &str) -> Result<(), ErrorCode> {
        self.ask(json!({ "type": command, "scope": scope }))
    }

    fn scope(&self, id: &str) -> ScopeSummary {
        let scopes = self.host.snapshot().scopes;
        scopes.into_iter().find(|scope| scope.id == id).unwrap_or_else(|| panic!("no scope {id}"))
    }

    /// How often the flight recorder has this record.
    fn recorded(&mut self, record: &str) -> usize {
        names(&self.host.log()).iter().filter(|name| *name == record).count()
    }

    /// Blocks the disk's thread until the result is dropped.
    fn hold_disk(&self) -> mpsc::Sender<()> {
        let (open, opened) = mpsc::channel();
        self.on_disk(move || {
            let _dropped = opened.recv();
        });
        open
    }

    /// Waits until the disk's thread has done every earlier job.
    fn flush(&self) {
        let (done, flushed) = mpsc::channel();
        self.on_disk(move || {
            let _too_late = done.send(());
        });
        flushed.recv_timeout(Duration::from_secs(20)).expect("the disk's thread gets there");
    }

    fn on_disk(&self, work: impl FnOnce() + Send + 'static) {
        self.manager.handle().mailbox.post().send(move |it, _fx| {
            let disk = it.disk.as_ref().expect("this process has a directory");
            disk.run(
                move |_storage| {
                    work();
                    Ok(())
                },
                |_done| {},
            );
        });
    }
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a place for files")
}

/// The numbers of transcript files and of KV files.
fn files(directory: &Path) -> (usize, usize) {
    let entries = std::fs::read_dir(directory).expect("the directory is there");
    let names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
    let count = |kind: &str| names.iter().filter(|name| name.to_string_lossy().ends_with(kind)).count();
    (count(".transcript"), count(".kv"))
}

fn b() -> Value {
    json!({ "path": "b.gguf" })
}

#[test]
fn the_kv_of_one_model_is_never_saved_as_that_of_another() {
    let directory = directory();
    let mut sizes = Process::new(directory.path());
    sizes.say("s", "hi", a());
    sizes.of_scope("park", "s").expect("it is parked");
    let room_for_one = sizes.host.parked_bytes("s") * 3 / 2;
    assert!(sizes.manager.shutdown(Duration::from_secs(20)));

    let directory = self::directory();
    let mut process = Process::new(directory.path());
    let narrow = json!({ "path": "a.gguf", "maxResident": 1, "parkedBudgetBytes": room_for_one });
    process.say("s", "hi", narrow.clone());
    process.say("t", "hi", narrow.clone());
    assert_eq!(process.scope("s").residency, Residency::Parked);
    process.say("s", "there", b());
    // The first model still has its KV of `s`, and now gives it up.
    process.say("u", "hi", narrow);
    process.flush();
    assert_eq!((process.recorded("parked t"), process.recorded("saved s")), (1, 0));
    process.ask(json!({ "type": "unload", "path": "b.gguf" })).expect("it unloads");
    assert_eq!((process.recorded("saved s"), process.scope("s").residency), (1, Residency::Saved));
}

#[test]
fn a_copy_that_arrives_after_a_change_of_model_is_not_saved() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    let gate = process.script.gate(Point::Save(1));
    let save = process.host.send(json!({ "type": "save", "scope": "s" }));
    gate.wait();
    process.say("s", "there", b());
    gate.open();
    assert_eq!(process.host.answered_in_any_order(&save), Ok(()));
    assert_eq!((process.recorded("saved s"), process.scope("s").saved_at), (0, None));
}

#[test]
fn a_copy_of_a_deleted_scope_is_not_saved_for_a_new_scope_of_its_id() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    let gate = process.script.gate(Point::Save(1));
    let save = process.host.send(json!({ "type": "save", "scope": "s" }));
    gate.wait();
    process.of_scope("deleteScope", "s").expect("it is deleted");
    let queued = process.host.say("new", "s", "hello");
    process.host.done(&queued);
    gate.open();
    assert_eq!(process.host.answered_in_any_order(&save), Err(ErrorCode::ScopeNotFound));
    process.host.finished_in_any_order("new");
    process.flush();
    assert_eq!((process.recorded("saved s"), files(directory.path())), (0, (1, 0)));
}

#[test]
fn a_scope_does_not_have_the_file_of_a_deleted_scope_of_its_id() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    process.of_scope("park", "s").expect("it is parked");
    let disk = process.hold_disk();
    let save = process.host.send(json!({ "type": "save", "scope": "s" }));
    let delete = process.host.send(json!({ "type": "deleteScope", "scope": "s" }));
    process.say("s", "hello", a());
    drop(disk);
    assert_eq!(process.host.answered_in_any_order(&save), Ok(()));
    assert_eq!(process.host.answered_in_any_order(&delete), Ok(()));
    process.flush();
    assert_eq!((process.scope("s").saved_at, files(directory.path())), (None, (1, 0)));
    process.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads");
    assert_eq!((process.scope("s").residency, files(directory.path())), (Residency::Saved, (1, 1)));
}

#[test]
fn a_file_that_was_removed_after_its_write_does_not_count() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    process.of_scope("park", "s").expect("it is parked");
    let disk = process.hold_disk();
    let save = process.host.send(json!({ "type": "save", "scope": "s" }));
    for persist in ["transcript", "full"] {
        process.host.send(json!({ "type": "setPersist", "scope": "s", "persist": persist }));
    }
    // Answered after the requests before it.
    process.host.transcript("s");
    drop(disk);
    assert_eq!(process.host.answered_in_any_order(&save), Ok(()));
    process.flush();
    process.host.transcript("s");
    assert_eq!((process.scope("s").saved_at, files(directory.path())), (None, (1, 0)));
}

#[test]
fn the_file_of_a_fork_is_no_newer_than_the_fork() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    process.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads");
    let disk = process.hold_disk();
    let fork = process.host.send(json!({ "type": "fork", "scope": "s", "fork": "t" }));
    process.say("t", "hello", a());
    drop(disk);
    assert_eq!(process.host.answered_in_any_order(&fork), Ok(()));
    process.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads");
    assert_eq!(process.recorded("saved t"), 2, "once as a copy, once with what was said since");
}

#[test]
fn a_scope_that_begins_while_all_are_deleted_keeps_its_transcript() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("early", "hi", a());
    let disk = process.hold_disk();
    let delete_all = process.host.send(json!({ "type": "deleteAllScopes" }));
    process.say("late", "hi", a());
    drop(disk);
    assert_eq!(process.host.answered_in_any_order(&delete_all), Ok(()));
    process.flush();
    assert_eq!((process.scope("late").message_count, files(directory.path())), (2, (1, 0)));
}

#[test]
fn a_suspension_is_answered_after_earlier_writes_are_done() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    process.ask(json!({ "type": "setPersist", "scope": "s", "persist": "transcript" })).expect("it is set");
    let disk = process.hold_disk();
    process.say("s", "again", a());
    let suspend = process.host.send(json!({ "type": "suspend", "deadlineMs": 20_000 }));
    for _ in 0..10 {
        process.host.transcript("s");
    }
    let answer = format!("{:?}", process.host.events);
    assert!(!answer.contains(&format!("request_id: {suspend:?}")), "the disk has not written yet");
    drop(disk);
    assert_eq!(process.host.answered_in_any_order(&suspend), Ok(()));
}

#[test]
fn commands_after_the_shutdown_are_refused_and_leave_the_directory_alone() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.say("s", "hi", a());
    assert!(process.manager.shutdown(Duration::from_secs(20)));
    for command in [
        json!({ "type": "park", "scope": "s" }),
        json!({ "type": "restore", "scope": "s" }),
        json!({ "type": "save", "scope": "s" }),
        json!({ "type": "fork", "scope": "s", "fork": "t" }),
        json!({ "type": "rewindTo", "scope": "s", "messageIndex": 0 }),
        json!({ "type": "setPersist", "scope": "s", "persist": "none" }),
        json!({ "type": "deleteScope", "scope": "s" }),
        json!({ "type": "deleteAllScopes" }),
    ] {
        assert_eq!(process.ask(command.clone()), Err(ErrorCode::Closed), "{command}");
    }
    assert_eq!(files(directory.path()), (1, 1));
}

#[test]
fn no_directory_can_be_named_after_the_shutdown() {
    let directory = directory();
    let process = Process::without_directory();
    assert!(process.manager.shutdown(Duration::from_secs(20)));
    let refused = process.manager.keep_in(directory.path()).expect_err("nobody would give it back");
    assert_eq!(refused.code, ErrorCode::Closed);
    Process::new(directory.path());
}

#[test]
fn a_directory_that_is_named_late_loses_files_that_a_newer_scope_may_not_have() {
    for (persist, left) in [("none", (0, 0)), ("transcript", (1, 0))] {
        let directory = directory();
        let mut first = Process::new(directory.path());
        first.say("s", "hi", a());
        assert!(first.manager.shutdown(Duration::from_secs(20)));
        assert_eq!(files(directory.path()), (1, 1));

        let mut process = Process::without_directory();
        process.say("s", "hello", a());
        process.ask(json!({ "type": "setPersist", "scope": "s", "persist": persist })).expect("it is set");
        process.manager.keep_in(directory.path()).expect("it opens");
        process.flush();
        assert_eq!(files(directory.path()), left, "{persist}");
    }
}

#[test]
fn a_file_of_another_model_counts_as_long_as_it_exists() {
    let directory = directory();
    let messages = vec![ChatMessage::new(Role::User, "hi")];
    let (scope, model, persist) = ("s".to_owned(), "a.gguf".to_owned(), Persist::Full);
    let transcript =
        SavedTranscript { scope, model, persist, revision: 1, last_used_at: 1, dropped_messages: 0, messages };
    {
        let (storage, _found) = Storage::open(directory.path()).expect("it opens");
        storage.write_transcript(&transcript).expect("it is written");
        let kv = KvSnapshot::new("s".into(), vec![1, 2, 3], vec![7; 100]);
        storage.write_kv(&kv, Fingerprint(2)).expect("it is written");
    }
    let mut process = Process::new(directory.path());
    process.say("s", "again", a());
    assert_eq!((process.recorded("dropped s"), files(directory.path())), (1, (1, 1)));
    process.ask(json!({ "type": "configure", "savedBudgetBytes": 0 })).expect("it is set");
    process.flush();
    assert_eq!(files(directory.path()), (1, 0));
}

#[test]
fn a_kv_that_the_budget_has_no_room_for_is_not_written() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    process.ask(json!({ "type": "configure", "savedBudgetBytes": 0 })).expect("it is set");
    process.say("s", "hi", a());
    process.of_scope("save", "s").expect("the transcript is saved");
    process.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads");
    assert_eq!((process.recorded("saved s"), files(directory.path())), (0, (1, 0)));
}

#[test]
fn the_parked_kv_of_a_deleted_scope_is_not_given_to_a_new_scope_of_its_id() {
    let directory = directory();
    let mut process = Process::new(directory.path());
    let narrow = json!({ "path": "a.gguf", "maxResident": 1 });
    process.say("s", "hi", narrow.clone());
    let gate = process.script.gate(Point::Save(1));
    process.host.say_with("other", "t", "hi", narrow.clone(), json!({}));
    gate.wait();
    // The engine takes `s` out of its slot, and has not reported it yet.
    process.of_scope("deleteScope", "s").expect("it is deleted");
    let queued = process.host.say_with("new", "s", "hello", narrow, json!({}));
    process.host.done(&queued);
    gate.open();
    process.host.finished_in_any_order("other");
    process.host.finished_in_any_order("new");
    assert_eq!(process.scope("s").residency, Residency::Resident);
    assert_eq!((process.recorded("parked t"), process.recorded("parked s")), (1, 0));
}
