//! The thread that reads and writes saved scopes, one job after another. Its results come back as messages.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::error::{Error, ErrorCode, Result};
use crate::kv::{DiskIndex, Storage};

type Job = Box<dyn FnOnce(&Storage) + Send>;

pub(in crate::manager) struct DiskWriter {
    /// For reads on other threads. At any moment a file is either the old or the new one.
    storage: Arc<Storage>,
    /// The index of KV files, within their budget.
    pub(in crate::manager) index: DiskIndex,
    /// Bytes of snapshots that have left the RAM cache and are not written yet.
    pub(in crate::manager) leaving: u64,
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl DiskWriter {
    /// `budget` is for KV files, in bytes.
    pub(in crate::manager) fn new(storage: Storage, budget: u64) -> Result<Self> {
        let storage = Arc::new(storage);
        let (jobs, inbox) = channel::<Job>();
        let theirs = storage.clone();
        let thread = std::thread::Builder::new()
            .name("llama-disk".into())
            .spawn(move || inbox.into_iter().for_each(|job| job(&theirs)))
            .map_err(|error| {
                let detail = format!("could not start the thread that saves scopes: {error} - close other work");
                Error::new(ErrorCode::StorageUnavailable, detail)
            })?;
        Ok(Self { storage, index: DiskIndex::new(budget), leaving: 0, jobs, thread })
    }

    pub(in crate::manager) fn storage(&self) -> Arc<Storage> {
        self.storage.clone()
    }

    /// Runs `work` after all earlier jobs, then `then` with its result, both on the disk's thread.
    pub(in crate::manager) fn run<T>(
        &self,
        work: impl FnOnce(&Storage) -> Result<T> + Send + 'static,
        then: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        let job = move |storage: &Storage| {
            let crashed =
                |_| Err(Error::new(ErrorCode::StorageFailed, "saving crashed - this is a defect of the library"));
            then(catch_unwind(AssertUnwindSafe(|| work(storage))).unwrap_or_else(crashed));
        };
        // The thread lives as long as this sender, and neither half of a job unwinds it.
        let _running = self.jobs.send(Box::new(job));
    }

    /// Ends the thread after its last job, and gives the directory back. The supervisor must not join the result
    /// itself.
    pub(in crate::manager) fn close(self) -> JoinHandle<()> {
        self.thread
    }
}
