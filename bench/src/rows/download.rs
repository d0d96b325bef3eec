//! Downloads a large file from a server on this machine into the store, verified and durable, against the minimum:
//! writing and syncing its bytes, or hashing them, whichever takes longer.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use llama_rs_core::store::Hasher;

use super::Bench;
use crate::Result;
use crate::dirty::private_dirty_bytes;
use crate::download_setup::DownloadSetup;
use crate::stats::{median, median_ratio};
use crate::table::Row;
use crate::web::{PIECE_BYTES, Web, piece};

const BAR: f64 = 0.8;
/// Buffers of the transfer, the hash and the disk, however large the file is.
const MEMORY_BAR_BYTES: f64 = 64e6;

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let pieces = bench.scale.downloaded_pieces;
    let content = piece();
    let setup = DownloadSetup::open("download", Web::start(content.clone(), pieces)?)?;
    let (mut ours, mut least, mut shown) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
    for round in 0..bench.scale.rounds as u64 {
        let (downloaded, copied, hashed) = bench.undisturbed(|_| {
            Ok((download(&setup, round)?, copy(setup.directory(), &content, pieces)?, hash(&content, pieces)))
        })?;
        least.push(copied.max(hashed));
        ours.push(downloaded);
        shown.0.push(copied);
        shown.1.push(hashed);
    }
    let megabytes = pieces * PIECE_BYTES as u64 / 1_000_000;
    let against = format!("{:.2} s; copied {:.2} s, hashed {:.2} s", median(&ours), median(&shown.0), median(&shown.1));
    let speed = Row::ratio(format!("{megabytes} MB from loopback"), median_ratio(&least, &ours), BAR, against);
    Ok(vec![speed, memory(&setup, megabytes)?])
}

/// The process's largest growth during a download.
fn memory(setup: &DownloadSetup, megabytes: u64) -> Result<Row> {
    let before = private_dirty_bytes().unwrap_or(0);
    let done = AtomicBool::new(false);
    let most = thread::scope(|threads| {
        let watch = threads.spawn(|| {
            let mut most = before;
            while !done.load(Ordering::Relaxed) {
                most = most.max(private_dirty_bytes().unwrap_or(0));
                thread::sleep(Duration::from_millis(20));
            }
            most
        });
        let downloaded = download(setup, u64::MAX);
        done.store(true, Ordering::Relaxed);
        downloaded.map(|_| watch.join().unwrap_or(before))
    })?;
    let growth = most.saturating_sub(before) as f64;
    Ok(Row {
        name: format!("memory of {megabytes} MB on the way"),
        measured: format!("{:.1} MB", growth / 1e6),
        bar: format!("<= {:.0} MB", MEMORY_BAR_BYTES / 1e6),
        against: format!("{:.0} MB private and dirty before", before as f64 / 1e6),
        passed: growth <= MEMORY_BAR_BYTES,
    })
}

/// Seconds from the name to the verified file, which is then removed.
fn download(setup: &DownloadSetup, number: u64) -> Result<f64> {
    let wanted = setup.request(number)?;
    let name = wanted.name.clone();
    let began = Instant::now();
    setup.runtime.block_on(async { setup.fetcher.fetch(wanted).finished().await })?;
    let took = began.elapsed().as_secs_f64();
    setup.fetcher.store().remove(&name)?;
    Ok(took)
}

/// Seconds to write this many pieces durably into a file.
fn copy(directory: &Path, piece: &[u8], pieces: u64) -> Result<f64> {
    let path = directory.join("copy");
    let began = Instant::now();
    let mut file = File::create(&path)?;
    (0..pieces).try_for_each(|_| file.write_all(piece))?;
    file.sync_all()?;
    let took = began.elapsed().as_secs_f64();
    fs::remove_file(path)?;
    Ok(took)
}

/// Seconds to hash this many pieces.
fn hash(piece: &[u8], pieces: u64) -> f64 {
    let began = Instant::now();
    let mut hasher = Hasher::default();
    (0..pieces).for_each(|_| hasher.update(piece));
    let _digest = hasher.finish();
    began.elapsed().as_secs_f64()
}
