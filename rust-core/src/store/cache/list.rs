//! What is in the folder, for a screen of models.

use std::time::UNIX_EPOCH;

use super::Store;
use super::cache_error::CacheError;
use super::disk_use::folder_bytes;
use super::locked::{Entry, LockedStore};
use super::manifest::{FileKind, Presence};
use crate::error::Result;
use crate::store::digest::Digest;
use crate::store::file_name::FileName;
use crate::store::name::ModelName;

/// A name that the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredModel {
    /// What it is called.
    pub name: ModelName,
    /// What it takes on the disk, unfinished downloads included. What several names share counts for each of them.
    pub bytes: u64,
    /// When it was pinned last, or stored, in milliseconds since the Unix epoch.
    pub last_used_at: u64,
    /// Whether it can be used now, without any network.
    pub is_complete: bool,
    /// Whether it, or a newer version of it, is being brought in, or was and can go on.
    pub is_incoming: bool,
    /// Whether something keeps it from being removed: a loaded model, a running transfer.
    pub is_in_use: bool,
    /// Of the set that the name means; of the incoming one where it means none yet.
    pub files: Vec<StoredFile>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The name that it came with.
    pub file: FileName,
    /// What it is for.
    pub kind: FileKind,
    /// Size and digest; `None` of a file that has not arrived, or was deleted since.
    pub content: Option<(u64, Digest)>,
}

impl Store {
    /// Every name, least recently used first.
    pub fn list(&self) -> Result<Vec<StoredModel>> {
        self.change("list", &self.directory().display(), |locked| {
            locked.entries()?.known.iter().map(|entry| describe(locked, entry)).collect()
        })
    }
}

fn describe(locked: &LockedStore<'_>, entry: &Entry) -> std::result::Result<StoredModel, CacheError> {
    let manifest = &entry.manifest;
    let mut bytes = 0;
    for blob in manifest.blobs() {
        if locked.presence(&blob)? != Presence::Absent {
            bytes += blob.bytes;
        }
    }
    for partial in manifest.partials() {
        bytes += folder_bytes(&locked.layout.partial(partial))?;
    }
    let mut files = Vec::new();
    let current = manifest.current.iter().flatten().map(|it| (&it.file, it.kind, Some(it.blob)));
    let incoming = manifest.incoming.iter().filter(|_| manifest.current.is_none()).flatten();
    for (file, kind, blob) in current.chain(incoming.map(|it| (&it.file, it.kind, it.blob))) {
        let content = match blob {
            Some(blob) if locked.presence(&blob)? != Presence::Absent => Some((blob.bytes, blob.sha256)),
            _ => None,
        };
        files.push(StoredFile { file: file.clone(), kind, content });
    }
    let used = entry.used.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(StoredModel {
        name: entry.name.clone(),
        bytes,
        last_used_at: u64::try_from(used.as_millis()).unwrap_or(u64::MAX),
        is_complete: manifest.current.is_some() && files.iter().all(|file| file.content.is_some()),
        is_incoming: manifest.incoming.is_some(),
        is_in_use: locked.is_in_use(manifest)?,
        files,
    })
}
