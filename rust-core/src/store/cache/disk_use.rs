//! How much of the disk is taken, and how much is left.

use std::fs;
use std::io;
use std::path::Path;

use super::Store;
use super::cache_error::CacheError;
use super::layout::Layout;
use super::locked::{LockedStore, names_in};
use crate::error::Result;

/// Numbers for a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskUse {
    /// Files of models, each once.
    pub models_bytes: u64,
    /// Files that are still coming in.
    pub partial_bytes: u64,
    /// What may be used at most.
    pub budget_bytes: Option<u64>,
    /// What this app may still write; `None` where the system does not say.
    pub free_bytes: Option<u64>,
}

impl Store {
    /// How much the models take, and how much is left.
    pub fn disk_use(&self) -> Result<DiskUse> {
        self.change("measure", &self.directory().display(), |locked| {
            let (models_bytes, partial_bytes) = locked.used()?;
            let free_bytes = free_bytes(locked.layout.root())?;
            Ok(DiskUse { models_bytes, partial_bytes, budget_bytes: self.models_budget(), free_bytes })
        })
    }

    /// What this app may still write into the folder, in bytes; `None` where the system does not say. Asks the system and
    /// waits for nobody.
    pub fn free_bytes(&self) -> Result<Option<u64>> {
        free_bytes(self.directory()).map_err(|error| CacheError::Io(error).said("measure", &self.directory().display()))
    }
}

impl LockedStore<'_> {
    /// By models, and by what is still coming in.
    pub(super) fn used(&self) -> io::Result<(u64, u64)> {
        let mut models = 0;
        for file in names_in(&self.layout.blobs)? {
            if Layout::blob_digest(&file).is_some() {
                models += fs::metadata(self.layout.blobs.join(file)).map_or(0, |about| about.len());
            }
        }
        Ok((models, folder_bytes(&self.layout.partials)?))
    }
}

/// What a folder takes on the disk, folders in it included: a file may be longer than what was written of it.
pub(super) fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        // It may be written and renamed by a transfer meanwhile.
        let Ok(about) = entry.metadata() else { continue };
        bytes += if about.is_dir() { folder_bytes(&entry.path())? } else { taken(&about) };
    }
    Ok(bytes)
}

#[cfg(unix)]
fn taken(about: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(about) * 512
}

#[cfg(not(unix))]
fn taken(about: &fs::Metadata) -> u64 {
    about.len()
}

#[cfg(unix)]
pub(in crate::store) fn free_bytes(folder: &Path) -> io::Result<Option<u64>> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(Some(disk.f_bavail.saturating_mul(disk.f_frsize)))
}

#[cfg(not(unix))]
pub(in crate::store) fn free_bytes(_folder: &Path) -> io::Result<Option<u64>> {
    Ok(None)
}
