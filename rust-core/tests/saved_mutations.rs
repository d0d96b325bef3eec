//! Damaged files of saved scopes are set aside with a reason or have identical content. They never turn into another
//! scope's content and never crash the process.

mod saved_common;

use std::fs;
use std::path::Path;

use llama_rs_core::kv::{FoundScope, KvSnapshot, SavedTranscript, SetAside, Storage};
use saved_common::{FINGERPRINT, Random, kv, transcript};

const MUTATIONS: u64 = 10_000;
const SCOPES: [&str; 2] = ["alice", "bob"];

/// A directory's files, with names and bytes.
struct Pristine {
    transcripts: [SavedTranscript; 2],
    kvs: [KvSnapshot; 2],
    /// Transcript and KV of the first scope, then of the second.
    files: [(String, Vec<u8>); 4],
}

impl Pristine {
    fn write(directory: &Path) -> Self {
        let (storage, _) = Storage::open(directory).expect("nothing else uses it");
        let transcripts = SCOPES.map(|scope| transcript(scope, 1, 20));
        let kvs = SCOPES.map(|scope| kv(scope, 1, 30, 50));
        let mut files = Vec::new();
        for scope in 0..2 {
            storage.write_transcript(&transcripts[scope]).expect("written");
            files.extend(new_files(directory, &files));
            storage.write_kv(&kvs[scope], FINGERPRINT).expect("written");
            files.extend(new_files(directory, &files));
        }
        Self { transcripts, kvs, files: files.try_into().expect("each call writes one file") }
    }

    fn restore(&self, directory: &Path) {
        for (name, bytes) in &self.files {
            put(&directory.join(name), bytes);
        }
        if let Ok(files) = fs::read_dir(directory.join("set-aside")) {
            for file in files {
                fs::remove_file(file.expect("it can be read").path()).expect("removed");
            }
        }
    }
}

/// Restores a file if it differs. Removes it first: some file systems wait for the disk when a non-empty file is
/// truncated.
fn put(path: &Path, bytes: &[u8]) {
    match fs::read(path) {
        Ok(there) if there == bytes => return,
        Ok(_) => fs::remove_file(path).expect("removed"),
        Err(_) => {}
    }
    fs::write(path, bytes).expect("written");
}

fn new_files(directory: &Path, known: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let names = fs::read_dir(directory).expect("it is there").map(|entry| entry.expect("it can be read").file_name());
    names
        .map(|name| name.into_string().expect("ours are text"))
        .filter(|name| name != "lock" && known.iter().all(|(known, _)| known != name))
        .map(|name| (name.clone(), fs::read(directory.join(name)).expect("it is there")))
        .collect()
}

/// Damages a file in one of the usual ways; `other` is the other scope's file of the same kind.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) -> &'static str {
    // Half of the changes hit the header, where every byte matters.
    let places = if random.below(2) == 0 { 80.min(bytes.len()) } else { bytes.len() };
    let at = random.below(places);
    let end = at + 1 + random.below(bytes.len() - at);
    match random.below(8) {
        0 => {
            for _ in 0..=random.below(3) {
                let at = random.below(places);
                bytes[at] ^= 1 << random.below(8);
            }
            "flipped bits"
        }
        1 => {
            bytes.truncate(at);
            "truncated"
        }
        2 => {
            let inserted: Vec<u8> = (0..=random.below(20)).map(|_| random.next() as u8).collect();
            let at = if random.below(4) == 0 { bytes.len() } else { at };
            bytes.splice(at..at, inserted);
            "inserted bytes"
        }
        3 => {
            bytes.drain(at..end);
            "removed bytes"
        }
        4 => {
            bytes[at..end].fill(0);
            "filled with zeros"
        }
        5 => {
            let len = (at + 8).min(bytes.len()) - at;
            bytes[at..at + len].copy_from_slice(&[u64::MAX, 1 << 31, 1 << 62, 0][random.below(4)].to_le_bytes()[..len]);
            "wrote a large number"
        }
        6 => {
            bytes.truncate(at);
            bytes.extend(&other[at.min(other.len())..]);
            "continued with the other scope's"
        }
        _ => {
            *bytes = other.to_vec();
            "replaced by the other scope's"
        }
    }
}

/// The files in `set-aside` with these bytes.
fn is_set_aside(directory: &Path, set_aside: &[SetAside], bytes: &[u8]) -> bool {
    set_aside.iter().any(|it| {
        assert!(!it.reason.is_empty());
        fs::read(directory.join("set-aside").join(&it.file)).expect("it is where it is said to be") == bytes
    })
}

#[test]
fn a_damaged_file_is_set_aside_with_a_reason_and_never_anothers_content() {
    let directory = tempfile::tempdir().expect("a folder");
    let directory = directory.path();
    let pristine = Pristine::write(directory);
    let mut unchanged = 0;
    for seed in 0..MUTATIONS {
        pristine.restore(directory);
        let mut random = Random(seed);
        let victim = random.below(4);
        let (name, whole) = &pristine.files[victim];
        let mut bytes = whole.clone();
        let other = (victim + 2) % 4;
        let act = mutate(&mut bytes, &pristine.files[other].1, &mut random);
        put(&directory.join(name), &bytes);
        // A swap damages two files.
        let swapped = bytes == pristine.files[other].1 && random.below(2) == 0;
        if swapped {
            put(&directory.join(&pristine.files[other].0), whole);
        }
        let context = format!("seed {seed}: {act}, file {victim}");

        let (storage, found) = Storage::open(directory).unwrap_or_else(|error| panic!("{context}: {error}"));
        let mut set_aside = found.set_aside;
        let mut kvs = [false; 2];
        for FoundScope { transcript, kv } in &found.scopes {
            let scope = SCOPES.iter().position(|it| *it == transcript.scope).expect("no other scope was saved");
            assert_eq!(*transcript, pristine.transcripts[scope], "{context}");
            let Some(kv) = kv else { continue };
            assert_eq!((kv.tokens as usize, kv.fingerprint), (pristine.kvs[scope].tokens().len(), FINGERPRINT));
            match storage.read_kv(SCOPES[scope], FINGERPRINT) {
                Ok(read) => {
                    assert_eq!(read, pristine.kvs[scope], "{context}");
                    kvs[scope] = true;
                }
                Err(unusable) => set_aside.extend(unusable.set_aside),
            }
        }

        let damaged: &[usize] = match (bytes == *whole, swapped) {
            (true, _) => &[],
            (false, false) => &[victim],
            (false, true) => &[victim, other],
        };
        unchanged += u32::from(damaged.is_empty());
        for scope in 0..2 {
            let has_transcript = !damaged.contains(&(2 * scope));
            let found = found.scopes.iter().any(|it| it.transcript.scope == SCOPES[scope]);
            assert_eq!(found, has_transcript, "{context}");
            assert_eq!(kvs[scope], has_transcript && !damaged.contains(&(2 * scope + 1)), "{context}");
        }
        if damaged.is_empty() {
            assert_eq!(set_aside, [], "{context}");
        } else {
            assert!(is_set_aside(directory, &set_aside, &bytes), "{context}: {set_aside:?}");
        }
        if swapped {
            assert!(is_set_aside(directory, &set_aside, whole), "{context}: {set_aside:?}");
        }
    }
    assert!(unchanged < MUTATIONS as u32 / 10, "{unchanged} mutations changed nothing");
}
