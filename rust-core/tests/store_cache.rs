//! The store from outside: arriving sets, names that share blobs, budgets, damage.

mod store_common;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use llama_rs_core::error::ErrorCode;
use llama_rs_core::store::{
    Digest, FileKind, FileState, ImportFile, ImportSource, ModelName, Pinned, PlannedFile, Store,
};
use store_common::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn import(store: &Store, model: &ModelName, content: &[u8]) {
    store.import(model, vec![from_reader("model.gguf", content)], &mut go).expect("imported");
}

fn pin(store: &Store, model: &ModelName) -> Pinned {
    store.pin(model, &mut go).expect("it is there")
}

fn content(store: &Store, model: &ModelName) -> Vec<u8> {
    fs::read(pin(store, model).weights()).expect("it is pinned")
}

fn refusal<T: std::fmt::Debug>(result: llama_rs_core::error::Result<T>) -> ErrorCode {
    let error = result.expect_err("it is refused");
    assert!(error.detail.contains(" - "), "what to do? {error}");
    error.code
}

/// Writes to a file in place, as another program may.
fn write_to(store: &Store, content: &[u8], at: usize, byte: u8) {
    use std::os::unix::fs::FileExt;
    let path = store.directory().join("blobs").join(format!("sha256-{}", Digest::of(content)));
    let file = fs::File::options().write(true).open(path).expect("it is there");
    file.write_all_at(&[byte], at as u64).expect("written");
    // A file system's clock may stand still this long.
    file.set_modified(SystemTime::now() + Duration::from_secs(2)).expect("it is ours");
}

fn split_plan() -> Vec<PlannedFile> {
    vec![
        planned("big-00001-of-00002.gguf", FileKind::Weights),
        planned("big-00002-of-00002.gguf", FileKind::Weights),
        planned("mmproj.gguf", FileKind::Projector),
    ]
}

#[test]
fn a_set_is_usable_when_all_of_it_has_arrived_under_its_own_names_beside_each_other() {
    let folder = folder();
    let (store, model) = (open(folder.path()), name("hf:org/big:Q4_K_M"));
    let incoming = store.begin(&model, split_plan()).expect("begun");
    for (at, planned) in split_plan().into_iter().enumerate() {
        assert_eq!(refusal(store.pin(&model, &mut go)), ErrorCode::ModelNotCached);
        assert_eq!(incoming.missing(), split_plan()[at..]);
        let bytes = bytes(planned.file.as_str(), 1_000);
        let data = incoming.partial_dir(&planned.file).expect("a folder").join("data");
        fs::write(&data, &bytes).expect("written");
        incoming.adopt(&planned.file, &data, Digest::of(&bytes)).expect("adopted");
        assert!(!data.exists() && names_in(&folder.path().join("partial")).is_empty());
    }
    drop(incoming);
    let pinned = pin(&store, &model);
    let parent = pinned.weights().parent().expect("it is in a folder");
    assert_eq!(names_in(parent), ["big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "mmproj.gguf"]);
    assert_eq!(pinned.projector(), Some(parent.join("mmproj.gguf").as_path()));
    for stored in pinned.files() {
        let name = stored.path.file_name().and_then(|name| name.to_str()).expect("text");
        assert_eq!(fs::read(&stored.path).expect("it is there"), bytes(name, 1_000));
    }
    drop(pinned);
    check_whole(&store, "all");
}

#[test]
fn what_has_arrived_is_known_to_the_next_process_and_so_is_what_is_on_its_way() {
    let folder = folder();
    let model = name("hf:org/big:Q4_K_M");
    let plan = split_plan();
    {
        let store = open(folder.path());
        let incoming = store.begin(&model, plan.clone()).expect("begun");
        let bytes = bytes("first", 1_000);
        let data = incoming.partial_dir(&plan[0].file).expect("a folder").join("data");
        fs::write(&data, &bytes).expect("written");
        incoming.adopt(&plan[0].file, &data, Digest::of(&bytes)).expect("adopted");
        fs::write(incoming.partial_dir(&plan[1].file).expect("a folder").join("data"), b"half").expect("written");
    }
    let store = open(folder.path());
    let listed = store.list().expect("listed");
    assert!(listed[0].is_incoming && !listed[0].is_complete && listed[0].bytes >= 1_000, "{listed:?}");
    let incoming = store.begin(&model, plan.clone()).expect("it goes on");
    assert_eq!(incoming.missing(), plan[1..]);
    assert_eq!(fs::read(incoming.partial_dir(&plan[1].file).expect("a folder").join("data")).expect("kept"), b"half");
    drop(incoming);
    // Another plan is another download, so nothing can resume the old one.
    let other = vec![planned("other.gguf", FileKind::Weights)];
    assert_eq!(store.begin(&model, other.clone()).expect("begun").missing(), other);
    assert!(names_in(&folder.path().join("blobs")).is_empty());
    assert!(names_in(&folder.path().join("partial")).is_empty());
}

#[test]
fn a_plan_that_is_none_is_refused() {
    let folder = folder();
    let store = open(folder.path());
    let [first, second, projector] = split_plan().try_into().expect("three");
    let shouted = PlannedFile { file: file("BIG-00001-of-00002.gguf"), ..second.clone() };
    for plan in [vec![], vec![projector.clone()], vec![first.clone(), projector, second], vec![first.clone(), shouted]]
    {
        assert_eq!(refusal(store.begin(&name("hf:org/big:Q4"), plan)), ErrorCode::InvalidOptions);
    }
    let incoming = store.begin(&name("hf:org/big:Q4"), vec![first]).expect("begun");
    assert_eq!(refusal(incoming.partial_dir(&file("x.gguf"))), ErrorCode::InvalidOptions);
}

#[test]
fn one_transfer_at_a_time_has_a_partial_folder() {
    let folder = folder();
    let (store, model) = (open(folder.path()), name("hf:org/big:Q4"));
    let begin = || store.begin(&model, split_plan()).expect("begun");
    let (one, other) = (begin(), begin());
    let first = file("big-00001-of-00002.gguf");
    assert_eq!(one.partial_dir(&first), one.partial_dir(&first));
    assert_eq!(refusal(other.partial_dir(&first)), ErrorCode::ModelInUse);
    assert!(other.partial_dir(&file("mmproj.gguf")).is_ok());
    assert_eq!(refusal(store.remove(&model)), ErrorCode::ModelInUse);
    drop(one);
    assert!(other.partial_dir(&first).is_ok());
    drop(other);
    store.remove(&model).expect("nobody brings it in");
    check_whole(&store, "removed");
}

#[test]
fn several_names_are_one_blob_that_goes_with_the_last_of_them() {
    let folder = folder();
    let store = open(folder.path());
    let (one, other) = (name("hf:org/repo:Q4"), name("https://host.example/model.gguf"));
    let bytes = bytes("shared", 5_000);
    import(&store, &one, &bytes);
    let incoming = store.begin(&other, vec![planned("model.gguf", FileKind::Weights)]).expect("begun");
    let wanted = file("model.gguf");
    assert_eq!(incoming.reuse(&wanted, Digest::of(b"another")), Ok(false));
    assert_eq!(incoming.reuse(&wanted, Digest::of(&bytes)), Ok(true));
    assert!(incoming.missing().is_empty());
    drop(incoming);
    assert_eq!(store.disk_use().expect("measured").models_bytes, bytes.len() as u64);
    // Only files that no other name needs must be unused.
    let pinned = pin(&store, &other);
    store.remove(&one).expect("the other one keeps the blob");
    assert_eq!(refusal(store.remove(&other)), ErrorCode::ModelInUse);
    drop(pinned);
    assert_eq!(content(&store, &other), bytes);
    store.remove(&other).expect("removed");
    store.remove(&other).expect("what is not there is no error");
    assert!(store.list().expect("listed").is_empty());
    check_whole(&store, "nothing");
}

#[test]
fn a_new_version_takes_over_when_it_is_whole_and_the_old_one_goes_when_it_is_no_longer_used() {
    let folder = folder();
    let (store, model) = (open(folder.path()), name("hf:org/repo:Q4"));
    let (old, new) = (bytes("old", 3_000), bytes("new", 4_000));
    download(&store, &model, &old).expect("downloaded");
    let pinned = pin(&store, &model);
    let incoming = store.begin(&model, vec![planned("model.gguf", FileKind::Weights)]).expect("begun");
    assert_eq!(incoming.missing().len(), 1, "the old one does not count");
    let data = incoming.partial_dir(&file("model.gguf")).expect("a folder").join("data");
    fs::write(&data, &new).expect("written");
    assert_eq!(content(&store, &model), old);
    assert!(store.list().expect("listed")[0].is_complete);
    incoming.adopt(&file("model.gguf"), &data, Digest::of(&new)).expect("adopted");
    drop(incoming);
    assert_eq!(content(&store, &model), new);
    assert_eq!(fs::read(pinned.weights()).expect("it is pinned"), old);
    drop(pinned);
    // The next change collects it.
    check_whole(&open(folder.path()), "the old one is gone");
    assert_eq!(store.disk_use().expect("measured").models_bytes, new.len() as u64);
}

#[test]
fn what_was_written_to_is_verified_before_it_is_used() {
    let folder = folder();
    let (store, model) = (open(folder.path()), name("hf:org/repo:Q4"));
    let bytes = bytes("model", 3 << 20);
    import(&store, &model, &bytes);
    let pinned_after = |expected: u64| {
        let mut done = 0;
        let pinned = store.pin(&model, &mut |work| {
            done = work.done;
            ControlFlow::Continue(())
        });
        assert_eq!(done, expected);
        pinned
    };
    drop(pinned_after(0).expect("nobody has written to it"));
    write_to(&store, &bytes, 100, bytes[100]);
    drop(pinned_after(bytes.len() as u64).expect("it is still the same"));
    drop(pinned_after(0).expect("it is known to be"));
    write_to(&store, &bytes, 100, !bytes[100]);
    assert_eq!(refusal(pinned_after(bytes.len() as u64)), ErrorCode::DigestMismatch);
    assert_eq!(refusal(pinned_after(0)), ErrorCode::ModelNotCached);
    let listed = store.list().expect("listed");
    assert!(!listed[0].is_complete && listed[0].files[0].content.is_none(), "{listed:?}");
    import(&store, &model, &bytes);
    assert_eq!(content(&store, &model), bytes);
}

#[test]
fn verifying_says_of_every_file_what_is_with_it() {
    let folder = folder();
    let (store, model, other) = (open(folder.path()), name("hf:org/big:Q4"), name("hf:org/other:Q4"));
    let parts: Vec<_> =
        (1..=4).map(|part| (format!("big-0000{part}-of-00004.gguf"), bytes(&part.to_string(), 2_000))).collect();
    let files = parts.iter().map(|(name, bytes)| from_reader(name, bytes)).collect();
    store.import(&model, files, &mut go).expect("imported");
    import(&store, &other, &parts[1].1);
    let blob = |part: usize| folder.path().join("blobs").join(format!("sha256-{}", Digest::of(&parts[part].1)));
    write_to(&store, &parts[1].1, 500, 0);
    fs::remove_file(blob(2)).expect("it was there");
    fs::write(blob(3), b"short").expect("written");
    let cancelled = store.verify(&model, &mut |_| ControlFlow::Break(()));
    assert_eq!(refusal(cancelled), ErrorCode::Cancelled);
    assert!(blob(1).exists());
    let verdict = store.verify(&model, &mut go).expect("verified");
    let states: Vec<_> = verdict.files.iter().map(|file| file.state).collect();
    assert_eq!(states, [FileState::Whole, FileState::Damaged, FileState::Missing, FileState::Damaged]);
    assert!(blob(0).exists() && !blob(1).exists() && !blob(3).exists());
    assert_eq!(refusal(store.pin(&other, &mut go)), ErrorCode::ModelNotCached);
    assert_eq!(refusal(store.verify(&name("hf:org/unknown"), &mut go)), ErrorCode::ModelNotCached);
}

#[test]
fn a_file_that_was_cut_off_is_not_there_and_comes_again() {
    let folder = folder();
    let (store, model) = (open(folder.path()), name("hf:org/repo:Q4"));
    let bytes = bytes("model", 3_000);
    download(&store, &model, &bytes).expect("downloaded");
    let blob = folder.path().join("blobs").join(format!("sha256-{}", Digest::of(&bytes)));
    fs::File::options().write(true).open(&blob).and_then(|file| file.set_len(1_000)).expect("cut");
    let error = store.pin(&model, &mut go).expect_err("it is cut off");
    assert_eq!(error.code, ErrorCode::ModelNotCached);
    assert!(error.detail.contains("1.0 kB of 3.0 kB"), "{error}");
    download(&store, &model, &bytes).expect("downloaded again");
    assert_eq!(content(&store, &model), bytes);
}

#[test]
fn the_least_recently_used_goes_when_the_budget_is_full_and_never_one_in_use() {
    let folder = folder();
    let store = with_budget(folder.path(), Some(10_000));
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|it| name(&format!("hf:org/{it}:Q4")));
    let used = |model: &ModelName, seconds: u64| {
        // The list is in the order of the files' times, which are too close together here.
        for file in names_in(&folder.path().join("names")) {
            let path = folder.path().join("names").join(file);
            if fs::read_to_string(&path).expect("text").contains(&model.text()) {
                let file = fs::File::options().write(true).open(path).expect("it is there");
                file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).expect("it is ours");
            }
        }
    };
    for (model, second) in [(&a, 1), (&b, 2), (&c, 3)] {
        import(&store, model, &bytes(&model.text(), 3_000));
        used(model, second);
    }
    let listed: Vec<_> = store.list().expect("listed").into_iter().map(|it| (it.name, it.last_used_at)).collect();
    assert_eq!(listed, [(a.clone(), 1_000), (b.clone(), 2_000), (c.clone(), 3_000)]);
    let pinned = pin(&store, &a);
    used(&a, 1);
    import(&store, &d, &bytes("d", 3_000));
    used(&d, 4);
    let names: Vec<_> = store.list().expect("listed").into_iter().map(|it| it.name).collect();
    assert_eq!(names, [a.clone(), c.clone(), d.clone()], "b went, a is in use");
    assert_eq!(refusal(store.make_room(&b, 7_001)), ErrorCode::DiskFull);
    assert_eq!(store.list().expect("listed").len(), 3, "nothing went for nothing");
    assert_eq!(store.make_room(&b, 7_000), Ok(vec![c, d]));
    drop(pinned);
    assert_eq!(store.make_room(&a, 7_000), Ok(vec![]), "never the one that needs the room");
    assert_eq!(store.disk_use().expect("measured").budget_bytes, Some(10_000));
}

#[test]
fn a_file_of_the_same_file_system_is_linked_and_noticed_when_somebody_writes_to_it() {
    let folder = folder();
    let (store, model) = (open(&folder.path().join("store")), name("file:///picked.gguf"));
    let bytes = bytes("mine", 2 << 20);
    let source = folder.path().join("mine.gguf");
    fs::write(&source, &bytes).expect("written");
    let link = folder.path().join("link.gguf");
    std::os::unix::fs::symlink(&source, &link).expect("linked");
    let mut done = 0;
    let progress = &mut |work: llama_rs_core::store::ByteProgress| {
        assert_eq!(work.total, Some(2 << 20));
        done = work.done;
        ControlFlow::Continue(())
    };
    store.import(&model, vec![from_path("mine.gguf", &link)], progress).expect("imported");
    assert_eq!(done, 2 << 20);
    let stored = fs::metadata(pin(&store, &model).weights()).expect("it is there");
    let mine = fs::metadata(&source).expect("it is there");
    // Where the file system can clone, the copy is a file of its own.
    assert!(stored.ino() == mine.ino() || stored.nlink() == 1);
    fs::remove_file(&source).expect("it was there");
    assert_eq!(content(&store, &model), bytes, "the store has it all the same");
    if stored.ino() == mine.ino() {
        write_to(&store, &bytes, 9, 0);
        assert_eq!(refusal(store.pin(&model, &mut go)), ErrorCode::DigestMismatch);
    }
}

#[test]
fn an_import_that_fails_or_is_cancelled_leaves_what_was_there() {
    let folder = folder();
    let (store, model) = (open(&folder.path().join("store")), name("hf:org/repo:Q4"));
    let old = bytes("old", 3_000);
    import(&store, &model, &old);
    let no_model = folder.path().join("cat.jpg");
    fs::write(&no_model, b"\xff\xd8\xff").expect("written");
    let empty = folder.path().join("empty.gguf");
    fs::write(&empty, b"").expect("written");
    let broken: Box<dyn std::io::Read + Send> = Box::new(Broken(bytes("new", 3 << 20)));
    let broken =
        ImportFile { source: ImportSource::Reader { reader: broken, bytes: None }, ..from_reader("model.gguf", b"") };
    let first = || from_reader("model-00001-of-00002.gguf", &bytes("new", 3_000));
    for (second, code) in [
        (from_path("b.gguf", &no_model), ErrorCode::ModelInvalid),
        (from_path("b.gguf", &empty), ErrorCode::ModelInvalid),
        (from_path("b.gguf", &folder.path().join("none.gguf")), ErrorCode::ModelNotFound),
        (from_path("b.gguf", folder.path()), ErrorCode::ModelNotFound),
        (from_reader("b.gguf", b"GIF89a"), ErrorCode::ModelInvalid),
        (broken, ErrorCode::StorageFailed),
    ] {
        assert_eq!(refusal(store.import(&model, vec![first(), second], &mut go)), code);
        assert_eq!(content(&store, &model), old);
        check_whole(&store, "after a failure");
    }
    let cancelled = store.import(&model, vec![first()], &mut |_| ControlFlow::Break(()));
    assert_eq!(refusal(cancelled), ErrorCode::Cancelled);
    check_whole(&store, "after a cancel");
}

/// A reader that fails after its bytes.
struct Broken(Vec<u8>);

impl std::io::Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.0.len());
        if count == 0 {
            return Err(std::io::Error::other("the provider has gone"));
        }
        buffer[..count].copy_from_slice(&self.0.drain(..count).collect::<Vec<_>>());
        Ok(count)
    }
}

#[test]
fn nothing_of_a_newer_build_is_touched_and_damaged_manifests_go() {
    let folder = folder();
    let store = open(folder.path());
    let (kept, lost) = (name("hf:org/kept:Q4"), name("hf:org/lost:Q4"));
    import(&store, &kept, &bytes("kept", 3_000));
    import(&store, &lost, &bytes("lost", 3_000));
    let names = folder.path().join("names");
    let manifest = |model: &ModelName| {
        let is_it = |path: &std::path::PathBuf| fs::read_to_string(path).expect("text").contains(&model.text());
        names_in(&names).into_iter().map(|file| names.join(file)).find(is_it).expect("it is there")
    };
    let newer = manifest(&kept);
    let text = fs::read_to_string(&newer).expect("text");
    fs::write(&newer, text.replace("\"version\":1", "\"version\":2,\"more\":true")).expect("written");
    let damaged = manifest(&lost);
    fs::write(&damaged, &fs::read(&damaged).expect("read")[..50]).expect("written");
    let store = open(folder.path());
    assert!(store.list().expect("listed").is_empty() && !damaged.exists() && newer.exists());
    assert_eq!(names_in(&folder.path().join("blobs")).len(), 2, "one of them may be the newer build's");
    assert_eq!(refusal(store.pin(&kept, &mut go)), ErrorCode::StorageFailed);
    fs::write(&newer, text).expect("written");
    assert_eq!(content(&store, &kept), bytes("kept", 3_000));
    check_whole(&open(folder.path()), "tidied");
}

#[test]
fn a_manifest_under_another_names_file_is_damaged() {
    let folder = folder();
    let store = open(folder.path());
    import(&store, &name("hf:org/a:Q4"), &bytes("a", 100));
    let names = folder.path().join("names");
    let file = names_in(&names).remove(0);
    fs::rename(names.join(file), names.join(format!("{}.json", "0".repeat(32)))).expect("renamed");
    assert!(store.list().expect("listed").is_empty());
}

#[test]
fn files_that_are_none_of_ours_stay() {
    let folder = folder();
    let store = open(folder.path());
    let strangers =
        ["blobs/README", "names/notes.txt", "sets/mine", "partial/other", "here"].map(|it| folder.path().join(it));
    for stranger in &strangers {
        fs::write(stranger, b"hello").expect("written");
    }
    import(&store, &name("hf:org/a:Q4"), &bytes("a", 100));
    store.remove(&name("hf:org/a:Q4")).expect("removed");
    assert!(open(folder.path()).list().expect("listed").is_empty());
    assert!(strangers.iter().all(|stranger| stranger.exists()));
}

#[test]
fn a_moved_folder_is_the_same_store() {
    let folder = folder();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let model = name("hf:org/a:Q4");
    let store = open(&before);
    import(&store, &model, &bytes("a", 100));
    drop(pin(&store, &model));
    fs::rename(&before, &after).expect("moved");
    assert_eq!(content(&open(&after), &model), bytes("a", 100));
}

#[test]
fn a_model_says_what_it_is() {
    let folder = folder();
    let (store, model) = (open(folder.path()), name("asset:tiny.gguf"));
    import(&store, &model, &header());
    let header = store.inspect(&model, &mut go).expect("it has a header");
    assert_eq!(header.title.as_deref(), Some("Tiny"));
    assert_eq!((header.architecture.as_str(), header.quantization.as_deref()), ("llama", Some("Q4_K_M")));
    assert_eq!((header.layers, header.trained_context_size, header.vocabulary_size), (4, 2_048, 2));
    assert_eq!(header.kv_bytes_per_token, 4 * 4 * 64 * 2);
    assert!(header.has_chat_template && !header.has_projector);
    import(&store, &model, &bytes("no header", 1_000));
    assert_eq!(refusal(store.inspect(&model, &mut go)), ErrorCode::ModelInvalid);
}

/// A small GGUF file with keys and one tensor of 32 floats.
fn header() -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let string = |key: &str, value: &str| [text(key), 8_u32.to_le_bytes().to_vec(), text(value)].concat();
    let number =
        |key: &str, value: u32| [text(key), 4_u32.to_le_bytes().to_vec(), value.to_le_bytes().to_vec()].concat();
    let tokens = [text("tokenizer.ggml.tokens"), 9_u32.to_le_bytes().to_vec(), 8_u32.to_le_bytes().to_vec()].concat();
    let tokens = [tokens, 2_u64.to_le_bytes().to_vec(), text("a"), text("b")].concat();
    let keys = [
        string("general.architecture", "llama"),
        string("general.name", "Tiny"),
        number("general.file_type", 15),
        number("llama.block_count", 4),
        number("llama.context_length", 2_048),
        number("llama.embedding_length", 128),
        number("llama.attention.head_count", 4),
        string("tokenizer.chat_template", &"x".repeat(300)),
        tokens,
    ];
    let tensor = [text("weights"), 1_u32.to_le_bytes().to_vec(), 32_u64.to_le_bytes().to_vec()].concat();
    let tensor = [tensor, 0_u32.to_le_bytes().to_vec(), 0_u64.to_le_bytes().to_vec()].concat();
    let counts = [1_u64.to_le_bytes(), (keys.len() as u64).to_le_bytes()].concat();
    let mut file = [b"GGUF".to_vec(), 3_u32.to_le_bytes().to_vec(), counts, keys.concat(), tensor].concat();
    file.resize(file.len().next_multiple_of(32) + 128, 0);
    file
}

#[test]
fn what_is_there_already_is_neither_stored_nor_verified_again() {
    let folder = folder();
    let store = open(folder.path());
    let [one, other, third] = ["one", "other", "third"].map(|it| name(&format!("hf:org/{it}:Q4")));
    let bytes = bytes("shared", 2 << 20);
    let blob = folder.path().join("blobs").join(format!("sha256-{}", Digest::of(&bytes)));
    let inode = || fs::metadata(&blob).expect("it is there").ino();
    let pinned_without_work = |model: &ModelName| {
        drop(store.pin(model, &mut |work| panic!("{model} was read: {work:?}")).expect("it is there"));
    };
    import(&store, &one, &bytes);
    let first = inode();
    import(&store, &other, &bytes);
    download(&store, &third, &bytes).expect("downloaded");
    assert_eq!(inode(), first);
    [&one, &other, &third].into_iter().for_each(pinned_without_work);
    // A new import replaces the damaged file for all its names.
    write_to(&store, &bytes, 7, 0);
    import(&store, &other, &bytes);
    assert_ne!(inode(), first);
    [&one, &other, &third].into_iter().for_each(pinned_without_work);
    assert_eq!(content(&store, &one), bytes);
}
