//! The thread that reads and writes saved scopes, one job after another. Nobody waits for it but by message.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::error::{Error, ErrorCode, Result};
use crate::kv::{DiskIndex, Storage};

type Job = Box<dyn FnOnce(&Storage) + Send>;

pub(in crate::manager) struct DiskWriter {
    /// For reading off this thread: a file is the old one or the new one at any moment.
    storage: Arc<Storage>,
    /// Whose KV is on disk, within the budget.
    pub(in crate::manager) index: DiskIndex,
    /// Bytes of KV that were given up in RAM and are not written yet.
    pub(in crate::manager) leaving: u64,
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl DiskWriter {
    /// `budget` for KV files, in bytes.
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

    /// Runs `work` after all that was given before, then `then` with its result, both on the disk's thread.
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
        // The thread ends with this sender, and neither half of a job unwinds it.
        let _running = self.jobs.send(Box::new(job));
    }

    /// Ends the thread when it has done all jobs, and gives the directory back. Join the result off the supervisor.
    pub(in crate::manager) fn close(self) -> JoinHandle<()> {
        self.thread
    }
}
