//! The folder of models: what is in it, and the ways in which that changes.

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

/// How often a change begins anew because the folder was emptied in the middle of it.
const RETRIES: u32 = 5;

/// Where models are kept, and how much of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// Made if it is not there. It should be the app's own: iOS may end an app that is suspended with a lock held in a
    /// folder that it shares with others.
    pub directory: PathBuf,
    /// All of them together, downloads that are not finished included; `None` for as much as fits.
    pub models_budget_bytes: Option<u64>,
}

/// A folder of models. Clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    layout: Arc<Layout>,
    models_budget_bytes: Arc<Mutex<Option<u64>>>,
}

impl Store {
    /// Opens a folder, made if there is none, and removes what a process that died has left behind in it. `StorageFailed`
    /// if it cannot be made or written.
    pub fn open(options: StoreOptions) -> Result<Self> {
        let StoreOptions { directory, models_budget_bytes } = options;
        let models_budget_bytes = Arc::new(Mutex::new(models_budget_bytes));
        let store = Self { layout: Arc::new(Layout::new(directory)), models_budget_bytes };
        store.change("open", &store.directory().display(), |locked| locked.gc())?;
        Ok(store)
    }

    /// From now on, for every clone. What is stored stays until something new needs the room.
    pub fn set_models_budget(&self, bytes: Option<u64>) {
        *self.models_budget_bytes.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    }

    fn models_budget(&self) -> Option<u64> {
        *self.models_budget_bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        self.layout.root()
    }

    /// Does something to the folder while nobody else does. `run` begins anew if the system empties the folder meanwhile.
    /// Waits half a minute at most for others, then `Busy`.
    fn change<T>(
        &self,
        act: &str,
        what: &dyn Display,
        mut run: impl FnMut(&LockedStore<'_>) -> std::result::Result<T, CacheError>,
    ) -> Result<T> {
        let mut retries = RETRIES;
        loop {
            match LockedStore::take(&self.layout).and_then(|locked| run(&locked)) {
                Ok(done) => return Ok(done),
                Err(CacheError::Io(error)) if error.kind() == io::ErrorKind::NotFound && retries > 0 => retries -= 1,
                Err(fail) => return Err(fail.said(act, what)),
            }
        }
    }
}
