//! A model that is being used: its files stay as long as it is pinned, and can be opened under their own names.

use std::fs;
use std::path::{Path, PathBuf};

use super::Store;
use super::cache_error::CacheError;
use super::locked::LockedStore;
use super::manifest::{FileKind, Presence, Stored};
use crate::error::{Error, ErrorCode, Result};
use crate::files::Lock;
use crate::human_bytes;
use crate::store::cache::byte_progress::OnByteProgress;
use crate::store::name::ModelName;

/// A model whose files are there, all of them, and are not removed by any store in any process until this is dropped. The
/// system itself may still delete them: what is open or mapped then lives on.
#[derive(Debug)]
#[must_use = "the model may be removed when this is dropped"]
pub struct Pinned {
    files: Vec<PinnedFile>,
    _locks: Vec<Lock>,
}

/// A file of a pinned model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedFile {
    /// In a folder with the others of its set, under the name that it came with.
    pub path: PathBuf,
    /// What it is for.
    pub kind: FileKind,
    /// Its size.
    pub bytes: u64,
}

impl Pinned {
    /// What llama.cpp is given: the model's file, or the first part of it.
    pub fn weights(&self) -> &Path {
        &self.files[0].path
    }

    /// The file for images and sound, if the model has one.
    pub fn projector(&self) -> Option<&Path> {
        self.files.iter().find(|file| file.kind == FileKind::Projector).map(|file| file.path.as_path())
    }

    /// All of them, the weights first.
    pub fn files(&self) -> &[PinnedFile] {
        &self.files
    }
}

enum Found {
    Pinned(Pinned),
    Touched,
}

impl Store {
    /// Pins a model for use. `ModelNotCached` if it is not in the store, or not all of it. Files that were written to since
    /// they were verified are verified again, which takes as long as reading them; only then there is progress.
    pub fn pin(&self, name: &ModelName, on_progress: OnByteProgress<'_>) -> Result<Pinned> {
        loop {
            let found = self.change("open", name, |locked| {
                let found = look(locked, name)?;
                locked.touch(name);
                Ok(found)
            })?;
            match found {
                Found::Pinned(pinned) => return Ok(pinned),
                Found::Touched => self.verify(name, on_progress)?.undamaged(name)?,
            }
        }
    }
}

fn look(locked: &LockedStore<'_>, name: &ModelName) -> std::result::Result<Found, CacheError> {
    let entry = locked.entry(name)?.ok_or_else(|| not_cached(name, "it is not in the store"))?;
    let Some(files) = entry.manifest.current else {
        return Err(not_cached(name, "its download is not finished").into());
    };
    let mut touched = false;
    let mut locks = Vec::new();
    for stored in &files {
        match locked.presence(&stored.blob)? {
            Presence::Whole => {}
            Presence::Touched => touched = true,
            Presence::Absent => return Err(not_cached(name, &missing(locked, stored)).into()),
        }
        locks.push(locked.pin(&stored.blob.sha256)?);
    }
    if touched {
        return Ok(Found::Touched);
    }
    let folder = locked.link_set(&files)?;
    let files = files.into_iter().map(|stored| PinnedFile {
        path: folder.join(stored.file.as_str()),
        kind: stored.kind,
        bytes: stored.blob.bytes,
    });
    Ok(Found::Pinned(Pinned { files: files.collect(), _locks: locks }))
}

fn missing(locked: &LockedStore<'_>, stored: &Stored) -> String {
    match fs::metadata(locked.layout.blob(&stored.blob.sha256)) {
        Ok(about) => {
            let (is, was) = (human_bytes::format(about.len()), human_bytes::format(stored.blob.bytes));
            format!("its file {} has {is} of {was}", stored.file)
        }
        Err(_) => format!("its file {} was deleted", stored.file),
    }
}

pub(super) fn not_cached(name: &ModelName, reason: &str) -> Error {
    Error::new(ErrorCode::ModelNotCached, format!("{name} cannot be used: {reason} - download or import it"))
}
