//! The folder of models: its contents, and every operation that changes it.

mod byte_progress;
mod cache_error;
mod disk_use;
mod eviction;
mod gc;
mod import;
mod incoming;
mod inspect;
mod layout;
mod link_set;
mod list;
mod locked;
mod manifest;
mod pin;
mod remove;
mod stage;
mod verify;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use self::byte_progress::{ByteProgress, OnByteProgress};
use self::cache_error::CacheError;
pub use self::disk_use::DiskUse;
pub(super) use self::disk_use::free_bytes;
pub use self::import::{ImportFile, ImportSource};
pub use self::incoming::{Incoming, PlannedFile};
pub use self::inspect::ModelHeader;
use self::layout::Layout;
pub use self::list::{StoredFile, StoredModel};
use self::locked::LockedStore;
pub use self::manifest::FileKind;
pub use self::pin::{Pinned, PinnedFile};
pub use self::verify::{FileState, FileVerdict, Verdict};
use crate::error::Result;

/// How often a change starts over because the system emptied the folder in the middle of it.
const RETRIES: u32 = 5;

/// Where models are stored, and how much disk they may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// Created if it does not exist. It should belong to the app alone: iOS may kill a suspended app that holds a lock
    /// in a folder it shares with other apps.
    pub directory: PathBuf,
    /// Limit for all models together, unfinished downloads included. `None` means no limit but the disk.
    pub models_budget_bytes: Option<u64>,
}

/// A folder of models. Clones share one store.
#[derive(Debug, Clone)]
pub struct Store {
    layout: Arc<Layout>,
    models_budget_bytes: Arc<Mutex<Option<u64>>>,
}

impl Store {
    /// Opens a folder, creates it if it does not exist, and removes what a dead process left behind in it. Fails with
    /// `StorageFailed` if the folder cannot be created or written.
    pub fn open(options: StoreOptions) -> Result<Self> {
        let StoreOptions { directory, models_budget_bytes } = options;
        let models_budget_bytes = Arc::new(Mutex::new(models_budget_bytes));
        let store = Self { layout: Arc::new(Layout::new(directory)), models_budget_bytes };
        store.change("open", &store.directory().display(), |locked| locked.gc())?;
        Ok(store)
    }

    /// Sets the budget for every clone. CurrentFile models stay until something new needs the space.
    pub fn set_models_budget(&self, bytes: Option<u64>) {
        *self.models_budget_bytes.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    }

    fn models_budget(&self) -> Option<u64> {
        *self.models_budget_bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store's folder.
    pub fn directory(&self) -> &Path {
        self.layout.root()
    }

    /// Runs a change while the folder is locked. `run` starts over if the system empties the folder meanwhile. Waits up
    /// to half a minute for other processes, then fails with `Busy`.
    fn change<T>(
        &self,
        act: &str,
        what: &dyn Display,
        mut run: impl FnMut(&LockedStore<'_>) -> std::result::Result<T, CacheError>,
    ) -> Result<T> {
        let mut retries = RETRIES;
        loop {
            match LockedStore::lock(&self.layout).and_then(|locked| run(&locked)) {
                Ok(done) => return Ok(done),
                Err(CacheError::Io(error)) if error.kind() == io::ErrorKind::NotFound && retries > 0 => retries -= 1,
                Err(error) => return Err(error.with_context(act, what)),
            }
        }
    }
}
