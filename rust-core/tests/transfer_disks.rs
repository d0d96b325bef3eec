//! Downloads onto a disk that is full, fills up, or cannot be written.
#![cfg(target_os = "linux")]

mod seeded;
mod small_disk;
mod transfer_common;
mod transfer_server;

use std::path::{Path, PathBuf};
use std::process::Command;

use llama_rs_core::error::ErrorCode;
use small_disk::on_a_small_disk;
use transfer_common::{content, expecting, fetch, fetcher, impatient, wanted};
use transfer_server::{Act, Protocol, Served, Server};

const BLOCK: u64 = 1 << 20;

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(test);
}

fn fill(disk: &Path, leave: u64) -> PathBuf {
    let about = rustix::fs::statvfs(disk).expect("it is mounted");
    let filler = disk.join("filler");
    std::fs::write(&filler, vec![1; (about.f_bavail * about.f_frsize - leave) as usize]).expect("there is room");
    filler
}

#[test]
fn a_file_that_will_not_fit_is_refused_before_it_comes() {
    on_a_small_disk("a_file_that_will_not_fit_is_refused_before_it_comes", |disk| {
        run(async {
            let server = Server::start(Protocol::Http1).await;
            let content = content(64 << 20);
            server.site.put("/a.gguf", Served::new(content.clone()));
            let error = fetch(disk, expecting(&server.url("/a.gguf"), &content)).await.expect_err("too large");
            assert_eq!(error.code, ErrorCode::DiskFull, "{error}");
            assert!(error.detail.contains("67.1 MB") && error.detail.contains("free"), "{error}");
            // Bytes that the sockets buffered before the client had read the headers.
            assert!(server.site.body_bytes() < 32 << 20);
        });
    });
}

#[test]
fn a_disk_that_fills_up_keeps_what_came() {
    on_a_small_disk("a_disk_that_fills_up_keeps_what_came", |disk| {
        // The first is noticed between blocks, the second by the system within a block.
        run(fill_up(disk, 1_800_000, 1_000_000));
        run(fill_up(disk, 600_000, 100_000));
    });
}

async fn fill_up(disk: &Path, length: u64, halt: u64) {
    let server = Server::start(Protocol::Http1).await;
    let content = content(length);
    server.site.put("/a.gguf", Served::new(content.clone()));
    server.site.script("/a.gguf", [Act::HaltAfter(halt)]);
    let file = || expecting(&server.url("/a.gguf"), &content);
    let fetcher = fetcher(disk, impatient());
    let mut fetching = fetcher.fetch(file());
    while fetching.progress().bytes < halt {
        fetching.next_progress().await.expect("it runs");
    }
    let filler = fill(disk, 100_000);
    server.site.go_on();
    let error = fetching.finished().await.expect_err("the disk is full");
    assert_eq!(error.code, ErrorCode::DiskFull, "{error}");
    std::fs::remove_file(filler).expect("it is there");
    assert!(fetch(disk, file()).await == Ok(content.clone()));
    let from = server.site.seen().last().and_then(|seen| seen.from);
    assert!(length < BLOCK || from.is_some_and(|from| from >= BLOCK), "{from:?}");
    fetcher.store().remove(&wanted(&server.url("/a.gguf")).name).expect("nobody uses it");
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    on_a_small_disk("a_folder_that_cannot_be_written_is_told", |disk| {
        run(async {
            let server = Server::start(Protocol::Http1).await;
            server.site.put("/a.gguf", Served::new(content(1_000)));
            let fetcher = fetcher(disk, impatient());
            let status =
                Command::new("mount").args(["-o", "remount,ro", "small"]).arg(disk).status().expect("mount runs");
            assert!(status.success());
            let file = expecting(&server.url("/a.gguf"), &content(1_000));
            let error = fetcher.fetch(file).finished().await.expect_err("read-only");
            assert_eq!(error.code, ErrorCode::StorageFailed, "{error}");
            assert_eq!(server.site.body_bytes(), 0);
        });
    });
}
