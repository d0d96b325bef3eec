//! The folder while its lock is held: reads and writes manifests, and asks whether files are in use. Asking takes locks
//! on those files for a moment, so only the folder's lock holder asks.

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

/// Longer than any change takes, unless the system froze a process in the middle of one.
const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The file in a partial folder that its transfer keeps locked. No [`FileName`](crate::store::FileName) begins with a
/// dot.
const IN_USE: &str = ".held";

pub(super) struct LockedStore<'a> {
    pub layout: &'a Layout,
    _lock: Lock,
}

/// A manifest together with its name and its age.
pub(super) struct NamedManifest {
    pub name: ModelName,
    pub manifest: Manifest,
    pub used: SystemTime,
}

pub(super) struct NamedManifests {
    pub known: Vec<NamedManifest>,
    /// Whether a newer build has written manifests here. This build cannot tell which blobs they need.
    pub newer: bool,
}

enum ManifestFile {
    Absent,
    Known(NamedManifest),
    Newer,
}

impl<'a> LockedStore<'a> {
    /// Creates missing folders, and waits for other holders of the lock.
    pub(super) fn lock(layout: &'a Layout) -> Result<Self, CacheError> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            layout.create_folders()?;
            let path = layout.lock();
            match Lock::take(&path) {
                Ok(lock) if is_at(lock.file(), &path)? => return Ok(Self { layout, _lock: lock }),
                // The system emptied the folder in between: other processes would lock another file.
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            if Instant::now() > deadline {
                let detail = format!(
                    "{} has been locked by another process for {} s - try again when it has finished",
                    layout.root().display(),
                    PATIENCE.as_secs()
                );
                return Err(Error::new(ErrorCode::Busy, detail).into());
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Reads a name's manifest and settles it.
    pub(super) fn entry(&self, name: &ModelName) -> Result<Option<NamedManifest>, CacheError> {
        match self.read(&name.key())? {
            ManifestFile::Known(entry) => Ok(Some(entry)),
            ManifestFile::Absent => Ok(None),
            ManifestFile::Newer => {
                let detail = format!("{name} was stored by a newer version of this library - update the app");
                Err(Error::new(ErrorCode::StorageFailed, detail).into())
            }
        }
    }

    /// Reads all manifests, settled, least recently used first. Removes manifests whose writing was interrupted.
    pub(super) fn entries(&self) -> Result<NamedManifests, CacheError> {
        let mut entries = NamedManifests { known: Vec::new(), newer: false };
        for file in names_in(&self.layout.names)? {
            if Layout::is_temporary(&file) {
                ignore_absence(fs::remove_file(self.layout.names.join(&file)))?;
            } else if let Some(key) = Layout::manifest_key(&file) {
                match self.read(&key)? {
                    ManifestFile::Known(entry) => entries.known.push(entry),
                    ManifestFile::Newer => entries.newer = true,
                    ManifestFile::Absent => {}
                }
            }
        }
        entries.known.sort_by_cached_key(|entry| (entry.used, entry.manifest.name.clone()));
        Ok(entries)
    }

    fn read(&self, key: &Key) -> Result<ManifestFile, CacheError> {
        let path = self.layout.manifest(key);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ManifestFile::Absent),
            // The file may be readable later: a phone before its first unlock, for example.
            Err(error) => return Err(error.into()),
        };
        if version(&text).is_some_and(|version| version > VERSION) {
            return Ok(ManifestFile::Newer);
        }
        let Some((name, manifest)) = known(&text).filter(|(name, _)| name.key() == *key) else {
            tracing::warn!(file = %path.display(), "damaged manifest was removed");
            ignore_absence(fs::remove_file(&path))?;
            return Ok(ManifestFile::Absent);
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
            self.remove_manifest(&name)?;
            return Ok(ManifestFile::Absent);
        }
        if settled != manifest {
            self.write(&settled)?;
        }
        Ok(ManifestFile::Known(NamedManifest { name, manifest: settled, used }))
    }

    /// Replaces a manifest atomically. It is durable when this returns.
    pub(super) fn write(&self, manifest: &Manifest) -> Result<(), CacheError> {
        static TEMPORARIES: AtomicU64 = AtomicU64::new(0);
        let key = Key::of(&manifest.name);
        // The name is unique, because the folder may have been emptied and locked a second time.
        let number = TEMPORARIES.fetch_add(1, Ordering::Relaxed);
        let temporary = format!("{}.{}-{number}.tmp", key.as_str(), std::process::id());
        let temporary = self.layout.names.join(temporary);
        let json = serde_json::to_vec(manifest).map_err(io::Error::from)?;
        let written = write_new(&temporary, &[&json]).and_then(|()| fs::rename(&temporary, self.layout.manifest(&key)));
        if let Err(error) = written {
            // The next reader removes it otherwise.
            let _ = fs::remove_file(&temporary);
            return Err(error.into());
        }
        Ok(sync_directory(&self.layout.names)?)
    }

    /// Removes a manifest. The removal is durable when this returns.
    pub(super) fn remove_manifest(&self, name: &ModelName) -> Result<(), CacheError> {
        ignore_absence(fs::remove_file(self.layout.manifest(&name.key())))?;
        Ok(sync_directory(&self.layout.names)?)
    }

    /// Marks a name as used now. Failures are ignored, because the time only orders eviction.
    pub(super) fn mark_used(&self, name: &ModelName) {
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

    /// The blob of this digest, if a name refers to it and it has not changed since it was verified.
    pub(super) fn verified_blob(&self, sha256: &Digest) -> Result<Option<Blob>, CacheError> {
        for blob in self.entries()?.known.iter().flat_map(|entry| entry.manifest.blobs()) {
            if blob.sha256 == *sha256 && self.presence(&blob)? == Presence::Whole {
                return Ok(Some(blob));
            }
        }
        Ok(None)
    }

    /// Keeps a blob from being removed until the lock is dropped.
    pub(super) fn pin(&self, digest: &Digest) -> io::Result<Lock> {
        Lock::shared(File::open(self.layout.blob(digest))?)
    }

    /// Whether any process has pinned the blob.
    pub(super) fn is_pinned(&self, digest: &Digest) -> io::Result<bool> {
        match File::open(self.layout.blob(digest)).and_then(Lock::exclusive) {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Whether any process has pinned a file of the manifest, or is downloading one.
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

    /// Locks a partial folder, created if needed. `None` if another transfer has locked it.
    pub(super) fn hold_partial(&self, key: &Key) -> io::Result<Option<Lock>> {
        let folder = self.layout.partial(key);
        make_directory(&folder)?;
        match Lock::take(&folder.join(IN_USE)) {
            Ok(lock) => Ok(Some(lock)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a transfer has locked a partial folder.
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

/// The file names in a folder, sorted. Skips names that are not UTF-8: the store never writes such names.
pub(super) fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Whether a path still refers to an open file.
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

/// On other systems an open file keeps its path.
#[cfg(not(unix))]
pub(super) fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}
