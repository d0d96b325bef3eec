//! A set of files that is arriving in the store: the interface for downloads. Each file has a folder of its own while
//! it arrives. Once verified, one rename moves it to its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Store;
use super::cache_error::CacheError;
use super::locked::LockedStore;
use super::manifest::{Blob, FileKind, IncomingFile, Manifest, Presence};
use crate::error::{Error, ErrorCode, Result};
use crate::files::{Lock, ignore_absence, make_directory, sync_directory};
use crate::store::digest::Digest;
use crate::store::file_name::FileName;
use crate::store::key::Key;
use crate::store::name::ModelName;

/// More files than any model has.
const MAX_FILES: usize = 1_001;

/// One file of a planned set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// The file's name. Names within a set differ in more than case.
    pub file: FileName,
    /// Weights come before projectors.
    pub kind: FileKind,
    /// Identifies the partial folder. Any text that stays the same when the same transfer resumes, such as a URL.
    pub key: String,
}

/// A name's files while they arrive. Arrived files are pinned until this is dropped. The plan and the arrived files are
/// recorded on disk, so the next process can resume.
#[derive(Debug)]
pub struct Incoming {
    store: Store,
    name: ModelName,
    plan: Vec<PlannedFile>,
    state: Mutex<IncomingState>,
}

type ArrivedBlobs = BTreeMap<FileName, Blob>;

#[derive(Debug, Default)]
struct IncomingState {
    arrived: ArrivedBlobs,
    pins: Vec<Lock>,
    partials: BTreeMap<Key, Lock>,
}

impl Store {
    /// Starts the arrival of a name's new files, or resumes it if the same files were planned before. The old files
    /// stay usable until all new ones have arrived. Fails with `InvalidOptions` for an invalid plan.
    pub fn begin(&self, name: &ModelName, plan: Vec<PlannedFile>) -> Result<Incoming> {
        check(name, plan.iter().map(|planned| (&planned.file, planned.kind)))?;
        let incoming = Incoming { store: self.clone(), name: name.clone(), plan, state: Mutex::default() };
        self.change("begin", name, |locked| {
            let known = locked.entry(name)?.and_then(|entry| entry.manifest.incoming).unwrap_or_default();
            let mut state = incoming.lock();
            if known.iter().map(planned).eq(incoming.awaited(&ArrivedBlobs::new()).iter().map(planned)) {
                for awaited in known {
                    let Some(blob) = awaited.blob else { continue };
                    if locked.presence(&blob)? == Presence::Whole {
                        state.pins.push(locked.pin(&blob.sha256)?);
                        state.arrived.insert(awaited.file, blob);
                    }
                }
            }
            incoming.record(locked, &state.arrived)?;
            locked.gc_if_possible();
            Ok(())
        })?;
        Ok(incoming)
    }
}

impl Incoming {
    /// The name that the files belong to.
    pub fn name(&self) -> &ModelName {
        &self.name
    }

    /// Files that have not arrived yet, in planned order.
    pub fn missing(&self) -> Vec<PlannedFile> {
        let state = self.lock();
        self.plan.iter().filter(|planned| !state.arrived.contains_key(&planned.file)).cloned().collect()
    }

    /// The folder in which a file arrives. It belongs to this object alone until the file is adopted or the object
    /// dropped, and keeps what was written there before. Fails with `ModelInUse` while another transfer, in any
    /// process, owns it.
    pub fn partial_dir(&self, file: &FileName) -> Result<PathBuf> {
        let key = Key::of(&self.planned(file)?.key);
        self.store.change("make a folder for", file, |locked| {
            let mut state = self.lock();
            if !state.partials.contains_key(&key) {
                let lock = locked.hold_partial(&key)?.ok_or_else(|| {
                    let detail = format!("another download of {file} of {} is running - wait for it", self.name);
                    Error::new(ErrorCode::ModelInUse, detail)
                })?;
                state.partials.insert(key.clone(), lock);
            }
            // The system may have emptied the folder since it was locked.
            make_directory(&self.store.layout.partial(&key))?;
            Ok(self.store.layout.partial(&key))
        })
    }

    /// Uses a file that the store already has under any name. Returns `false`, and changes nothing, if the store does
    /// not have it.
    pub fn reuse(&self, file: &FileName, sha256: Digest) -> Result<bool> {
        self.planned(file)?;
        self.store.change("store", file, |locked| {
            let Some(blob) = locked.verified_blob(&sha256)? else { return Ok(false) };
            self.arrive(locked, &mut self.lock(), file, blob)?;
            locked.gc_if_possible();
            Ok(true)
        })
    }

    /// Moves a file from its partial folder (`path`) to its place, by a rename, and removes the folder. The caller has
    /// verified `sha256`. The file is durable when this returns. After a failure it is still at `path`.
    pub fn adopt(&self, file: &FileName, path: &Path, sha256: Digest) -> Result<()> {
        let key = Key::of(&self.planned(file)?.key);
        let io_error = |error: io::Error| CacheError::Io(error).with_context("store", file);
        let data = File::open(path).map_err(io_error)?;
        data.sync_all().map_err(io_error)?;
        let blob = Blob::new(sha256, &data.metadata().map_err(io_error)?);
        self.store.change("store", file, |locked| {
            let mut state = self.lock();
            if let Some(known) = locked.verified_blob(&sha256)? {
                ignore_absence(fs::remove_file(path))?;
                self.arrive(locked, &mut state, file, known)?;
            } else {
                // The manifest comes first: a blob without one would be garbage if the process died in between.
                let mut arrived = state.arrived.clone();
                arrived.insert(file.clone(), blob);
                self.record(locked, &arrived)?;
                locked.move_into_place(path, &blob)?;
                self.arrive(locked, &mut state, file, blob)?;
                locked.note_verified(&blob)?;
            }
            if state.partials.remove(&key).is_some() {
                // A failure here is harmless: the folder is removed when the whole set has arrived.
                let _ = fs::remove_dir_all(locked.layout.partial(&key));
            }
            locked.gc_if_possible();
            Ok(())
        })
    }

    /// Notes that a file's blob is in place.
    fn arrive(
        &self,
        locked: &LockedStore<'_>,
        state: &mut IncomingState,
        file: &FileName,
        blob: Blob,
    ) -> std::result::Result<(), CacheError> {
        state.pins.push(locked.pin(&blob.sha256)?);
        state.arrived.insert(file.clone(), blob);
        self.record(locked, &state.arrived)
    }

    /// Records the plan and what has arrived. Reading the entry back settles the manifest.
    fn record(&self, locked: &LockedStore<'_>, arrived: &ArrivedBlobs) -> std::result::Result<(), CacheError> {
        let entry = locked.entry(&self.name)?;
        let mut manifest = entry.map_or_else(|| Manifest::new(self.name.text()), |entry| entry.manifest);
        manifest.incoming = Some(self.awaited(arrived));
        locked.write(&manifest)?;
        locked.entry(&self.name)?;
        Ok(())
    }

    fn awaited(&self, arrived: &ArrivedBlobs) -> Vec<IncomingFile> {
        let awaited = self.plan.iter().map(|planned| IncomingFile {
            file: planned.file.clone(),
            kind: planned.kind,
            partial: Some(Key::of(&planned.key)),
            blob: arrived.get(&planned.file).copied(),
        });
        awaited.collect()
    }

    fn planned(&self, file: &FileName) -> Result<&PlannedFile> {
        self.plan.iter().find(|planned| planned.file == *file).ok_or_else(|| {
            let detail = format!("{file} is not a file of {} - name a planned one", self.name);
            Error::new(ErrorCode::InvalidOptions, detail)
        })
    }

    /// Guards this object's own state. Taken inside a change of the folder, never around one.
    fn lock(&self) -> MutexGuard<'_, IncomingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LockedStore<'_> {
    /// Moves a verified file to its place, over a damaged one. Does nothing if an earlier attempt has done it.
    pub(super) fn move_into_place(&self, path: &Path, blob: &Blob) -> std::result::Result<(), CacheError> {
        let place = self.layout.blob(&blob.sha256);
        match fs::rename(path, &place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.presence(blob)? == Presence::Whole => {}
            renamed => renamed?,
        }
        Ok(sync_directory(&self.layout.blobs)?)
    }
}

/// The fields that make two plans equal.
fn planned(awaited: &IncomingFile) -> (&FileName, FileKind, Option<&Key>) {
    (&awaited.file, awaited.kind, awaited.partial.as_ref())
}

/// Rejects an impossible set of files.
pub(super) fn check<'a>(name: &ModelName, files: impl Iterator<Item = (&'a FileName, FileKind)> + Clone) -> Result<()> {
    let names: BTreeSet<_> = files.clone().map(|(file, _)| file.folded()).collect();
    let count = files.clone().count();
    let mut after_weights = files.map(|(_, kind)| kind).skip_while(|kind| *kind == FileKind::Weights);
    let projectors = after_weights.clone().count();
    let fault = if projectors == count || after_weights.any(|kind| kind == FileKind::Weights) {
        "its weights do not come first"
    } else if count > MAX_FILES {
        "it has too many files"
    } else if names.len() < count {
        "two of its files have the same name"
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorCode::InvalidOptions,
        format!("{name} cannot be stored: {fault} - correct the list of its files"),
    ))
}
