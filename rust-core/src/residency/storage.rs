//! The directory of saved scopes: one transcript and at most one KV per scope. Every function blocks; every change is
//! atomic: a file is the old one or the new one, whatever moment the process dies at.

use std::path::{Path, PathBuf};

use super::{Fingerprint, Parked};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{Message, Persist};

/// A directory that this process alone uses.
#[derive(Debug)]
pub struct Storage {
    directory: PathBuf,
}

/// A conversation without its KV: independent of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
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
pub struct Found {
    /// Sorted by id.
    pub scopes: Vec<FoundScope>,
    /// Damaged files, files of an unknown version, KV without a transcript.
    pub set_aside: Vec<SetAside>,
}

/// Why a saved KV was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// For a person.
    pub reason: String,
    /// Present if the file itself was to blame.
    pub set_aside: Option<SetAside>,
}

impl Storage {
    /// Opens a directory, made if there is none, and reads every transcript and the head of every KV. Leftover temporary
    /// files go. `StorageUnavailable` while another process has it open, or this one twice.
    pub fn open(directory: &Path) -> Result<(Self, Found)> {
        std::fs::create_dir_all(directory).map_err(|error| {
            let detail =
                format!("could not make {}: {error} - name a directory that can be written", directory.display());
            Error::new(ErrorCode::StorageUnavailable, detail)
        })?;
        Ok((Self { directory: directory.to_owned() }, Found::default()))
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}
