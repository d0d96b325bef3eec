//! Disk space: how much the store takes, and how much is left.

use std::fs;
use std::io;
use std::path::Path;

use super::Store;
use super::cache_error::CacheError;
use super::layout::Layout;
use super::locked::{LockedStore, names_in};
use crate::error::Result;

/// Disk space in bytes, as a storage screen shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskUse {
    /// Model files. A file shared by several models counts once.
    pub models_bytes: u64,
    /// Files that are still arriving.
    pub partial_bytes: u64,
    /// The limit for models, if one is set.
    pub budget_bytes: Option<u64>,
    /// Space that this app may still use. `None` where the system does not say.
    pub free_bytes: Option<u64>,
}

impl Store {
    /// How much space the models take, and how much is left.
    pub fn disk_use(&self) -> Result<DiskUse> {
        self.change("measure", &self.directory().display(), |locked| {
            let (models_bytes, partial_bytes) = locked.used()?;
            let free_bytes = free_bytes(locked.layout.root())?;
            Ok(DiskUse { models_bytes, partial_bytes, budget_bytes: self.models_budget(), free_bytes })
        })
    }

    /// Space that this app may still use in the folder, in bytes. `None` where the system does not say. Takes no lock.
    pub fn free_bytes(&self) -> Result<Option<u64>> {
        free_bytes(self.directory())
            .map_err(|error| CacheError::Io(error).with_context("measure", &self.directory().display()))
    }
}

impl LockedStore<'_> {
    /// Bytes of models, and bytes of files that are still arriving.
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

/// Space that a folder takes on the disk, subfolders included. Counts blocks, because a sparse file is longer than its
/// blocks.
pub(super) fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        // A running transfer may rename it meanwhile.
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
