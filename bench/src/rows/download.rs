//! A large file from a server on this machine into the store, verified and on the disk, against what that takes at least: its
//! bytes written and synced, or hashed, whichever takes longer.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use llama_rs_core::store::{
    Fetcher, Hasher, Http, HttpOptions, Hub, ModelName, Network, NetworkOptions, Store, StoreOptions, Wanted,
};
use tokio::runtime::{Builder, Runtime};

use super::Bench;
use crate::Result;
use crate::dirty::private_dirty_bytes;
use crate::stats::{median, median_ratio};
use crate::table::Row;
use crate::web::{PIECE_BYTES, Web, piece};

const BAR: f64 = 0.8;
/// Buffers of the transfer, the hash and the disk, however large the file is.
const MEMORY_BAR_BYTES: f64 = 64e6;

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let pieces = bench.scale.downloaded_pieces;
    let directory = Directory(std::env::temp_dir().join(format!("llama-rs-bench-store-{}", std::process::id())));
    let way = Way::open(&directory.0, pieces)?;
    let content = piece();
    let (mut ours, mut least, mut shown) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
    for round in 0..bench.scale.rounds as u64 {
        let (downloaded, copied, hashed) = bench.undisturbed(|_| {
            Ok((way.download(round)?, copy(&directory.0, &content, pieces)?, hash(&content, pieces)))
        })?;
        least.push(copied.max(hashed));
        ours.push(downloaded);
        shown.0.push(copied);
        shown.1.push(hashed);
    }
    let megabytes = pieces * PIECE_BYTES as u64 / 1_000_000;
    let against = format!("{:.2} s; copied {:.2} s, hashed {:.2} s", median(&ours), median(&shown.0), median(&shown.1));
    let speed = Row::ratio(format!("{megabytes} MB from loopback"), median_ratio(&least, &ours), BAR, against);
    Ok(vec![speed, memory(&way, megabytes)?])
}

/// What the process has more while it downloads than before, at most.
fn memory(way: &Way, megabytes: u64) -> Result<Row> {
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
        let downloaded = way.download(u64::MAX);
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

/// A store, and the way to it.
struct Way {
    web: Web,
    fetcher: Fetcher,
    runtime: Runtime,
}

impl Way {
    fn open(directory: &Path, pieces: u64) -> Result<Self> {
        let store = Store::open(StoreOptions { directory: directory.join("models"), models_budget_bytes: None })?;
        let network = Network::new(Arc::new(Http::new(&HttpOptions::default())?), NetworkOptions::default());
        let fetcher = Fetcher::new(store, network, Hub::default());
        // As many threads as a manager has.
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Self { web: Web::start(pieces)?, fetcher, runtime })
    }

    /// Seconds from the name to the verified file, which is then removed.
    fn download(&self, number: u64) -> Result<f64> {
        let name = ModelName::parse(&self.web.url(number))?;
        let began = Instant::now();
        self.runtime.block_on(async { self.fetcher.fetch(Wanted::new(name.clone())).finished().await })?;
        let took = began.elapsed().as_secs_f64();
        self.fetcher.store().remove(&name)?;
        Ok(took)
    }
}

/// Seconds to write so many pieces into a file, and to the disk.
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

/// Seconds to hash so many pieces.
fn hash(piece: &[u8], pieces: u64) -> f64 {
    let began = Instant::now();
    let mut hasher = Hasher::default();
    (0..pieces).for_each(|_| hasher.update(piece));
    let _digest = hasher.finish();
    began.elapsed().as_secs_f64()
}

/// A folder that goes with the row.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}
