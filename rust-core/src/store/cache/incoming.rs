//! A set of files on its way into the store: the seam to whatever brings them. Each has a folder of its own to arrive in,
//! and gets its place by one rename when it is verified.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Store;
use super::cache_error::CacheError;
use super::locked::LockedStore;
use super::manifest::{Awaited, Blob, FileKind, Manifest, Presence};
use crate::error::{Error, ErrorCode, Result};
use crate::files::{Lock, ignore_absence, make_directory, sync_directory};
use crate::store::digest::Digest;
use crate::store::file_name::FileName;
use crate::store::key::Key;
use crate::store::name::ModelName;

/// More than any model has.
const MAX_FILES: usize = 1_001;

/// A file that a set will consist of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// What it is called; in one set no two names differ in large and small letters alone.
    pub file: FileName,
    /// What it is for. Weights come before projectors.
    pub kind: FileKind,
    /// What its partial folder is known by: any text that is the same whenever the same transfer goes on, such as a URL.
    pub key: String,
}

/// A name's files while they come in. What has arrived is kept from removal until this is dropped; what was planned, and
/// what has arrived of it, is known to the next process too.
#[derive(Debug)]
pub struct Incoming {
    store: Store,
    name: ModelName,
    plan: Vec<PlannedFile>,
    state: Mutex<State>,
}

type Arrived = BTreeMap<FileName, Blob>;

#[derive(Debug, Default)]
struct State {
    arrived: Arrived,
    pins: Vec<Lock>,
    partials: BTreeMap<Key, Lock>,
}

impl Store {
    /// Begins to bring in what a name will mean, or goes on with it where the same was planned before. What the name means
    /// until then stays usable until all of the new has arrived. `InvalidOptions` for a plan that is none.
    pub fn begin(&self, name: &ModelName, plan: Vec<PlannedFile>) -> Result<Incoming> {
        check(name, plan.iter().map(|planned| (&planned.file, planned.kind)))?;
        let incoming = Incoming { store: self.clone(), name: name.clone(), plan, state: Mutex::default() };
        self.change("begin", name, |locked| {
            let known = locked.entry(name)?.and_then(|entry| entry.manifest.incoming).unwrap_or_default();
            let mut state = incoming.lock();
            if known.iter().map(planned).eq(incoming.awaited(&Arrived::new()).iter().map(planned)) {
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
    /// Whose files they are.
    pub fn name(&self) -> &ModelName {
        &self.name
    }

    /// Files that have not arrived yet, in their order.
    pub fn missing(&self) -> Vec<PlannedFile> {
        let state = self.lock();
        self.plan.iter().filter(|planned| !state.arrived.contains_key(&planned.file)).cloned().collect()
    }

    /// Where a file is to come in: a folder that is this one's alone until the file is adopted, or this is dropped. What was
    /// written there before is still there. `ModelInUse` while another transfer has it, in this process or another one.
    pub fn partial_dir(&self, file: &FileName) -> Result<PathBuf> {
        let key = Key::of(&self.planned(file)?.key);
        self.store.change("make a folder for", file, |locked| {
            let mut state = self.lock();
            if !state.partials.contains_key(&key) {
                let lock = locked.hold_partial(&key)?.ok_or_else(|| {
                    let detail = format!("{file} of {} is being downloaded already - wait for that", self.name);
                    Error::new(ErrorCode::ModelInUse, detail)
                })?;
                state.partials.insert(key.clone(), lock);
            }
            // The system may have emptied it since.
            make_directory(&self.store.layout.partial(&key))?;
            Ok(self.store.layout.partial(&key))
        })
    }

    /// Takes a file that the store has already, under whatever name; `false` if it has not, and nothing has changed.
    pub fn reuse(&self, file: &FileName, sha256: Digest) -> Result<bool> {
        self.planned(file)?;
        self.store.change("store", file, |locked| {
            let Some(blob) = locked.whole(&sha256)? else { return Ok(false) };
            self.arrive(locked, &mut self.lock(), file, blob)?;
            locked.gc_if_possible();
            Ok(true)
        })
    }

    /// Gives a file its place, by a rename: `path` is in its partial folder, which goes. The caller has verified that
    /// `sha256` is what is in it. On the disk when this returns. Where it fails the file stays where it was.
    pub fn adopt(&self, file: &FileName, path: &Path, sha256: Digest) -> Result<()> {
        let key = Key::of(&self.planned(file)?.key);
        let said = |error: io::Error| CacheError::Io(error).said("store", file);
        let data = File::open(path).map_err(said)?;
        data.sync_all().map_err(said)?;
        let blob = Blob::new(sha256, &data.metadata().map_err(said)?);
        self.store.change("store", file, |locked| {
            let mut state = self.lock();
            if let Some(known) = locked.whole(&sha256)? {
                ignore_absence(fs::remove_file(path))?;
                self.arrive(locked, &mut state, file, known)?;
            } else {
                // What it is must be known before it is there, or a death in between would leave a blob that nobody knows.
                let mut arrived = state.arrived.clone();
                arrived.insert(file.clone(), blob);
                self.record(locked, &arrived)?;
                locked.place(path, &blob)?;
                self.arrive(locked, &mut state, file, blob)?;
                locked.note_verified(&blob)?;
            }
            if state.partials.remove(&key).is_some() {
                // What cannot be removed now is removed when all has arrived.
                let _ = fs::remove_dir_all(locked.layout.partial(&key));
            }
            locked.gc_if_possible();
            Ok(())
        })
    }

    /// The blob is in place.
    fn arrive(
        &self,
        locked: &LockedStore<'_>,
        state: &mut State,
        file: &FileName,
        blob: Blob,
    ) -> std::result::Result<(), CacheError> {
        state.pins.push(locked.pin(&blob.sha256)?);
        state.arrived.insert(file.clone(), blob);
        self.record(locked, &state.arrived)
    }

    /// Writes down what is planned and what has arrived. Reading settles it.
    fn record(&self, locked: &LockedStore<'_>, arrived: &Arrived) -> std::result::Result<(), CacheError> {
        let entry = locked.entry(&self.name)?;
        let mut manifest = entry.map_or_else(|| Manifest::new(self.name.text()), |entry| entry.manifest);
        manifest.incoming = Some(self.awaited(arrived));
        locked.write(&manifest)?;
        locked.entry(&self.name)?;
        Ok(())
    }

    fn awaited(&self, arrived: &Arrived) -> Vec<Awaited> {
        let awaited = self.plan.iter().map(|planned| Awaited {
            file: planned.file.clone(),
            kind: planned.kind,
            partial: Some(Key::of(&planned.key)),
            blob: arrived.get(&planned.file).copied(),
        });
        awaited.collect()
    }

    fn planned(&self, file: &FileName) -> Result<&PlannedFile> {
        self.plan.iter().find(|planned| planned.file == *file).ok_or_else(|| {
            let detail = format!("{file} is not a file of {} - name one that was planned", self.name);
            Error::new(ErrorCode::InvalidOptions, detail)
        })
    }

    /// LockedStore for the calls of this one alone; within a change of the folder, never around one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LockedStore<'_> {
    /// Moves a verified file to its place, over one that was damaged. Done already, it is done.
    pub(super) fn place(&self, path: &Path, blob: &Blob) -> std::result::Result<(), CacheError> {
        let place = self.layout.blob(&blob.sha256);
        match fs::rename(path, &place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.presence(blob)? == Presence::Whole => {}
            renamed => renamed?,
        }
        Ok(sync_directory(&self.layout.blobs)?)
    }
}

/// What makes two plans one.
fn planned(awaited: &Awaited) -> (&FileName, FileKind, Option<&Key>) {
    (&awaited.file, awaited.kind, awaited.partial.as_ref())
}

/// Refuses a set that could not be one.
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
        "two of its files have one name"
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorCode::InvalidOptions,
        format!("{name} cannot be stored: {fault} - correct the list of its files"),
    ))
}
