//! Names and atomic changes of the directory's files. Knows nothing of their contents.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use twox_hash::XxHash3_128;

use crate::files::{ignore_absence, make_directory, sync_directory, write_new};

/// The folder for unusable files.
const SET_ASIDE: &str = "set-aside";

const HASH_LEN: usize = 32;

/// The kind of a saved file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SavedFile {
    Transcript,
    Kv,
    /// Left half-written by a process that died.
    Temporary,
}

impl SavedFile {
    /// The kind of file that a name stands for; `None` for a foreign file.
    fn of(name: &str) -> Option<Self> {
        let (hash, rest) = name.split_at_checked(HASH_LEN)?;
        if !hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        match rest {
            ".transcript" => Some(Self::Transcript),
            ".kv" => Some(Self::Kv),
            _ => {
                let rest = rest.strip_prefix(".transcript.").or_else(|| rest.strip_prefix(".kv."))?;
                let number = rest.strip_suffix(".tmp")?;
                number.parse::<u64>().is_ok().then_some(Self::Temporary)
            }
        }
    }
}

/// Hashes a scope's id. An id may contain anything, even `..`, and file names show where conversations should not.
fn hash(scope: &str) -> String {
    format!("{:032x}", XxHash3_128::oneshot(scope.as_bytes()))
}

/// File name of a scope's transcript.
pub(super) fn transcript_name(scope: &str) -> String {
    format!("{}.transcript", hash(scope))
}

/// File name of a scope's KV.
pub(super) fn kv_name(scope: &str) -> String {
    format!("{}.kv", hash(scope))
}

/// A directory with atomic changes.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Numbers the temporary files, so that two writers of one file do not share one.
    temporaries: AtomicU64,
    /// Counts changes of names. Locked during each rename or removal, so that a file is set aside only while it is
    /// still the one that was read.
    changes: Mutex<u64>,
}

impl Folder {
    /// Creates the directory if needed, readable by its owner only.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        make_directory(path)?;
        Ok(Self { path: path.to_owned(), temporaries: AtomicU64::new(0), changes: Mutex::new(0) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Lists saved files, sorted by name. Skips foreign files, because the host may have named a shared directory.
    pub(super) fn list(&self) -> io::Result<Vec<(String, SavedFile)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            if let Ok(name) = entry?.file_name().into_string()
                && let Some(kind) = SavedFile::of(&name)
            {
                files.push((name, kind));
            }
        }
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(files)
    }

    /// Writes or replaces a file, atomically. It is durable when this returns.
    pub(super) fn replace(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        let temporary = self.file(&format!("{name}.{}.tmp", self.temporaries.fetch_add(1, Ordering::Relaxed)));
        let written = write_new(&temporary, parts).and_then(|()| {
            let mut changes = self.lock();
            *changes += 1;
            fs::rename(&temporary, self.file(name))
        });
        if let Err(error) = written {
            // The next open removes it otherwise.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        sync_directory(&self.path)
    }

    /// Removes a file, if it exists.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        let mut changes = self.lock();
        *changes += 1;
        ignore_absence(fs::remove_file(self.file(name)))
    }

    /// Makes removals durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        sync_directory(&self.path)
    }

    /// A number that differs after every possible change of a file.
    pub(super) fn changes(&self) -> u64 {
        *self.lock()
    }

    /// Moves a file into `set-aside` and returns its name there. Returns `None` if files have changed since `seen`,
    /// because the name may stand for another file now.
    pub(super) fn set_aside(&self, name: &str, seen: u64) -> io::Result<Option<String>> {
        let mut changes = self.lock();
        if *changes != seen {
            return Ok(None);
        }
        *changes += 1;
        let aside = self.path.join(SET_ASIDE);
        fs::create_dir_all(&aside)?;
        let mut free = name.to_owned();
        let mut number = 1;
        while aside.join(&free).symlink_metadata().is_ok() {
            number += 1;
            free = format!("{name}.{number}");
        }
        fs::rename(self.file(name), aside.join(&free))?;
        Ok(Some(free))
    }

    /// Removes a scope's set-aside files.
    pub(super) fn remove_aside(&self, scope: &str) -> io::Result<()> {
        let aside = self.path.join(SET_ASIDE);
        let prefix = format!("{}.", hash(scope));
        let entries = match fs::read_dir(&aside) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                ignore_absence(fs::remove_file(entry.path()))?;
            }
        }
        sync_directory(&aside)
    }

    /// Removes all set-aside files.
    pub(super) fn remove_all_aside(&self) -> io::Result<()> {
        ignore_absence(fs::remove_dir_all(self.path.join(SET_ASIDE)))
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
