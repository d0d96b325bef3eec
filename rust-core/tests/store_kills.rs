//! Kills a process while it imports, adopts and removes. The next process finds every name as it was before or after
//! the interrupted change, and nothing left over but resumable downloads.

mod store_common;
mod victim;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use llama_rs_core::store::{Digest, FileKind};
use store_common::*;
use victim::{Pace, Victim, Voice};

const KILLS: u64 = 300;
const NAMES: [&str; 3] = ["hf:org/a:Q4", "hf:org/b:Q4", "asset:c.gguf"];
const TEST: &str = "a_killed_process_leaves_a_whole_cache";

/// Every other file is the same for all names, so that blobs are shared. Models have two parts.
fn content(name: usize, version: u64) -> [Vec<u8>; 2] {
    let text =
        if version.is_multiple_of(2) { format!("all {}", version % 6) } else { format!("{} {version}", NAMES[name]) };
    [bytes(&text, 150_000 + (version % 5) as usize * 50_000), bytes(&format!("second {text}"), 30_000)]
}

const FILES: [&str; 2] = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];

/// The child: imports, downloads and removes one name after another until it is killed.
fn store_for_ever(directory: &Path, mut version: u64) -> ! {
    let store = open(directory);
    let mut voice = Voice::new();
    let mut say = |moment: &str, what: &str, name: usize, version: u64| {
        voice.say(&format!("{moment} {what} {name} {version}"));
    };
    loop {
        let which = (version % NAMES.len() as u64) as usize;
        let model = name(NAMES[which]);
        let parts = content(which, version);
        let what = ["import", "download", "remove"][(version / 3 % 3) as usize];
        say("begin", what, which, version);
        match what {
            "import" => {
                let files = FILES.iter().zip(&parts).map(|(file, bytes)| from_reader(file, bytes)).collect();
                store.import(&model, files, &mut go).expect("imported");
            }
            "download" => {
                let plan = FILES.map(|file| {
                    let mut planned = planned(file, FileKind::Weights);
                    planned.key = format!("{file} {which} {version}");
                    planned
                });
                let incoming = store.begin(&model, plan.to_vec()).expect("begun");
                for (part, (planned, bytes)) in plan.iter().zip(&parts).enumerate() {
                    let data = incoming.partial_dir(&planned.file).expect("a folder").join("data");
                    fs::write(&data, bytes).expect("written");
                    say(["written-0", "written-1"][part], what, which, version);
                    incoming.adopt(&planned.file, &data, Digest::of(bytes)).expect("adopted");
                }
            }
            _ => store.remove(&model).expect("removed"),
        }
        say("end", what, which, version);
        version += 1;
    }
}

/// A child's reports so far.
#[derive(Default)]
struct Storer {
    /// The change that it has started and not finished.
    in_the_middle_of: Option<String>,
    /// Arrived bytes of its unfinished download.
    written: Vec<Vec<u8>>,
}

impl Storer {
    /// Notes the allowed states of its names.
    fn hear(&mut self, words: &[String], allowed: &mut [Vec<Option<u64>>], version: &mut u64) {
        let name: usize = words[2].parse().expect("a number");
        *version = words[3].parse().expect("a number");
        match words[0].as_str() {
            "begin" => {
                allowed[name].push((words[1] != "remove").then_some(*version));
                self.in_the_middle_of = Some(words[1].clone());
            }
            "end" => {
                let last = allowed[name].len() - 1;
                allowed[name].drain(..last);
                self.in_the_middle_of = None;
                self.written.clear();
            }
            "written-0" => self.written.push(content(name, *version)[0].clone()),
            _ => self.written.push(content(name, *version)[1].clone()),
        }
    }
}

/// Whether arrived bytes are still in their partial folder or in their place.
fn is_kept(directory: &Path, bytes: &[u8]) -> bool {
    let partials = names_in(&directory.join("partial"));
    let mut data = partials.iter().map(|partial| directory.join("partial").join(partial).join("data"));
    let is_it = |path: &Path| fs::read(path).is_ok_and(|read| read == bytes);
    data.any(|path| is_it(&path)) || is_it(&directory.join("blobs").join(format!("sha256-{}", Digest::of(bytes))))
}

/// Opens the folder as the next process does, and narrows `allowed` to what it finds.
fn check(directory: &Path, allowed: &mut [Vec<Option<u64>>], written: &[Vec<u8>], context: &str) {
    let store = open(directory);
    for bytes in written {
        assert!(is_kept(directory, bytes), "{context}: what had come must come again");
    }
    for model in store.list().unwrap_or_else(|error| panic!("{context}: {error}")) {
        let which = NAMES.iter().position(|text| name(text) == model.name).expect("one of ours");
        assert!(!model.is_in_use, "{context}: {model:?}");
        if model.is_incoming {
            // Nothing resumes this download.
            let planned = model.files.iter().filter(|file| file.content.is_some()).count();
            assert!(planned < 2 || model.is_complete, "{context}: {model:?}");
            if !model.is_complete {
                store.remove(&model.name).unwrap_or_else(|error| panic!("{context}: {error}"));
                assert!(allowed[which].contains(&None), "{context}: {model:?} was there before");
            }
        }
    }
    for (which, text) in NAMES.iter().enumerate() {
        let found = store.pin(&name(text), &mut go).ok().map(|pinned| {
            let read: Vec<_> = pinned.files().iter().map(|file| fs::read(&file.path).expect("it is pinned")).collect();
            let versions = allowed[which].iter().flatten();
            let mut matching = versions.filter(|version| content(which, **version).as_slice() == read);
            *matching.next().unwrap_or_else(|| panic!("{context}: {text} is none of {:?}", allowed[which]))
        });
        assert!(allowed[which].contains(&found), "{context}: {text} is {found:?}, not one of {:?}", allowed[which]);
        allowed[which] = vec![found];
    }
    let incoming: Vec<_> = store.list().expect("listed").into_iter().filter(|model| model.is_incoming).collect();
    // The unfinished download beside a complete model starts over as another one here.
    for model in incoming {
        let planned = vec![planned("abandoned.gguf", FileKind::Weights)];
        drop(store.begin(&model.name, planned).expect("begun"));
    }
    let wanted: HashMap<_, _> = store
        .list()
        .expect("listed")
        .into_iter()
        .flat_map(|model| model.files.into_iter().filter_map(|file| file.content))
        .map(|(bytes, sha256)| (format!("sha256-{sha256}"), bytes))
        .collect();
    let mut names: Vec<_> = wanted.into_keys().collect();
    names.sort();
    assert_eq!(names_in(&directory.join("blobs")), names, "{context}");
    assert_eq!(names_in(&directory.join("partial")), Vec::<String>::new(), "{context}");
    assert!(names_in(&directory.join("names")).iter().all(|name| name.ends_with(".json")), "{context}");
}

#[test]
fn a_killed_process_leaves_a_whole_cache() {
    if let Some((directory, version)) = victim::orders() {
        store_for_ever(&directory, version);
    }

    let directory = tempfile::tempdir().expect("a folder");
    let directory = directory.path();
    let mut allowed = NAMES.map(|_| vec![None]);
    let mut version = 0;
    let mut pace = Pace::default();
    let mut cut: HashMap<String, u64> = HashMap::new();
    let mut kept = 0;
    for seed in 0..KILLS {
        let mut random = Random(seed);
        let (victim, mut child) = (Victim::start(TEST, directory, version + 1), Storer::default());
        pace.kill(victim, 1 + random.below(8), random.below(1_000), |words| {
            child.hear(words, &mut allowed, &mut version);
        });
        if let Some(what) = child.in_the_middle_of.take() {
            *cut.entry(what).or_default() += 1;
        }
        kept += child.written.len();
        check(directory, &mut allowed, &child.written, &format!("seed {seed}"));
    }
    // Otherwise no kill hit a change.
    for what in ["import", "download", "remove"] {
        assert!(cut.get(what).is_some_and(|count| *count >= KILLS / 30), "{cut:?} of {KILLS} kills");
    }
    assert!(kept > 20, "only {kept} files had come");
    println!("{cut:?} of {KILLS} kills were in the middle of something, {kept} files that had come were kept");
}
