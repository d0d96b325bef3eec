//! Kills a process while it downloads. The next process resumes from the disk, loses at most one block, and receives
//! the correct file.
#![cfg(unix)]

mod seeded;
mod transfer_common;
mod transfer_server;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use llama_rs_core::store::{Digest, DownloadRequest, Fetcher, HuggingFace};
use seeded::Random;
use transfer_common::{content, folder_in_memory, impatient, store, stored, wanted};
use transfer_server::{Protocol, Served, Server};

const KILLS: u64 = 120;
const BLOCK: u64 = 1 << 20;
const LENGTH: u64 = 24 << 20;
/// Set in the process to kill: what it downloads, where to, which root it trusts, and the digest.
const URL: &str = "LLAMA_RS_DOWNLOAD_URL";
const FOLDER: &str = "LLAMA_RS_DOWNLOAD_INTO";
const ROOT: &str = "LLAMA_RS_DOWNLOAD_ROOT";
const SHA256: &str = "LLAMA_RS_DOWNLOAD_SHA256";

fn file(url: &str, sha256: Digest) -> DownloadRequest {
    DownloadRequest { sha256: Some(sha256), ..wanted(url) }
}

/// The child: downloads until it is done or killed.
#[tokio::test]
async fn download_in_a_process_of_its_own() {
    let Ok(url) = std::env::var(URL) else { return };
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("told"));
    let root = std::env::var(ROOT).expect("told");
    let sha256 = std::env::var(SHA256).ok().and_then(|text| text.parse().ok()).expect("told");
    let network = transfer_common::network(impatient(), root);
    let fetcher = Fetcher::new(store(&folder).expect("a folder"), network, HuggingFace::default());
    let fetched = fetcher.fetch(file(&url, sha256)).finished().await;
    fetched.expect("nothing else goes wrong");
}

/// The data of the only download in a folder.
fn bytes_on_disk(folder: &Path) -> u64 {
    let partial = std::fs::read_dir(folder.join("partial")).into_iter().flatten();
    partial.filter_map(|entry| entry.ok()?.path().join("data").metadata().ok()).map(|data| data.len()).sum()
}

#[tokio::test]
async fn a_killed_download_goes_on_from_what_is_on_the_disk() {
    let content = content(LENGTH);
    let sha256 = Digest::of(&content).to_string();
    let (mut kills, mut seed, mut resumed) = (0, 0, 0);
    while kills < KILLS {
        seed += 1;
        let mut random = Random(seed);
        let mut below = |end: u64| random.below(end as usize) as u64;
        let protocol = [Protocol::Plain, Protocol::Http1, Protocol::Http2][below(3) as usize];
        let server = Server::start(protocol).await;
        server.site.put("/a.gguf", Served::new(content.clone()));
        let folder = folder_in_memory();
        let (mut fetched, kills_before) = (0, kills);
        loop {
            let before = bytes_on_disk(folder.path());
            let asked = server.site.seen().len();
            let mut child = Command::new(std::env::current_exe().expect("this test"))
                .args(["--exact", "download_in_a_process_of_its_own"])
                .env(URL, server.url("/a.gguf"))
                .env(FOLDER, folder.path())
                .env(SHA256, &sha256)
                .env(ROOT, transfer_server::Certificates::root())
                .stdout(Stdio::null())
                .spawn()
                .expect("this test runs");
            // In the handshake, in the first block, or in a later one.
            let moment = match below(4) {
                0 => below(5_000),
                1 => below(BLOCK),
                _ => below(6 * BLOCK),
            };
            let moment = server.bytes_on_the_wire() + moment;
            let waiting = tokio::task::spawn_blocking({
                let id = rustix::process::Pid::from_child(&child);
                move || {
                    rustix::process::waitid(
                        rustix::process::WaitId::Pid(id),
                        rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT,
                    )
                }
            });
            let killed = tokio::select! {
                () = server.has_written(moment) => true,
                _ = waiting => false,
            };
            if killed {
                child.kill().expect("it is ours");
            }
            let status = child.wait().expect("it ended");
            if let Some(from) = server.site.seen().get(asked).map(|seen| seen.from.unwrap_or(0)) {
                fetched += bytes_on_disk(folder.path()).saturating_sub(from);
                assert!(from <= before && before - from <= BLOCK, "seed {seed}: from {from} with {before} on the disk");
                resumed += u64::from(from > 0);
            }
            if status.success() {
                break;
            }
            assert!(killed, "seed {seed}: the child failed by itself");
            kills += 1;
        }
        let arrived = stored(&store(folder.path()).expect("a folder"), &wanted(&server.url("/a.gguf")).name);
        assert!(arrived == Ok(content.clone()), "seed {seed}: another file");
        assert!(fetched <= LENGTH + (kills - kills_before) * BLOCK, "seed {seed}: {fetched} bytes came");
        assert_eq!(bytes_on_disk(folder.path()), 0);
    }
    assert!(resumed >= KILLS / 3, "only {resumed} downloads went on");
}
