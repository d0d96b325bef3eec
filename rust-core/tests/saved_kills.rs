//! Kills a process while it saves. The next process finds every scope as it was before or after the interrupted write,
//! and nothing else. Each kill comes after a random number of writes and a random share of one more.

mod saved_common;
mod victim;

use std::collections::HashMap;
use std::path::Path;

use llama_rs_core::kv::{KvSnapshot, SavedTranscript, Storage};
use saved_common::{FINGERPRINT, Random, kv, transcript};
use victim::{Pace, Victim, Voice};

const KILLS: u64 = 500;
const SCOPES: [&str; 4] = ["a", "b", "c", "d"];

fn version_of_transcript(scope: &str, version: u64) -> SavedTranscript {
    transcript(scope, version, 200 + (version % 3) as usize * 1_000)
}

fn version_of_kv(scope: &str, version: u64) -> KvSnapshot {
    kv(scope, version, 50, 4_096)
}

/// The allowed states of a scope's files after a kill: absent, or of a version.
#[derive(Debug, Clone, Default)]
struct Allowed {
    transcript: Vec<Option<u64>>,
    kv: Vec<Option<u64>>,
}

impl Allowed {
    /// The child is about to change `files`. Until it reports the change, old and new versions are both allowed.
    fn begin(&mut self, files: Files, version: u64) {
        if files == Files::Transcript {
            self.transcript.push(Some(version));
        }
        if files == Files::Kv {
            self.kv.push(Some(version));
        }
        if files == Files::Removed {
            self.transcript.push(None);
            self.kv.push(None);
        }
    }

    fn end(&mut self) {
        for versions in [&mut self.transcript, &mut self.kv] {
            versions.drain(..versions.len() - 1);
        }
    }
}

/// What the child changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Files {
    Transcript,
    Kv,
    Removed,
}

const FILES: [Files; 3] = [Files::Transcript, Files::Kv, Files::Removed];

/// The child: writes transcript and KV of one scope after another, and removes one now and then, until it is killed.
fn save_for_ever(directory: &Path, mut version: u64) -> ! {
    let (storage, _) = Storage::open(directory).expect("the one that was killed holds it no longer");
    let mut voice = Voice::new();
    let mut say = |moment: &str, files: Files, scope: usize, version: u64| {
        voice.say(&format!("{moment} {} {scope} {version}", files as usize));
    };
    loop {
        let scope = (version % SCOPES.len() as u64) as usize;
        say("begin", Files::Transcript, scope, version);
        storage.write_transcript(&version_of_transcript(SCOPES[scope], version)).expect("written");
        say("end", Files::Transcript, scope, version);
        say("begin", Files::Kv, scope, version);
        storage.write_kv(&version_of_kv(SCOPES[scope], version), FINGERPRINT).expect("written");
        say("end", Files::Kv, scope, version);
        if version.is_multiple_of(5) {
            let scope = (scope + 1) % SCOPES.len();
            say("begin", Files::Removed, scope, version);
            storage.remove(SCOPES[scope]).expect("removed");
            say("end", Files::Removed, scope, version);
        }
        version += 1;
    }
}

/// Notes a child's report. Returns whether it has started a change.
fn hear(words: &[String], allowed: &mut [Allowed], version: &mut u64) -> bool {
    let number = |at: usize| words[at].parse::<usize>().expect("a number");
    let (files, scope) = (FILES[number(1)], &mut allowed[number(2)]);
    *version = number(3) as u64;
    let has_begun = words[0] == "begin";
    if has_begun {
        scope.begin(files, *version);
    } else {
        scope.end();
    }
    has_begun
}

fn temporary_files(directory: &Path) -> usize {
    let names = std::fs::read_dir(directory).expect("it is there").map(|entry| entry.expect("it is there").file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".tmp")).count()
}

/// Opens the directory as the next process does, and narrows `allowed` to what it finds.
fn check(directory: &Path, allowed: &mut [Allowed], context: &str) {
    let (storage, found) = Storage::open(directory).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(found.set_aside, [], "{context}");
    assert_eq!(temporary_files(directory), 0, "{context}");
    let mut scopes: HashMap<_, _> = found.scopes.into_iter().map(|it| (it.transcript.scope.clone(), it)).collect();
    for (scope, allowed) in SCOPES.iter().zip(allowed) {
        let found = scopes.remove(*scope);
        let transcript = found.as_ref().map(|it| it.transcript.revision);
        assert!(allowed.transcript.contains(&transcript), "{context}: {scope} has {transcript:?}, not {allowed:?}");
        if let Some(found) = &found {
            assert_eq!(found.transcript, version_of_transcript(scope, found.transcript.revision), "{context}");
        }
        let kv = found.and_then(|it| it.kv).map(|saved| {
            let read = storage.read_kv(scope, FINGERPRINT).unwrap_or_else(|error| panic!("{context}: {error:?}"));
            let version = read.tokens()[0] as u64;
            assert_eq!(read, version_of_kv(scope, version), "{context}");
            assert_eq!(saved.tokens as usize, read.tokens().len(), "{context}");
            version
        });
        assert!(allowed.kv.contains(&kv), "{context}: the KV of {scope} is {kv:?}, not one of {allowed:?}");
        *allowed = Allowed { transcript: vec![transcript], kv: vec![kv] };
    }
    assert!(scopes.is_empty(), "{context}: {scopes:?}");
}

const TEST: &str = "a_killed_process_leaves_every_scope_as_it_was_before_or_after_a_write";

#[test]
fn a_killed_process_leaves_every_scope_as_it_was_before_or_after_a_write() {
    if let Some((directory, version)) = victim::orders() {
        save_for_ever(&directory, version);
    }

    let directory = tempfile::tempdir().expect("a folder");
    let directory = directory.path();
    let nothing = Allowed { transcript: vec![None], kv: vec![None] };
    let mut allowed = SCOPES.map(|_| nothing.clone());
    let mut version = 0;
    let mut pace = Pace::default();
    let (mut in_the_middle, mut half_written) = (0, 0);
    for seed in 0..KILLS {
        let mut random = Random(seed);
        let victim = Victim::start(TEST, directory, version + 1);
        let mut has_begun = false;
        pace.kill(victim, 1 + random.below(6), random.below(1_000), |words| {
            has_begun = hear(words, &mut allowed, &mut version);
        });
        in_the_middle += u64::from(has_begun);
        half_written += u64::from(temporary_files(directory) > 0);
        check(directory, &mut allowed, &format!("seed {seed}"));
    }
    // Otherwise no kill hit a change.
    assert!(in_the_middle > KILLS / 2, "only {in_the_middle} kills were during a write");
    assert!(half_written > KILLS / 20, "only {half_written} kills left a half-written file");
    println!("{in_the_middle} of {KILLS} kills were during a write, {half_written} left a half-written file");
}
