use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::protocol::Role;

const FINGERPRINT: Fingerprint = Fingerprint(0x0123_4567_89ab_cdef_0011_2233_4455_6677);

fn transcript(scope: &str, revision: u64) -> SavedTranscript {
    let message = |role, content: &str| Message::new(role, content);
    SavedTranscript {
        scope: scope.into(),
        model: "/models/chat.gguf".into(),
        persist: Persist::Full,
        revision,
        last_used_at: 1_700_000_000_000,
        dropped_messages: 2,
        messages: vec![
            message(Role::User, "my name is \u{1f600} \"Alice\"\n"),
            message(Role::Assistant, "secret plans"),
        ],
    }
}

fn parked(scope: &str) -> KvSnapshot {
    KvSnapshot::new(scope.into(), vec![1, -1, 32_000, i32::MAX], (0..10_000_u32).map(|at| at as u8).collect())
}

fn open(directory: &TempDir) -> (Storage, StorageContents) {
    Storage::open(directory.path()).expect("nothing else uses it")
}

/// The names of all files, sorted. Files in a folder carry its name as a prefix.
fn files(directory: &TempDir) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![directory.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(directory.path()).expect("it is in there");
                names.push(name.to_string_lossy().into_owned());
            }
        }
    }
    names.retain(|name| name != "lock");
    names.sort();
    names
}

fn kv_path(directory: &TempDir, scope: &str) -> PathBuf {
    directory.path().join(folder::kv_name(scope))
}

fn transcript_path(directory: &TempDir, scope: &str) -> PathBuf {
    directory.path().join(folder::transcript_name(scope))
}

/// Changes one byte, counted from the end if negative.
fn flip(path: &PathBuf, at: isize) {
    let mut bytes = fs::read(path).expect("it is there");
    let at = if at < 0 { bytes.len() - at.unsigned_abs() } else { at as usize };
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("it can be written");
}

fn reasons(set_aside: &[SetAside]) -> Vec<&str> {
    set_aside.iter().map(|it| it.reason.as_str()).collect()
}

#[test]
fn what_was_written_is_found_by_the_next_open() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, found) = open(&directory);
    assert_eq!(found, StorageContents::default());
    // Apps choose ids, so an id may not be a valid file name.
    for scope in ["b", "a", "../a", "a/b", "ümlaut 😀"] {
        storage.write_transcript(&transcript(scope, 1)).expect("written");
    }
    storage.write_transcript(&transcript("b", 2)).expect("written");
    let saved = storage.write_kv(&parked("b"), FINGERPRINT).expect("written");
    drop(storage);

    let (storage, found) = open(&directory);
    assert_eq!(found.set_aside, []);
    let ids: Vec<_> = found.scopes.iter().map(|it| it.transcript.scope.as_str()).collect();
    assert_eq!(ids, ["../a", "a", "a/b", "b", "ümlaut 😀"]);
    assert_eq!(found.scopes[3], FoundScope { transcript: transcript("b", 2), kv: Some(saved) });
    assert_eq!(found.scopes[1].kv, None);
    assert_eq!(saved.tokens, 4);
    assert_eq!(saved.fingerprint, FINGERPRINT);
    assert_eq!(saved.bytes, fs::metadata(kv_path(&directory, "b")).expect("it is there").len());
    assert_eq!(storage.read_kv("b", FINGERPRINT), Ok(parked("b")));
    assert_eq!(storage.directory(), directory.path());
}

#[test]
fn a_kv_without_tokens_or_state_is_one_too() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    let empty = KvSnapshot::new("a".into(), Vec::new(), Vec::new());
    storage.write_kv(&empty, FINGERPRINT).expect("written");
    assert_eq!(storage.read_kv("a", FINGERPRINT), Ok(empty));
}

#[test]
fn a_directory_is_open_once() {
    let directory = tempfile::tempdir().expect("a folder");
    let first = open(&directory);
    let error = Storage::open(directory.path()).expect_err("it is open");
    assert_eq!(error.code, ErrorCode::StorageUnavailable);
    assert!(error.detail.contains("in use"), "{error}");
    drop(first);
    open(&directory);
}

#[test]
fn a_directory_that_cannot_be_made_is_unavailable() {
    let directory = tempfile::tempdir().expect("a folder");
    fs::write(directory.path().join("file"), "").expect("written");
    let error = Storage::open(&directory.path().join("file/below")).expect_err("a file is in the way");
    assert_eq!(error.code, ErrorCode::StorageUnavailable);
}

#[cfg(unix)]
#[test]
fn conversations_are_for_their_owners_eyes() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a folder");
    let path = directory.path().join("new");
    let (storage, _) = Storage::open(&path).expect("made");
    storage.write_transcript(&transcript("a", 1)).expect("written");
    let mode = |path: PathBuf| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(path.clone()), 0o700);
    assert_eq!(mode(path.join(folder::transcript_name("a"))), 0o600);
}

#[test]
fn a_scope_that_wants_nothing_saved_is_not_written() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    let mut transcript = transcript("a", 1);
    transcript.persist = Persist::None;
    let error = storage.write_transcript(&transcript).expect_err("refused");
    assert_eq!(error.code, ErrorCode::StorageUnavailable);
    assert_eq!(files(&directory), [""; 0]);
}

#[test]
fn a_kv_that_its_scope_no_longer_wants_goes() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    storage.write_kv(&parked("a"), FINGERPRINT).expect("written");
    let mut transcript = transcript("a", 1);
    transcript.persist = Persist::Transcript;
    storage.write_transcript(&transcript).expect("written");
    drop(storage);
    let (_, found) = open(&directory);
    assert_eq!(found, StorageContents { scopes: vec![FoundScope { transcript, kv: None }], set_aside: vec![] });
    assert_eq!(files(&directory), [folder::transcript_name("a")]);
}

#[test]
fn a_kv_of_another_model_stays_and_says_so() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    storage.write_kv(&parked("a"), FINGERPRINT).expect("written");
    let unusable = storage.read_kv("a", Fingerprint(1)).expect_err("another model");
    assert_eq!(unusable.set_aside, None);
    assert!(unusable.reason.contains("another model"), "{unusable:?}");
    assert_eq!(storage.read_kv("a", FINGERPRINT), Ok(parked("a")));
}

#[test]
fn a_kv_that_is_not_there_is_no_damage() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    let unusable = storage.read_kv("a", FINGERPRINT).expect_err("there is none");
    assert_eq!(unusable, UnusableKv { reason: "it is not there".into(), set_aside: None });
}

#[test]
fn a_damaged_state_shows_when_it_is_read_and_is_set_aside() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    storage.write_transcript(&transcript("a", 1)).expect("written");
    storage.write_kv(&parked("a"), FINGERPRINT).expect("written");
    flip(&kv_path(&directory, "a"), -1);
    drop(storage);
    // The header is still intact.
    let (storage, found) = open(&directory);
    assert!(found.scopes[0].kv.is_some());

    let unusable = storage.read_kv("a", FINGERPRINT).expect_err("damaged");
    let reason = "its checksum does not match".to_owned();
    let set_aside = Some(SetAside { file: folder::kv_name("a"), reason: reason.clone() });
    assert_eq!(unusable, UnusableKv { reason, set_aside });
    assert_eq!(files(&directory), [folder::transcript_name("a"), format!("set-aside/{}", folder::kv_name("a"))]);
    // The next damaged file gets a name of its own.
    storage.write_kv(&parked("a"), FINGERPRINT).expect("written");
    flip(&kv_path(&directory, "a"), 100);
    let unusable = storage.read_kv("a", FINGERPRINT).expect_err("damaged");
    assert_eq!(unusable.set_aside.expect("set aside").file, format!("{}.2", folder::kv_name("a")));
}

#[test]
fn every_way_of_damage_has_its_reason() {
    type Change = fn(&mut Vec<u8>);
    let cases: [(Change, &str); 10] = [
        (|file| file.clear(), "it ends too early"),
        (|file| file.truncate(71), "it ends too early"),
        (|file| file.truncate(1000), "its size does not match its header"),
        (|file| file.push(0), "its size does not match its header"),
        (|file| file[0] = b'X', "it is not a saved KV"),
        (|file| file[8] = 2, "it has version 2, and this build knows 1"),
        (|file| file[12..16].fill(0xff), "its size does not match its header"),
        (|file| file[40..56].fill(0xff), "its size does not match its header"),
        (|file| file[16] ^= 1, "the checksum of its head does not match"),
        (|file| file[72] = b'b', "the checksum of its head does not match"),
    ];
    for (change, reason) in cases {
        let directory = tempfile::tempdir().expect("a folder");
        let (storage, _) = open(&directory);
        storage.write_transcript(&transcript("a", 1)).expect("written");
        storage.write_kv(&parked("a"), FINGERPRINT).expect("written");
        let mut bytes = fs::read(kv_path(&directory, "a")).expect("it is there");
        change(&mut bytes);
        fs::write(kv_path(&directory, "a"), bytes).expect("it can be written");
        drop(storage);
        let (_, found) = open(&directory);
        assert_eq!(reasons(&found.set_aside), [reason]);
        assert_eq!(found.scopes, [FoundScope { transcript: transcript("a", 1), kv: None }]);
    }
}

#[test]
fn a_damaged_transcript_takes_its_kv_along() {
    for at in [0, 8, 15, 20, -1] {
        let directory = tempfile::tempdir().expect("a folder");
        let (storage, _) = open(&directory);
        for scope in ["a", "b"] {
            storage.write_transcript(&transcript(scope, 1)).expect("written");
            storage.write_kv(&parked(scope), FINGERPRINT).expect("written");
        }
        flip(&transcript_path(&directory, "a"), at);
        drop(storage);
        let (_, found) = open(&directory);
        assert_eq!(found.scopes.len(), 1);
        assert_eq!(found.scopes[0].transcript.scope, "b");
        let names: Vec<_> = found.set_aside.iter().map(|it| it.file.clone()).collect();
        assert_eq!(names, [folder::kv_name("a"), folder::transcript_name("a")]);
        assert_eq!(found.set_aside[0].reason, "it has no transcript beside it");
    }
}

#[test]
fn a_file_under_another_scopes_name_is_never_that_scopes() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    for scope in ["a", "b"] {
        storage.write_transcript(&transcript(scope, 1)).expect("written");
        storage.write_kv(&parked(scope), FINGERPRINT).expect("written");
    }
    fs::copy(kv_path(&directory, "a"), kv_path(&directory, "b")).expect("copied");
    let unusable = storage.read_kv("b", FINGERPRINT).expect_err("another scope's");
    assert_eq!(unusable.reason, "it belongs to another scope");
    assert!(unusable.set_aside.is_some());

    fs::copy(kv_path(&directory, "a"), kv_path(&directory, "b")).expect("copied");
    fs::copy(transcript_path(&directory, "b"), transcript_path(&directory, "a")).expect("copied");
    drop(storage);
    let (_, found) = open(&directory);
    assert_eq!(found.scopes, [FoundScope { transcript: transcript("b", 1), kv: None }]);
    // The transcript of "a" is gone, so its KV stays where it is.
    let mut reasons = reasons(&found.set_aside);
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        ["it belongs to another scope", "it belongs to another scope", "it has no transcript beside it"]
    );
}

#[test]
fn a_reason_never_quotes_a_conversation() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    // The checksum matches, but the content is not a transcript: a faulty writer's file.
    let json = br#"{"scope":"a","model":"secret plans","secret plans":1}"#;
    let mut bytes = b"llrs-tr\0\x01\0\0\0".to_vec();
    let mut hashed = bytes.clone();
    hashed.extend(json);
    bytes.extend(twox_hash::XxHash3_64::oneshot(&hashed).to_le_bytes());
    bytes.extend(json);
    fs::write(transcript_path(&directory, "a"), bytes).expect("written");
    drop(storage);
    let (_, found) = open(&directory);
    let reasons = reasons(&found.set_aside);
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].starts_with("its JSON"), "{reasons:?}");
    assert!(!reasons[0].contains("secret"), "{reasons:?}");
}

#[test]
fn leftover_temporary_files_go_and_files_of_others_stay() {
    let directory = tempfile::tempdir().expect("a folder");
    let hash = "0123456789abcdef0123456789abcdef";
    for name in [".nomedia", "notes.kv", "photo.tmp", "0123.kv.1.tmp"] {
        fs::write(directory.path().join(name), "").expect("written");
    }
    fs::write(directory.path().join(format!("{hash}.kv.17.tmp")), "half").expect("written");
    fs::write(directory.path().join(format!("{hash}.transcript.0.tmp")), "half").expect("written");
    let (storage, found) = open(&directory);
    assert_eq!(found, StorageContents::default());
    assert_eq!(files(&directory), [".nomedia", "0123.kv.1.tmp", "notes.kv", "photo.tmp"]);
    storage.remove_all().expect("erased");
    assert_eq!(files(&directory), [".nomedia", "0123.kv.1.tmp", "notes.kv", "photo.tmp"]);
}

#[test]
fn what_is_removed_is_gone_with_what_was_set_aside() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    for scope in ["a", "b"] {
        storage.write_transcript(&transcript(scope, 1)).expect("written");
        storage.write_kv(&parked(scope), FINGERPRINT).expect("written");
        flip(&kv_path(&directory, scope), -1);
        storage.read_kv(scope, FINGERPRINT).expect_err("damaged");
        storage.write_kv(&parked(scope), FINGERPRINT).expect("written");
    }
    storage.remove_kv("b").expect("removed");
    storage.remove_kv("b").expect("absent is fine");
    storage.remove("a").expect("removed");
    storage.remove("a").expect("absent is fine");
    assert_eq!(files(&directory), [folder::transcript_name("b"), format!("set-aside/{}", folder::kv_name("b"))]);
    storage.remove_all().expect("erased");
    storage.remove_all().expect("nothing there is fine");
    assert_eq!(files(&directory), [""; 0]);
    // The storage still works.
    storage.write_transcript(&transcript("a", 2)).expect("written");
    drop(storage);
    assert_eq!(open(&directory).1.scopes.len(), 1);
}

#[test]
fn a_write_that_fails_says_so_and_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    // A folder blocks the rename.
    fs::create_dir(transcript_path(&directory, "a")).expect("made");
    let error = storage.write_transcript(&transcript("a", 1)).expect_err("a folder is in the way");
    assert_eq!(error.code, ErrorCode::StorageFailed);
    assert!(error.detail.contains(&folder::transcript_name("a")), "{error}");
    assert!(!error.detail.contains("secret"), "{error}");
    assert_eq!(files(&directory), [""; 0]);
    drop(storage);
    assert_eq!(reasons(&open(&directory).1.set_aside), ["it is not a file"]);
}

#[test]
fn a_full_disk_is_named_as_such() {
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
        let error = failed("write", "file", kind.into());
        assert_eq!(error.code, ErrorCode::StorageFailed);
        assert!(error.detail.contains("the disk is full"), "{error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_now_is_not_damaged() {
    let reject = Reject::from(io::Error::from(io::ErrorKind::PermissionDenied));
    assert!(matches!(reject, Reject::Kept(_)), "{reject:?}");
}

#[test]
fn a_new_file_is_not_set_aside_for_the_damage_of_the_old_one() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    let seen = storage.folder.changes();
    storage.write_kv(&parked("a"), FINGERPRINT).expect("written");
    assert_eq!(storage.set_aside(&folder::kv_name("a"), "it was damaged before", seen), None);
    assert_eq!(storage.read_kv("a", FINGERPRINT), Ok(parked("a")));
}

#[test]
fn writers_and_readers_of_one_scope_see_whole_files() {
    let directory = tempfile::tempdir().expect("a folder");
    let (storage, _) = open(&directory);
    let version = |byte: u8| KvSnapshot::new("a".into(), vec![i32::from(byte); 10], vec![byte; 100_000]);
    storage.write_kv(&version(0), FINGERPRINT).expect("written");
    std::thread::scope(|threads| {
        for writer in 0..3 {
            let storage = &storage;
            threads.spawn(move || {
                for round in 0..20 {
                    storage.write_kv(&version(writer * 20 + round), FINGERPRINT).expect("written");
                    storage.write_transcript(&transcript("a", u64::from(round))).expect("written");
                }
            });
        }
        for _ in 0..200 {
            let read = storage.read_kv("a", FINGERPRINT).expect("whole");
            assert_eq!(read, version(read.tokens()[0] as u8));
        }
    });
    drop(storage);
    assert_eq!(open(&directory).1.scopes.len(), 1);
    assert_eq!(files(&directory).len(), 2);
}
