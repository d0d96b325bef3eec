//! One folder with many users: stores in threads and processes, and a system that deletes files. A pinned model is
//! always the stored one, every failure is typed, and nothing is left over in the end.

mod store_common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use llama_rs_core::error::{Error, ErrorCode};
use llama_rs_core::store::Store;
use store_common::*;

const DIRECTORY: &str = "LLAMA_RS_SHARED_STORE";
const SEED: &str = "LLAMA_RS_SHARED_SEED";
const NAMES: [&str; 3] = ["hf:org/a:Q4", "hf:org/b:Q4", "https://host.example/c.gguf"];
const STEPS: u32 = 60;

/// The possible contents of a name: its own versions, and one shared by all names.
fn version(name: usize, version: usize) -> Vec<u8> {
    let text = if version == 0 { "shared".to_owned() } else { format!("{} {version}", NAMES[name]) };
    bytes(&text, 20_000 + version * 1_000)
}

/// The allowed failures in a shared folder.
fn is_expected(error: &Error) -> bool {
    matches!(error.code, ErrorCode::ModelNotCached | ErrorCode::ModelInUse)
}

/// Runs random steps. `tolerates` says which failures are allowed.
fn use_store(store: &Store, seed: u64, tolerates: impl Fn(&Error) -> bool) {
    let mut random = Random(seed);
    for step in 0..STEPS {
        let which = random.below(NAMES.len());
        let model = name(NAMES[which]);
        let content = version(which, random.below(3));
        let done = match random.below(8) {
            0..3 => store.import(&model, vec![from_reader("model.gguf", &content)], &mut go),
            3 => download(store, &model, &content),
            4 => store.remove(&model),
            5 => store.list().map(drop),
            6 => store.verify(&model, &mut go).map(drop),
            _ => store.pin(&model, &mut go).map(|pinned| {
                let versions = [0, 1, 2].map(|it| version(which, it));
                match fs::read(pinned.weights()) {
                    Ok(read) => assert!(versions.contains(&read), "seed {seed}, step {step}: other bytes"),
                    // The system may delete pinned files.
                    Err(error) => {
                        assert!(tolerates(&Error::new(ErrorCode::StorageFailed, error.to_string())), "{error}")
                    }
                }
            }),
        };
        if let Err(error) = done {
            assert!(tolerates(&error), "seed {seed}, step {step}: {error}");
        }
    }
}

/// A download that yielded to another one of its name may start after that one's end, so it is retried.
fn check_end(store: &Store) {
    for model in store.list().expect("it can be read").iter().filter(|model| model.is_incoming) {
        let which = NAMES.iter().position(|text| name(text) == model.name).expect("one of ours");
        download(store, &model.name, &version(which, 1)).expect("nobody else has it");
    }
    check_whole(store, "in the end");
}

#[test]
fn stores_in_threads_share_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    thread::scope(|scope| {
        for seed in 0..4 {
            let path = folder.path();
            scope.spawn(move || use_store(&open(path), seed, is_expected));
        }
    });
    check_end(&open(folder.path()));
}

#[test]
fn clones_of_a_store_are_used_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    thread::scope(|scope| {
        for seed in 10..14 {
            let store = store.clone();
            scope.spawn(move || use_store(&store, seed, is_expected));
        }
    });
    drop(store);
    check_end(&open(folder.path()));
}

const PROCESSES: &str = "stores_in_processes_share_a_folder";

#[test]
fn stores_in_processes_share_a_folder() {
    if let (Some(directory), Ok(seed)) = (std::env::var_os(DIRECTORY), std::env::var(SEED)) {
        use_store(&open(Path::new(&directory)), seed.parse().expect("a number"), is_expected);
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let start = |seed: u32| -> Child {
        Command::new(std::env::current_exe().expect("tests know their path"))
            .args(["--exact", PROCESSES])
            .env(DIRECTORY, folder.path())
            .env(SEED, seed.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this very program runs")
    };
    let children: Vec<_> = (20..24).map(start).collect();
    for child in children {
        let output = child.wait_with_output().expect("it was ours");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    check_end(&open(folder.path()));
}

/// A system that is short of space and deletes files.
fn delete_at_random(folder: &Path, random: &mut Random) {
    let mut all = vec![folder.to_owned()];
    let mut at = 0;
    while at < all.len() {
        let inside = fs::read_dir(&all[at]).into_iter().flatten().flatten().map(|entry| entry.path());
        all.extend(inside.collect::<Vec<_>>());
        at += 1;
    }
    // It deletes everything now and then; otherwise a file, or a folder with its contents.
    let victim = &all[if random.below(10) == 0 { 0 } else { random.below(all.len()) }];
    let _ = if victim.is_dir() { fs::remove_dir_all(victim) } else { fs::remove_file(victim) };
}

#[test]
fn a_folder_may_be_emptied_at_any_moment() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("store");
    let store = open(&folder);
    let is_over = AtomicBool::new(false);
    // Any typed storage failure is allowed.
    let tolerates = |error: &Error| {
        is_expected(error) || matches!(error.code, ErrorCode::StorageFailed | ErrorCode::DigestMismatch)
    };
    let deletions = thread::scope(|scope| {
        let deleting = scope.spawn(|| {
            let (mut random, mut deletions) = (Random(99), 0);
            while !is_over.load(Ordering::Relaxed) {
                delete_at_random(&folder, &mut random);
                deletions += 1;
                thread::yield_now();
            }
            deletions
        });
        let users: Vec<_> = (30..33)
            .map(|seed| {
                let store = store.clone();
                scope.spawn(move || use_store(&store, seed, tolerates))
            })
            .collect();
        let used: Vec<_> = users.into_iter().map(thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        let deletions = deleting.join().expect("it only deletes");
        used.into_iter().for_each(|used| used.expect("nothing but typed errors"));
        deletions
    });
    // Otherwise nothing raced.
    assert!(deletions > 100, "{deletions}");
    let store = open(&folder);
    let model = name(NAMES[0]);
    store.import(&model, vec![from_reader("model.gguf", &version(0, 1))], &mut go).expect("it works again");
    assert_eq!(
        fs::read(store.pin(&model, &mut go).expect("it is there").weights()).expect("it is pinned"),
        version(0, 1)
    );
}

/// Runs the steps one after another and checks after each that the store reports what is on the disk.
#[test]
fn after_every_deletion_the_store_says_what_is_left() {
    for seed in 0..100 {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("store");
        let store = open(&folder);
        let mut random = Random(seed);
        for (which, text) in NAMES.iter().enumerate() {
            let content = version(which, random.below(3));
            store.import(&name(text), vec![from_reader("model.gguf", &content)], &mut go).expect("imported");
        }
        let pinned = store.pin(&name(NAMES[0]), &mut go).expect("it is there");
        for _ in 0..1 + random.below(4) {
            delete_at_random(&folder, &mut random);
        }
        drop(pinned);
        let store = open(&folder);
        let listed = store.list().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for (which, text) in NAMES.iter().enumerate() {
            let is_complete = listed.iter().any(|model| model.name == name(text) && model.is_complete);
            match store.pin(&name(text), &mut go) {
                Ok(pinned) => {
                    let read = fs::read(pinned.weights()).expect("it is pinned");
                    assert!((0..3).any(|it| version(which, it) == read), "seed {seed}: {text}");
                    assert!(is_complete, "seed {seed}: {text}");
                }
                Err(error) => {
                    assert_eq!(error.code, ErrorCode::ModelNotCached, "seed {seed}: {error}");
                    assert!(!is_complete, "seed {seed}: {text}");
                }
            }
            store.import(&name(text), vec![from_reader("model.gguf", &version(which, 1))], &mut go).expect("imported");
        }
        check_whole(&store, &format!("seed {seed}"));
    }
}
