//! Reading files again, to see whether they still are what they were.

use std::io;

use super::Store;
use super::locked::{LockedStore, is_at};
use super::manifest::{Blob, modified};
use super::pin::not_cached;
use super::stage::copy_chunks;
use crate::error::{Error, ErrorCode, Result};
use crate::files::{Lock, ignore_absence, sync_directory};
use crate::store::cache::byte_progress::{Count, OnByteProgress};
use crate::store::digest::Hasher;
use crate::store::file_name::FileName;
use crate::store::name::ModelName;

/// What verifying a model has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Of every file of the set, or of those that have arrived where it is still coming in.
    pub files: Vec<FileVerdict>,
}

/// What verifying a file has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVerdict {
    /// The name that it came with.
    pub file: FileName,
    /// What is with it.
    pub state: FileState,
}

/// What may be with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// It is what its sha256 says.
    Whole,
    /// It is not, and was removed, for every name that means it.
    Damaged,
    /// It had been deleted.
    Missing,
}

impl Verdict {
    /// Whether every file is what it should be.
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.state == FileState::Whole)
    }

    /// `DigestMismatch` where a file was damaged.
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

/// A file to be read. Pinned, so that it is not removed meanwhile.
struct Suspect {
    file: FileName,
    blob: Blob,
    lock: Option<Lock>,
}

impl Store {
    /// Reads every file of a model again. What is damaged is removed, in use or not: who has it mapped keeps it until it is
    /// unloaded. `ModelNotCached` for a name that is not in the store, `Cancelled` with nothing removed.
    pub fn verify(&self, name: &ModelName, on_progress: OnByteProgress<'_>) -> Result<Verdict> {
        let suspects = self.change("verify", name, |locked| {
            let entry = locked.entry(name)?.ok_or_else(|| not_cached(name, "it is not in the store"))?;
            let current = entry.manifest.current.iter().flatten().map(|it| (&it.file, it.blob));
            let incoming = entry.manifest.incoming.iter().filter(|_| entry.manifest.current.is_none()).flatten();
            let arrived = incoming.filter_map(|it| Some((&it.file, it.blob?)));
            let suspects = current.chain(arrived).map(|(file, blob)| {
                let lock = match locked.pin(&blob.sha256) {
                    Ok(lock) => Some(lock),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    Err(error) => return Err(error.into()),
                };
                Ok(Suspect { file: file.clone(), blob, lock })
            });
            suspects.collect::<std::result::Result<Vec<_>, _>>()
        })?;
        let mut count = Count::new(Some(suspects.iter().map(|it| it.blob.bytes).sum()), on_progress);
        let mut judged = Vec::new();
        for suspect in suspects {
            let state = suspect.judge(&mut count)?;
            judged.push((suspect, state));
        }
        self.change("verify", name, |locked| {
            judged.iter().try_for_each(|(suspect, state)| suspect.apply(locked, *state))?;
            Ok(sync_directory(&locked.layout.blobs)?)
        })?;
        let files = judged.into_iter().map(|(suspect, state)| FileVerdict { file: suspect.file, state });
        Ok(Verdict { files: files.collect() })
    }
}

impl Suspect {
    fn judge(&self, count: &mut Count<'_>) -> Result<FileState> {
        let Some(lock) = &self.lock else { return Ok(FileState::Missing) };
        let said = |error: io::Error| super::CacheError::Io(error).said("verify", &self.file);
        let mut file = lock.file();
        let before = file.metadata().map_err(said)?;
        if before.len() != self.blob.bytes {
            return Ok(FileState::Damaged);
        }
        let mut hasher = Hasher::default();
        copy_chunks(&mut file, |bytes| {
            hasher.update(bytes);
            Ok(count.add(bytes.len() as u64)?)
        })
        .map_err(|fail| fail.said("verify", &self.file))?;
        if modified(&before) != modified(&file.metadata().map_err(said)?) {
            let detail = format!("{} was written to while it was verified - try again when nobody does", self.file);
            return Err(Error::new(ErrorCode::Busy, detail));
        }
        Ok(if hasher.finish() == self.blob.sha256 { FileState::Whole } else { FileState::Damaged })
    }

    /// Removes what is damaged, if it is still there and not replaced; notes what is whole.
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
    /// So that no name that means the blob has it verified once more.
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
