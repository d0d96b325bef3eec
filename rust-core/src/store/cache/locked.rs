//! The folder while its lock is held: reading and writing manifests, and asking whether files are in use. Who asks holds
//! the lock, so that no two who ask are in each other's way.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;

use super::cache_error::CacheError;
use super::layout::Layout;
use super::manifest::{Blob, Manifest, Presence, VERSION};
use crate::error::{Error, ErrorCode};
use crate::files::{Lock, ignore_absence, make_directory, sync_directory, write_new};
use crate::store::digest::Digest;
use crate::store::key::Key;
use crate::store::name::ModelName;

/// Longer than any change takes, but for a process that the system has frozen in the middle of one.
const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Locked for as long as a partial folder is in use. No [`FileName`](crate::store::FileName) begins with a dot.
const IN_USE: &str = ".held";

pub(super) struct LockedStore<'a> {
    pub layout: &'a Layout,
    _lock: Lock,
}

/// A name that the folder knows.
pub(super) struct Entry {
    pub name: ModelName,
    pub manifest: Manifest,
    pub used: SystemTime,
}

pub(super) struct Entries {
    pub known: Vec<Entry>,
    /// Whether there are names that a newer build has written, whose blobs this one cannot tell.
    pub newer: bool,
}

enum Read {
    Absent,
    Known(Entry),
    Newer,
}

impl<'a> LockedStore<'a> {
    /// Makes what is missing of the folder, and waits for whoever is changing it.
    pub(super) fn take(layout: &'a Layout) -> Result<Self, CacheError> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            layout.make()?;
            let path = layout.lock();
            match Lock::take(&path) {
                Ok(lock) if is_at(lock.file(), &path)? => return Ok(Self { layout, _lock: lock }),
                // The folder was emptied in between: nobody else would meet at this lock.
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            if Instant::now() > deadline {
                let detail = format!(
                    "{} has been in use by another process for {} s - try again when that one has gone on",
                    layout.root().display(),
                    PATIENCE.as_secs()
                );
                return Err(Error::new(ErrorCode::Busy, detail).into());
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A name's entry, settled.
    pub(super) fn entry(&self, name: &ModelName) -> Result<Option<Entry>, CacheError> {
        match self.read(&name.key())? {
            Read::Known(entry) => Ok(Some(entry)),
            Read::Absent => Ok(None),
            Read::Newer => {
                let detail = format!("{name} was stored by a newer version of this library - update the app");
                Err(Error::new(ErrorCode::StorageFailed, detail).into())
            }
        }
    }

    /// All of them, settled, least recently used first. Manifests that were being written go.
    pub(super) fn entries(&self) -> Result<Entries, CacheError> {
        let mut entries = Entries { known: Vec::new(), newer: false };
        for file in names_in(&self.layout.names)? {
            if Layout::is_temporary(&file) {
                ignore_absence(fs::remove_file(self.layout.names.join(&file)))?;
            } else if let Some(key) = Layout::manifest_key(&file) {
                match self.read(&key)? {
                    Read::Known(entry) => entries.known.push(entry),
                    Read::Newer => entries.newer = true,
                    Read::Absent => {}
                }
            }
        }
        entries.known.sort_by_cached_key(|entry| (entry.used, entry.manifest.name.clone()));
        Ok(entries)
    }

    fn read(&self, key: &Key) -> Result<Read, CacheError> {
        let path = self.layout.manifest(key);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read::Absent),
            // It may be well tomorrow: a phone before its first unlock.
            Err(error) => return Err(error.into()),
        };
        if version(&text).is_some_and(|version| version > VERSION) {
            return Ok(Read::Newer);
        }
        let Some((name, manifest)) = known(&text).filter(|(name, _)| name.key() == *key) else {
            tracing::warn!(file = %path.display(), "damaged manifest was removed");
            ignore_absence(fs::remove_file(&path))?;
            return Ok(Read::Absent);
        };
        let used = fs::metadata(&path)?.modified()?;
        let mut there = HashSet::new();
        for blob in manifest.blobs() {
            if self.presence(&blob)? != Presence::Absent {
                there.insert(blob.sha256);
            }
        }
        let settled = manifest.clone().settled(|blob| there.contains(&blob.sha256));
        if settled.is_empty() {
            self.forget(&name)?;
            return Ok(Read::Absent);
        }
        if settled != manifest {
            self.write(&settled)?;
        }
        Ok(Read::Known(Entry { name, manifest: settled, used }))
    }

    /// In place of the old one: all of it or nothing, and on the disk when this returns.
    pub(super) fn write(&self, manifest: &Manifest) -> Result<(), CacheError> {
        static TEMPORARIES: AtomicU64 = AtomicU64::new(0);
        let key = Key::of(&manifest.name);
        // Unique, for two who hold the lock of a folder that was emptied in between.
        let number = TEMPORARIES.fetch_add(1, Ordering::Relaxed);
        let temporary = format!("{}.{}-{number}.tmp", key.as_str(), std::process::id());
        let temporary = self.layout.names.join(temporary);
        let json = serde_json::to_vec(manifest).map_err(io::Error::from)?;
        let written = write_new(&temporary, &[&json]).and_then(|()| fs::rename(&temporary, self.layout.manifest(&key)));
        if let Err(error) = written {
            // What cannot be removed now is removed by the next reader.
            let _ = fs::remove_file(&temporary);
            return Err(error.into());
        }
        Ok(sync_directory(&self.layout.names)?)
    }

    /// Removes a manifest, for good when this returns.
    pub(super) fn forget(&self, name: &ModelName) -> Result<(), CacheError> {
        ignore_absence(fs::remove_file(self.layout.manifest(&name.key())))?;
        Ok(sync_directory(&self.layout.names)?)
    }

    /// Says that a name was used now. For the order of removal alone, so a failure is none.
    pub(super) fn touch(&self, name: &ModelName) {
        let manifest = File::options().write(true).open(self.layout.manifest(&name.key()));
        let _ = manifest.and_then(|file| file.set_modified(SystemTime::now()));
    }

    pub(super) fn presence(&self, blob: &Blob) -> io::Result<Presence> {
        match fs::symlink_metadata(self.layout.blob(&blob.sha256)) {
            Ok(about) if about.is_file() => Ok(blob.presence(&about)),
            Ok(_) => Ok(Presence::Absent),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Presence::Absent),
            Err(error) => Err(error),
        }
    }

    /// A blob that some name means, and that is as it was when it was verified.
    pub(super) fn whole(&self, sha256: &Digest) -> Result<Option<Blob>, CacheError> {
        for blob in self.entries()?.known.iter().flat_map(|entry| entry.manifest.blobs()) {
            if blob.sha256 == *sha256 && self.presence(&blob)? == Presence::Whole {
                return Ok(Some(blob));
            }
        }
        Ok(None)
    }

    /// Keeps a blob from being removed.
    pub(super) fn pin(&self, digest: &Digest) -> io::Result<Lock> {
        Lock::shared(File::open(self.layout.blob(digest))?)
    }

    /// Whether somebody keeps it from being removed.
    pub(super) fn is_pinned(&self, digest: &Digest) -> io::Result<bool> {
        match File::open(self.layout.blob(digest)).and_then(Lock::exclusive) {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Whether somebody keeps a file of a manifest, or is bringing one in.
    pub(super) fn is_in_use(&self, manifest: &Manifest) -> io::Result<bool> {
        for blob in manifest.blobs() {
            if self.is_pinned(&blob.sha256)? {
                return Ok(true);
            }
        }
        for partial in manifest.partials() {
            if self.is_partial_held(partial)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes a partial folder if there is none; `None` if somebody has it.
    pub(super) fn hold_partial(&self, key: &Key) -> io::Result<Option<Lock>> {
        let folder = self.layout.partial(key);
        make_directory(&folder)?;
        match Lock::take(&folder.join(IN_USE)) {
            Ok(lock) => Ok(Some(lock)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether somebody is at work in a partial folder.
    pub(super) fn is_partial_held(&self, key: &Key) -> io::Result<bool> {
        match Lock::take(&self.layout.partial(key).join(IN_USE)) {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error),
        }
    }
}

fn version(text: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    serde_json::from_slice::<Versioned>(text).ok().map(|it| it.version)
}

fn known(text: &[u8]) -> Option<(ModelName, Manifest)> {
    let manifest: Manifest = serde_json::from_slice(text).ok()?;
    let name = ModelName::parse(&manifest.name).ok()?;
    Some((name, manifest))
}

/// The names of a folder's files, sorted; those that are no text are none of ours.
pub(super) fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Whether a path still leads to an open file.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let file = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (file.dev(), file.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open keeps its path.
#[cfg(not(unix))]
pub(super) fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}
