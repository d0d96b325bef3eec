//! Pinning a model for use: its files stay while it is pinned, and can be opened under their own names.

use std::fs;
use std::path::{Path, PathBuf};

use super::Store;
use super::cache_error::CacheError;
use super::locked::LockedStore;
use super::manifest::{CurrentFile, FileKind, Presence};
use crate::error::{Error, ErrorCode, Result};
use crate::files::Lock;
use crate::human_bytes;
use crate::store::cache::byte_progress::OnByteProgress;
use crate::store::name::ModelName;

/// A complete model that no store in any process removes until this is dropped. The system may still delete the files,
/// but open or mapped ones stay readable.
#[derive(Debug)]
#[must_use = "the model may be removed when this is dropped"]
pub struct Pinned {
    files: Vec<PinnedFile>,
    _locks: Vec<Lock>,
}

/// A file of a pinned model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedFile {
    /// The file, under its own name, beside the other files of its set.
    pub path: PathBuf,
    /// The file's purpose.
    pub kind: FileKind,
    /// The file's size.
    pub bytes: u64,
}

impl Pinned {
    /// The file to give to llama.cpp: the model, or its first part.
    pub fn weights(&self) -> &Path {
        &self.files[0].path
    }

    /// The projector, if the model has one.
    pub fn projector(&self) -> Option<&Path> {
        self.files.iter().find(|file| file.kind == FileKind::Projector).map(|file| file.path.as_path())
    }

    /// All files, weights first.
    pub fn files(&self) -> &[PinnedFile] {
        &self.files
    }
}

enum PinAttempt {
    Done(Pinned),
    Touched,
}

impl Store {
    /// Pins a model for use. Fails with `ModelNotCached` if the model is not in the store or not complete. Verifies
    /// files again that were written to since they were verified, which reads them completely; only then is progress
    /// reported.
    pub fn pin(&self, name: &ModelName, on_progress: OnByteProgress<'_>) -> Result<Pinned> {
        loop {
            let found = self.change("open", name, |locked| {
                let found = try_pin(locked, name)?;
                locked.mark_used(name);
                Ok(found)
            })?;
            match found {
                PinAttempt::Done(pinned) => return Ok(pinned),
                PinAttempt::Touched => self.verify(name, on_progress)?.undamaged(name)?,
            }
        }
    }
}

fn try_pin(locked: &LockedStore<'_>, name: &ModelName) -> std::result::Result<PinAttempt, CacheError> {
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
        return Ok(PinAttempt::Touched);
    }
    let folder = locked.link_set(&files)?;
    let files = files.into_iter().map(|stored| PinnedFile {
        path: folder.join(stored.file.as_str()),
        kind: stored.kind,
        bytes: stored.blob.bytes,
    });
    Ok(PinAttempt::Done(Pinned { files: files.collect(), _locks: locks }))
}

fn missing(locked: &LockedStore<'_>, stored: &CurrentFile) -> String {
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
