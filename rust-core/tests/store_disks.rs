//! Disks that are full, small, read-only, or not the one the model is on. Each test reruns in a process of its own, on
//! a file system of its own that ends with it.
#![cfg(target_os = "linux")]

mod small_disk;
mod store_common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use llama_rs_core::error::ErrorCode;
use llama_rs_core::store::{Digest, FileKind, ImportSource, StoreOptions};
use small_disk::{DISK, assert_passed, on_a_small_disk};
use store_common::*;

/// Fills the disk completely.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut file = fs::File::create(&path).expect("an empty file still fits");
    while file.write_all(&[0; 4_096]).is_ok() {}
    path
}

#[test]
fn a_full_disk_is_said_and_leaves_a_whole_store() {
    on_a_small_disk("a_full_disk_is_said_and_leaves_a_whole_store", |disk| {
        let store = open(&disk.join("store"));
        let (small, large) = (name("hf:org/small:Q4"), name("hf:org/large:Q4"));
        store.import(&small, vec![from_reader("small.gguf", &bytes("small", 300_000))], &mut go).expect("it fits");
        let too_much = bytes("large", 4 << 20);

        // If the size is known beforehand, nothing is written.
        let error = store.import(&large, vec![from_reader("l.gguf", &too_much)], &mut go).expect_err("it does not fit");
        assert_eq!(error.code, ErrorCode::DiskFull);
        assert!(error.detail.contains("4.1 MB") && error.detail.contains("free some space"), "{error}");
        // Otherwise the error comes when the disk is full.
        let mut unknown = from_reader("l.gguf", b"");
        unknown.source = ImportSource::Reader { reader: Box::new(std::io::Cursor::new(too_much)), bytes: None };
        let error = store.import(&large, vec![unknown], &mut go).expect_err("it does not fit");
        assert_eq!(error.code, ErrorCode::DiskFull);
        check_whole(&store, "after both");
        assert!(store.free_bytes().expect("asked").is_some_and(|free| free > 1_000_000), "what was written is gone");

        // A complete download without room for its manifest stays where it is.
        let content = bytes("large", 500_000);
        let incoming = store.begin(&large, vec![planned("l.gguf", FileKind::Weights)]).expect("begun");
        let data = incoming.partial_dir(&file("l.gguf")).expect("a folder").join("data");
        fs::write(&data, &content).expect("it fits");
        let filler = fill(disk);
        assert_eq!(store.free_bytes(), Ok(Some(0)));
        let error = incoming.adopt(&file("l.gguf"), &data, Digest::of(&content)).expect_err("no room");
        assert_eq!(error.code, ErrorCode::DiskFull, "{error}");
        assert_eq!(fs::read(&data).expect("it is still there"), content);
        assert_eq!(incoming.missing().len(), 1);

        // On a full disk, removing still works, and so do stored models.
        open(&disk.join("store"));
        assert_eq!(store.list().expect("listed").len(), 2);
        assert!(store.verify(&small, &mut go).expect("verified").is_whole());
        store.remove(&small).expect("removed");
        assert!(store.free_bytes().expect("asked").is_some_and(|free| free >= 300_000));
        fs::remove_file(filler).expect("it was there");
        incoming.adopt(&file("l.gguf"), &data, Digest::of(&content)).expect("adopted");
        drop(incoming);
        assert_eq!(
            fs::read(store.pin(&large, &mut go).expect("it is there").weights()).expect("it is pinned"),
            content
        );
        check_whole(&store, "in the end");
    });
}

#[test]
fn a_read_only_folder_is_said() {
    on_a_small_disk("a_read_only_folder_is_said", |disk| {
        let directory = disk.join("store");
        let (store, model) = (open(&directory), name("hf:org/a:Q4"));
        let content = bytes("a", 100_000);
        store.import(&model, vec![from_reader("a.gguf", &content)], &mut go).expect("imported");
        let remount = |how: &str| {
            let status = Command::new("mount").args(["-o", how, "small"]).arg(disk).status().expect("mount runs");
            assert!(status.success(), "{how}");
        };
        remount("remount,ro");
        let said = |what: &str, result: Result<(), llama_rs_core::error::Error>| {
            let error = result.expect_err(what);
            assert_eq!(error.code, ErrorCode::StorageFailed, "{what}: {error}");
            assert!(error.detail.contains("name a folder that can be written"), "{what}: {error}");
        };
        let options = || StoreOptions { directory: directory.clone(), models_budget_bytes: None };
        said("open", llama_rs_core::store::Store::open(options()).map(drop));
        said("import", store.import(&model, vec![from_reader("b.gguf", &content)], &mut go));
        said("remove", store.remove(&model));
        said("pin", store.pin(&model, &mut go).map(drop));
        said("begin", store.begin(&model, vec![planned("c.gguf", FileKind::Weights)]).map(drop));
        remount("remount,rw");
        assert_eq!(
            fs::read(store.pin(&model, &mut go).expect("it is there").weights()).expect("it is pinned"),
            content
        );
        check_whole(&store, "in the end");
    });
}

#[test]
fn a_model_on_another_file_system_is_copied_and_can_be_cancelled() {
    on_a_small_disk("a_model_on_another_file_system_is_copied_and_can_be_cancelled", |disk| {
        let here = tempfile::tempdir().expect("a folder");
        let (store, model) = (open(here.path()), name("file:///picked.gguf"));
        let source = disk.join("picked.gguf");
        let content = bytes("picked", 1_500_000);
        fs::write(&source, &content).expect("it fits");
        let mut told = Vec::new();
        store
            .import(&model, vec![from_path("picked.gguf", &source)], &mut |work| {
                told.push((work.done, work.total));
                std::ops::ControlFlow::Continue(())
            })
            .expect("imported");
        assert_eq!(told, [(1 << 20, Some(1_500_000)), (1_500_000, Some(1_500_000))]);
        fs::write(&source, b"changed").expect("written");
        assert_eq!(
            fs::read(store.pin(&model, &mut go).expect("it is there").weights()).expect("it is pinned"),
            content
        );
        let other = name("file:///other.gguf");
        fs::write(&source, &content).expect("it fits");
        let cancel = &mut |_: llama_rs_core::store::ByteProgress| std::ops::ControlFlow::Break(());
        let error = store.import(&other, vec![from_path("o.gguf", &source)], cancel).expect_err("cancelled");
        assert_eq!(error.code, ErrorCode::Cancelled);
        assert_eq!(store.list().expect("listed").len(), 1);
        check_whole(&store, "in the end");
    });
}

/// Limits the size of files, like memory cards formatted for cameras do.
#[test]
fn a_file_system_for_small_files_is_said() {
    const TEST: &str = "a_file_system_for_small_files_is_said";
    if let Some(directory) = std::env::var_os(DISK) {
        let (store, model) = (open(Path::new(&directory)), name("hf:org/a:Q4"));
        let large = from_reader("a.gguf", &bytes("a", 300_000));
        let error = store.import(&model, vec![large], &mut go).expect_err("it is too large");
        assert_eq!(error.code, ErrorCode::StorageFailed);
        assert!(error.detail.contains("larger files"), "{error}");
        check_whole(&store, "after it");
        return store.import(&model, vec![from_reader("a.gguf", &bytes("a", 30_000))], &mut go).expect("it fits");
    }
    let directory = tempfile::tempdir().expect("a folder");
    // The limit is in blocks of 512 bytes, or of 1024 in some shells.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().expect("tests know their path"))
        .arg(TEST)
        .env(DISK, directory.path())
        .output()
        .expect("a shell");
    assert_passed(&output);
}
