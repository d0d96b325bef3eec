//! Listing the stored models.

use std::time::UNIX_EPOCH;

use super::Store;
use super::cache_error::CacheError;
use super::disk_use::folder_bytes;
use super::locked::{LockedStore, NamedManifest};
use super::manifest::{FileKind, Presence};
use crate::error::Result;
use crate::store::digest::Digest;
use crate::store::file_name::FileName;
use crate::store::name::ModelName;

/// A model in the store, complete or arriving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredModel {
    /// The model's name.
    pub name: ModelName,
    /// Disk space, unfinished downloads included. Files shared by several models count for each of them.
    pub bytes: u64,
    /// When the model was last pinned or stored, in milliseconds since the Unix epoch.
    pub last_used_at: u64,
    /// Whether the model can be used now, without a network.
    pub is_complete: bool,
    /// Whether files of the model, or of a newer version of it, are arriving or waiting to be resumed.
    pub is_incoming: bool,
    /// Whether a loaded model or a running transfer keeps it from being removed.
    pub is_in_use: bool,
    /// The model's files; those that are arriving if there is no complete set yet.
    pub files: Vec<StoredFile>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The file's name.
    pub file: FileName,
    /// The file's purpose.
    pub kind: FileKind,
    /// Size and digest; `None` if the file has not arrived, or was deleted.
    pub content: Option<(u64, Digest)>,
}

impl Store {
    /// Lists every model, least recently used first.
    pub fn list(&self) -> Result<Vec<StoredModel>> {
        self.change("list", &self.directory().display(), |locked| {
            locked.entries()?.known.iter().map(|entry| describe(locked, entry)).collect()
        })
    }
}

fn describe(locked: &LockedStore<'_>, entry: &NamedManifest) -> std::result::Result<StoredModel, CacheError> {
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
