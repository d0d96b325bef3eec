//! The directory of saved scopes: one transcript and at most one KV per scope. Every function blocks; every change is
//! atomic: a file is the old one or the new one, whatever moment the process dies at.

mod folder;
mod kv;
mod reject;
#[cfg(test)]
mod tests;
mod transcript;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use self::folder::{Folder, Kind};
use self::reject::Reject;
use super::{Fingerprint, KvSnapshot};
use crate::error::{Error, ErrorCode, Result};
use crate::files::Lock;
use crate::protocol::{Message, Persist};

/// The file that is locked: who holds it may write there. It stays when the directory is emptied.
const LOCK: &str = "lock";

/// A directory that this process alone uses. What is asked for one scope is done in the order in which calls return, so
/// their caller orders them; calls for different scopes may run at once.
#[derive(Debug)]
pub struct Storage {
    folder: Folder,
    /// Held as long as there may be writers.
    _lock: Lock,
}

/// A conversation without its KV: independent of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedTranscript {
    /// Id of the scope.
    pub scope: String,
    /// Path of the model that answered last.
    pub model: String,
    /// Never `None`, which is not saved.
    pub persist: Persist,
    /// Which state of the transcript this is.
    pub revision: u64,
    /// Milliseconds since the Unix epoch.
    pub last_used_at: u64,
    /// Messages after the system prompt that the model no longer sees.
    pub dropped_messages: u32,
    /// All of them, oldest first.
    pub messages: Vec<Message>,
}

/// What is known of a KV file without reading its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedKv {
    /// Of the model that it belongs to.
    pub fingerprint: Fingerprint,
    /// Tokens that it covers.
    pub tokens: u32,
    /// Size of the file.
    pub bytes: u64,
    /// When it was written, in milliseconds since the Unix epoch.
    pub saved_at: u64,
}

/// A scope that an earlier process left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundScope {
    /// Its conversation.
    pub transcript: SavedTranscript,
    /// Its KV, if there is one.
    pub kv: Option<SavedKv>,
}

/// A file that could not be used and was moved into the folder `set-aside`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its name there.
    pub file: String,
    /// What is wrong with it, for a person.
    pub reason: String,
}

/// What a directory held when it was opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct StorageContents {
    /// Sorted by id.
    pub scopes: Vec<FoundScope>,
    /// Damaged files, files of an unknown version, KV without a transcript. Sorted by name.
    pub set_aside: Vec<SetAside>,
}

/// Why a saved KV was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableKv {
    /// For a person.
    pub reason: String,
    /// Present if the file itself was to blame.
    pub set_aside: Option<SetAside>,
}

impl Storage {
    /// Opens a directory, made if there is none, and reads every transcript and the head of every KV. Leftover temporary
    /// files go, and KV whose scope says that it wants none on disk. `StorageUnavailable` while another process has it
    /// open, or this one twice, or a file cannot be read now: nothing is taken for damaged that may be well tomorrow.
    pub fn open(directory: &Path) -> Result<(Self, StorageContents)> {
        let folder = Folder::make(directory).map_err(|error| {
            let detail =
                format!("could not make {}: {error} - name a directory that can be written", directory.display());
            Error::new(ErrorCode::StorageUnavailable, detail)
        })?;
        let lock = Lock::take(&directory.join(LOCK)).map_err(|error| {
            let detail = match error.kind() {
                io::ErrorKind::WouldBlock => {
                    format!("{} is in use already - give each manager a directory of its own", directory.display())
                }
                _ => format!("could not lock {}: {error} - name a directory that can be written", directory.display()),
            };
            Error::new(ErrorCode::StorageUnavailable, detail)
        })?;
        let storage = Self { folder, _lock: lock };
        let found = storage.survey()?;
        Ok((storage, found))
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a scope's transcript in place of the old one. On the disk when it returns. `StorageFailed` leaves the old
    /// one; `StorageUnavailable` if the transcript says that nothing of it may be saved.
    pub fn write_transcript(&self, transcript: &SavedTranscript) -> Result<()> {
        if transcript.persist == Persist::None {
            let detail = "could not save a scope: its persist is none - set it to transcript or kv";
            return Err(Error::new(ErrorCode::StorageUnavailable, detail));
        }
        let name = folder::transcript_name(&transcript.scope);
        let (head, json) = transcript::encode(transcript).map_err(|error| failed("write", &name, &error.into()))?;
        self.folder.replace(&name, &[&head, &json]).map_err(|error| failed("write", &name, &error))
    }

    /// Writes a scope's KV in place of the old one. On the disk when it returns. The scope's transcript comes first: a KV
    /// without one is set aside by the next `open`. `StorageFailed` leaves the old KV.
    pub fn write_kv(&self, parked: &KvSnapshot, fingerprint: Fingerprint) -> Result<SavedKv> {
        let name = folder::kv_name(parked.scope());
        let saved_at = now();
        let head = kv::encode_head(parked, fingerprint, saved_at);
        self.folder.replace(&name, &[&head, parked.state()]).map_err(|error| failed("write", &name, &error))?;
        let bytes = (head.len() + parked.state().len()) as u64;
        Ok(SavedKv { fingerprint, tokens: parked.tokens().len() as u32, bytes, saved_at })
    }

    /// Reads a scope's KV, if it is whole, the scope's own, and for the model of this fingerprint. A damaged file is set
    /// aside; one for another model stays where it is.
    pub fn read_kv(&self, scope: &str, fingerprint: Fingerprint) -> std::result::Result<KvSnapshot, UnusableKv> {
        let name = folder::kv_name(scope);
        loop {
            let seen = self.folder.changes();
            let reason = match kv::read(&self.folder.file(&name), scope, fingerprint) {
                Ok(parked) => return Ok(parked),
                Err(Reject::Kept(reason)) => return Err(UnusableKv { reason, set_aside: None }),
                Err(Reject::Damaged(reason)) => reason,
            };
            // Else a new file may have taken the place of the one that was read: look again.
            if let Some(set_aside) = self.set_aside(&name, &reason, seen) {
                return Err(UnusableKv { reason, set_aside: Some(set_aside) });
            }
        }
    }

    /// Removes a scope's KV. One that is not there is no error.
    pub fn remove_kv(&self, scope: &str) -> Result<()> {
        let name = folder::kv_name(scope);
        self.folder.remove(&name).and_then(|()| self.folder.sync()).map_err(|error| failed("remove", &name, &error))
    }

    /// Removes all of a scope, what was set aside under its name included. The transcript goes last, so that what is left
    /// after a failure is still known as a scope, and can be removed again.
    pub fn remove(&self, scope: &str) -> Result<()> {
        self.remove_kv(scope)?;
        let name = folder::transcript_name(scope);
        let removed = self.folder.remove_aside(scope).and_then(|()| self.folder.remove(&name));
        removed.and_then(|()| self.folder.sync()).map_err(|error| failed("remove", &name, &error))
    }

    /// Removes every scope, half-written files and all that was set aside. Files that are none of ours stay.
    pub fn remove_all(&self) -> Result<()> {
        let erased = || -> io::Result<()> {
            self.folder.remove_all_aside()?;
            // KV first: names sort that way within a scope, and a failure then leaves no KV without a transcript.
            for (name, _) in self.folder.list()? {
                self.folder.remove(&name)?;
            }
            self.folder.sync()
        };
        erased().map_err(|error| failed("erase", "everything", &error))
    }

    fn survey(&self) -> Result<StorageContents> {
        let unavailable = |what: &str, reason: &str| {
            let detail = format!(
                "could not open {}: {what}: {reason} - try again when it can be read",
                self.directory().display()
            );
            Error::new(ErrorCode::StorageUnavailable, detail)
        };
        let files = self.folder.list().map_err(|error| unavailable("its list of files", &error.to_string()))?;
        let mut scopes = BTreeMap::new();
        let mut set_aside = Vec::new();
        let mut heads = Vec::new();
        for (name, kind) in files {
            let path = self.folder.file(&name);
            let judged = match kind {
                Kind::Temporary => self.folder.remove(&name).map_err(Reject::from),
                Kind::Transcript => transcript::read(&path).and_then(|transcript| {
                    check_name(&name, &folder::transcript_name(&transcript.scope))?;
                    scopes.insert(transcript.scope.clone(), FoundScope { transcript, kv: None });
                    Ok(())
                }),
                Kind::Kv => kv::read_head(&path).and_then(|head| {
                    check_name(&name, &folder::kv_name(&head.scope))?;
                    heads.push((name.clone(), head));
                    Ok(())
                }),
            };
            match judged {
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
                let kv::Head { fingerprint, tokens, bytes, saved_at, .. } = head;
                scope.kv = Some(SavedKv { fingerprint, tokens, bytes, saved_at });
            } else {
                self.folder.remove(&name).map_err(|error| unavailable(&name, &error.to_string()))?;
            }
        }
        set_aside.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(StorageContents { scopes: scopes.into_values().collect(), set_aside })
    }

    /// `None` if files changed since `seen`. A file that cannot be moved stays, and is reported all the same.
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

/// Else two files were swapped, or one was copied.
fn check_name(name: &str, expected: &str) -> std::result::Result<(), Reject> {
    if name == expected { Ok(()) } else { Err(Reject::damaged("it belongs to another scope")) }
}

fn failed(act: &str, name: &str, error: &io::Error) -> Error {
    let detail = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("could not {act} {name}: the disk is full - free some space, or lower savedBudgetBytes")
        }
        _ => format!("could not {act} {name}: {error} - check that the directory is there and can be written"),
    };
    Error::new(ErrorCode::StorageFailed, detail)
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
