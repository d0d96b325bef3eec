//! Verification: reads files again and compares their digests.

use std::io;

use super::Store;
use super::locked::{LockedStore, is_at};
use super::manifest::{Blob, modified};
use super::pin::not_cached;
use super::stage::copy_chunks;
use crate::error::{Error, ErrorCode, Result};
use crate::files::{Lock, ignore_absence, sync_directory};
use crate::store::cache::byte_progress::{OnByteProgress, ProgressCounter};
use crate::store::digest::Hasher;
use crate::store::file_name::FileName;
use crate::store::name::ModelName;

/// The outcome of verifying a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// One verdict per file of the current set; per arrived file if there is no current set yet.
    pub files: Vec<FileVerdict>,
}

/// The outcome of verifying a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVerdict {
    /// The file's name.
    pub file: FileName,
    /// What the file turned out to be.
    pub state: FileState,
}

/// The state of a verified file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Its content matches its SHA-256.
    Whole,
    /// Its content does not match, and it was removed for every name that shares it.
    Damaged,
    /// It was deleted before.
    Missing,
}

impl Verdict {
    /// Whether every file is whole.
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.state == FileState::Whole)
    }

    /// Fails with `DigestMismatch` if a file was damaged.
    pub fn undamaged(self, name: &ModelName) -> Result<()> {
        match self.files.iter().find(|file| file.state == FileState::Damaged) {
            None => Ok(()),
            Some(FileVerdict { file, .. }) => {
                let detail = format!("{file} of {name} was damaged and has been removed - download or import it again");
                Err(Error::new(ErrorCode::DigestMismatch, detail))
            }
        }
    }
}

/// A file to verify. It is pinned, so nothing removes it meanwhile.
struct FileToVerify {
    file: FileName,
    blob: Blob,
    lock: Option<Lock>,
}

impl Store {
    /// Reads every file of a model again and removes damaged ones, even those in use: a mapping keeps its file readable
    /// until the model is unloaded. Fails with `ModelNotCached` for an unknown name, and with `Cancelled`, in which
    /// case nothing is removed.
    pub fn verify(&self, name: &ModelName, on_progress: OnByteProgress<'_>) -> Result<Verdict> {
        let files = self.change("verify", name, |locked| {
            let entry = locked.entry(name)?.ok_or_else(|| not_cached(name, "it is not in the store"))?;
            let current = entry.manifest.current.iter().flatten().map(|it| (&it.file, it.blob));
            let incoming = entry.manifest.incoming.iter().filter(|_| entry.manifest.current.is_none()).flatten();
            let arrived = incoming.filter_map(|it| Some((&it.file, it.blob?)));
            let files = current.chain(arrived).map(|(file, blob)| {
                let lock = match locked.pin(&blob.sha256) {
                    Ok(lock) => Some(lock),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    Err(error) => return Err(error.into()),
                };
                Ok(FileToVerify { file: file.clone(), blob, lock })
            });
            files.collect::<std::result::Result<Vec<_>, _>>()
        })?;
        let mut count = ProgressCounter::new(Some(files.iter().map(|it| it.blob.bytes).sum()), on_progress);
        let mut verified = Vec::new();
        for file in files {
            let state = file.verify(&mut count)?;
            verified.push((file, state));
        }
        self.change("verify", name, |locked| {
            verified.iter().try_for_each(|(file, state)| file.apply(locked, *state))?;
            Ok(sync_directory(&locked.layout.blobs)?)
        })?;
        let files = verified.into_iter().map(|(file, state)| FileVerdict { file: file.file, state });
        Ok(Verdict { files: files.collect() })
    }
}

impl FileToVerify {
    fn verify(&self, count: &mut ProgressCounter<'_>) -> Result<FileState> {
        let Some(lock) = &self.lock else { return Ok(FileState::Missing) };
        let io_error = |error: io::Error| super::CacheError::Io(error).with_context("verify", &self.file);
        let mut file = lock.file();
        let before = file.metadata().map_err(io_error)?;
        if before.len() != self.blob.bytes {
            return Ok(FileState::Damaged);
        }
        let mut hasher = Hasher::default();
        copy_chunks(&mut file, |bytes| {
            hasher.update(bytes);
            Ok(count.add(bytes.len() as u64)?)
        })
        .map_err(|error| error.with_context("verify", &self.file))?;
        if modified(&before) != modified(&file.metadata().map_err(io_error)?) {
            let detail =
                format!("{} was written to during verification - try again when no program writes to it", self.file);
            return Err(Error::new(ErrorCode::Busy, detail));
        }
        Ok(if hasher.finish() == self.blob.sha256 { FileState::Whole } else { FileState::Damaged })
    }

    /// Removes the file if it is damaged and was not replaced meanwhile. Records it if it is whole.
    fn apply(&self, locked: &LockedStore<'_>, state: FileState) -> std::result::Result<(), super::CacheError> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let place = locked.layout.blob(&self.blob.sha256);
        if !is_at(lock.file(), &place)? {
            return Ok(());
        }
        match state {
            FileState::Missing => {}
            FileState::Damaged => {
                tracing::warn!(file = %self.file, sha256 = %self.blob.sha256, "damaged model file was removed");
                ignore_absence(std::fs::remove_file(place))?;
            }
            FileState::Whole => locked.note_verified(&Blob::new(self.blob.sha256, &lock.file().metadata()?))?,
        }
        Ok(())
    }
}

impl LockedStore<'_> {
    /// Records a verification in every manifest that shares the blob, so that none verifies it again.
    pub(super) fn note_verified(&self, verified: &Blob) -> std::result::Result<(), super::CacheError> {
        for entry in self.entries()?.known {
            let mut manifest = entry.manifest;
            let current = manifest.current.iter_mut().flatten().map(|stored| &mut stored.blob);
            let incoming = manifest.incoming.iter_mut().flatten().filter_map(|awaited| awaited.blob.as_mut());
            let mut changed = false;
            for blob in current.chain(incoming).filter(|blob| blob.sha256 == verified.sha256 && **blob != *verified) {
                *blob = *verified;
                changed = true;
            }
            if changed {
                self.write(&manifest)?;
            }
        }
        Ok(())
    }
}
