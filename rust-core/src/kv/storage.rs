//! The directory of saved scopes: one transcript and at most one KV per scope. Every function blocks. Every change is
//! atomic: whenever the process dies, a file is either the old one or the new one.

mod folder;
mod kv_file;
mod reject;
#[cfg(test)]
mod tests;
mod transcript_file;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use self::folder::{Folder, SavedFile};
use self::reject::Reject;
use super::{Fingerprint, KvSnapshot};
use crate::error::{Error, ErrorCode, Result};
use crate::files::Lock;
use crate::protocol::{Message, Persist};

/// The lock file of the directory's one writer. It stays when the directory is emptied.
const LOCK: &str = "lock";

/// A directory that belongs to this process alone. Operations on one scope take effect in the order in which their
/// calls return, so their caller orders them; operations on different scopes may run at once.
#[derive(Debug)]
pub struct Storage {
    folder: Folder,
    /// Held as long as writes are possible.
    _lock: Lock,
}

/// A conversation without its KV. Independent of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedTranscript {
    /// The scope's id.
    pub scope: String,
    /// Path of the model that answered last.
    pub model: String,
    /// Never `None`: such a scope is not saved.
    pub persist: Persist,
    /// The transcript's revision.
    pub revision: u64,
    /// Milliseconds since the Unix epoch.
    pub last_used_at: u64,
    /// Number of messages after the system prompt that the model no longer sees.
    pub dropped_messages: u32,
    /// All messages, oldest first.
    pub messages: Vec<Message>,
}

/// Metadata of a KV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedKv {
    /// Fingerprint of the model that the KV belongs to.
    pub fingerprint: Fingerprint,
    /// Number of tokens in the KV.
    pub tokens: u32,
    /// Size of the file.
    pub bytes: u64,
    /// When it was written, in milliseconds since the Unix epoch.
    pub saved_at: u64,
}

/// A scope that an earlier process saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundScope {
    /// The scope's conversation.
    pub transcript: SavedTranscript,
    /// The scope's KV, if it has one.
    pub kv: Option<SavedKv>,
}

/// An unusable file that was moved into the folder `set-aside`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The file's name there.
    pub file: String,
    /// Why it is unusable, for people.
    pub reason: String,
}

/// The contents of a directory when it was opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct StorageContents {
    /// Sorted by id.
    pub scopes: Vec<FoundScope>,
    /// Damaged files, files of an unknown version, and KV without a transcript, sorted by name.
    pub set_aside: Vec<SetAside>,
}

/// Why a saved KV was not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableKv {
    /// The reason, for people.
    pub reason: String,
    /// The file, if it was moved because it is damaged.
    pub set_aside: Option<SetAside>,
}

impl Storage {
    /// Opens a directory, created if needed, and reads every transcript and the header of every KV. Removes leftover
    /// temporary files, and KV whose scope no longer wants it on disk. Fails with `StorageUnavailable` while the
    /// directory is open elsewhere, or while a file is temporarily unreadable, so that no file is mistaken for damaged.
    pub fn open(directory: &Path) -> Result<(Self, StorageContents)> {
        let folder = Folder::create(directory).map_err(|error| {
            let detail =
                format!("could not make {}: {error} - name a directory that can be written", directory.display());
            Error::new(ErrorCode::StorageUnavailable, detail).with_source(error)
        })?;
        let lock = Lock::take(&directory.join(LOCK)).map_err(|error| {
            let detail = match error.kind() {
                io::ErrorKind::WouldBlock => {
                    format!("{} is in use already - give each manager a directory of its own", directory.display())
                }
                _ => format!("could not lock {}: {error} - name a directory that can be written", directory.display()),
            };
            Error::new(ErrorCode::StorageUnavailable, detail).with_source(error)
        })?;
        let storage = Self { folder, _lock: lock };
        let contents = storage.survey()?;
        Ok((storage, contents))
    }

    /// The directory's path.
    pub fn directory(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces a scope's transcript. It is durable when this returns. Fails with `StorageFailed`, which leaves the old
    /// transcript, or with `StorageUnavailable` if the transcript's `persist` is `None`.
    pub fn write_transcript(&self, transcript: &SavedTranscript) -> Result<()> {
        if transcript.persist == Persist::None {
            let detail = "could not save a scope: its persist is none - set it to transcript or full";
            return Err(Error::new(ErrorCode::StorageUnavailable, detail));
        }
        let name = folder::transcript_name(&transcript.scope);
        let (head, json) = transcript_file::encode(transcript).map_err(|error| failed("write", &name, error.into()))?;
        self.folder.replace(&name, &[&head, &json]).map_err(|error| failed("write", &name, error))
    }

    /// Replaces a scope's KV. It is durable when this returns. Write the scope's transcript first: `open` sets a KV
    /// without a transcript aside. Fails with `StorageFailed`, which leaves the old KV.
    pub fn write_kv(&self, parked: &KvSnapshot, fingerprint: Fingerprint) -> Result<SavedKv> {
        let name = folder::kv_name(parked.scope());
        let saved_at = now();
        let head = kv_file::encode_header(parked, fingerprint, saved_at);
        self.folder.replace(&name, &[&head, parked.state()]).map_err(|error| failed("write", &name, error))?;
        let bytes = (head.len() + parked.state().len()) as u64;
        Ok(SavedKv { fingerprint, tokens: parked.tokens().len() as u32, bytes, saved_at })
    }

    /// Reads a scope's KV and verifies that it is intact, belongs to the scope, and fits the fingerprint. Sets a
    /// damaged file aside. Leaves a file of another model in place.
    pub fn read_kv(&self, scope: &str, fingerprint: Fingerprint) -> std::result::Result<KvSnapshot, UnusableKv> {
        let name = folder::kv_name(scope);
        loop {
            let seen = self.folder.changes();
            let reason = match kv_file::read(&self.folder.file(&name), scope, fingerprint) {
                Ok(parked) => return Ok(parked),
                Err(Reject::Kept(reason)) => return Err(UnusableKv { reason, set_aside: None }),
                Err(Reject::Damaged(reason)) => reason,
            };
            // Otherwise a new file may have replaced the damaged one: read again.
            if let Some(set_aside) = self.set_aside(&name, &reason, seen) {
                return Err(UnusableKv { reason, set_aside: Some(set_aside) });
            }
        }
    }

    /// Removes a scope's KV, if there is one.
    pub fn remove_kv(&self, scope: &str) -> Result<()> {
        let name = folder::kv_name(scope);
        self.folder.remove(&name).and_then(|()| self.folder.sync()).map_err(|error| failed("remove", &name, error))
    }

    /// Removes all files of a scope, including those that were set aside. The transcript goes last: if removing fails
    /// half-way, the scope is still known and can be removed again.
    pub fn remove(&self, scope: &str) -> Result<()> {
        self.remove_kv(scope)?;
        let name = folder::transcript_name(scope);
        let removed = self.folder.remove_aside(scope).and_then(|()| self.folder.remove(&name));
        removed.and_then(|()| self.folder.sync()).map_err(|error| failed("remove", &name, error))
    }

    /// Removes every scope, temporary file and set-aside file. Leaves foreign files alone.
    pub fn remove_all(&self) -> Result<()> {
        let erased = || -> io::Result<()> {
            self.folder.remove_all_aside()?;
            // A scope's KV sorts before its transcript, so a failure leaves no KV without a transcript.
            for (name, _) in self.folder.list()? {
                self.folder.remove(&name)?;
            }
            self.folder.sync()
        };
        erased().map_err(|error| failed("delete", "everything", error))
    }

    fn survey(&self) -> Result<StorageContents> {
        let unavailable = |what: &str, reason: &str| {
            let detail = format!(
                "could not open {}: {what}: {reason} - try again when it can be read",
                self.directory().display()
            );
            Error::new(ErrorCode::StorageUnavailable, detail)
        };
        let files = self
            .folder
            .list()
            .map_err(|error| unavailable("its list of files", &error.to_string()).with_source(error))?;
        let mut scopes = BTreeMap::new();
        let mut set_aside = Vec::new();
        let mut heads = Vec::new();
        for (name, kind) in files {
            let path = self.folder.file(&name);
            let outcome = match kind {
                SavedFile::Temporary => self.folder.remove(&name).map_err(Reject::from),
                SavedFile::Transcript => transcript_file::read(&path).and_then(|transcript| {
                    check_name(&name, &folder::transcript_name(&transcript.scope))?;
                    scopes.insert(transcript.scope.clone(), FoundScope { transcript, kv: None });
                    Ok(())
                }),
                SavedFile::Kv => kv_file::read_header(&path).and_then(|head| {
                    check_name(&name, &folder::kv_name(&head.scope))?;
                    heads.push((name.clone(), head));
                    Ok(())
                }),
            };
            match outcome {
                Ok(()) => {}
                Err(Reject::Kept(reason)) => return Err(unavailable(&name, &reason)),
                Err(Reject::Damaged(reason)) => set_aside.extend(self.set_aside(&name, &reason, self.folder.changes())),
            }
        }
        for (name, head) in heads {
            let Some(scope) = scopes.get_mut(&head.scope) else {
                let reason = "it has no transcript beside it";
                set_aside.extend(self.set_aside(&name, reason, self.folder.changes()));
                continue;
            };
            if scope.transcript.persist == Persist::Full {
                let kv_file::Header { fingerprint, tokens, bytes, saved_at, .. } = head;
                scope.kv = Some(SavedKv { fingerprint, tokens, bytes, saved_at });
            } else {
                self.folder.remove(&name).map_err(|error| unavailable(&name, &error.to_string()).with_source(error))?;
            }
        }
        set_aside.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(StorageContents { scopes: scopes.into_values().collect(), set_aside })
    }

    /// Moves a file to `set-aside`. Returns `None` if files have changed since `seen`. A file that cannot be moved
    /// stays, but is still reported.
    fn set_aside(&self, name: &str, reason: &str, seen: u64) -> Option<SetAside> {
        let (file, reason) = match self.folder.set_aside(name, seen) {
            Ok(None) => return None,
            Ok(Some(file)) => (file, reason.to_owned()),
            Err(error) => (name.to_owned(), format!("{reason}; it could not be moved: {error}")),
        };
        tracing::warn!(file, reason, "saved file was set aside");
        Some(SetAside { file, reason })
    }
}

/// Detects files that were swapped or copied under another scope's name.
fn check_name(name: &str, expected: &str) -> std::result::Result<(), Reject> {
    if name == expected { Ok(()) } else { Err(Reject::damaged("it belongs to another scope")) }
}

fn failed(act: &str, name: &str, error: io::Error) -> Error {
    let detail = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("could not {act} {name}: the disk is full - free some space, or lower savedBudgetBytes")
        }
        _ => format!("could not {act} {name}: {error} - check that the directory is there and can be written"),
    };
    Error::new(ErrorCode::StorageFailed, detail).with_source(error)
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
