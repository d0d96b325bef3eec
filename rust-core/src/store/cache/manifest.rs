//! The manifest of a name: the files that it stands for, and the files that will replace them once all have arrived.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::store::digest::Digest;
use crate::store::file_name::FileName;
use crate::store::key::Key;

/// Increases with every change that would make an older build lose data.
pub(super) const VERSION: u32 = 1;

/// The purpose of a model's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// The model, or one part of a split model. Parts are in order.
    Weights,
    /// The encoder for images and sound.
    Projector,
}

/// Describes the intended state. Readers look up separately which blobs exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    pub version: u32,
    /// The canonical text of the model's name.
    pub name: String,
    /// The usable set.
    pub current: Option<Vec<CurrentFile>>,
    /// The set that replaces it once all of it has arrived.
    pub incoming: Option<Vec<IncomingFile>>,
}

/// A file of a complete set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CurrentFile {
    pub file: FileName,
    pub kind: FileKind,
    pub blob: Blob,
}

/// A file of an arriving set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct IncomingFile {
    pub file: FileName,
    pub kind: FileKind,
    /// The key of the partial folder; `None` for an import, which cannot be resumed.
    pub partial: Option<Key>,
    /// The verified content, as soon as it is known.
    pub blob: Option<Blob>,
}

/// A verified file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Blob {
    pub sha256: Digest,
    pub bytes: u64,
    /// Modification time when the file was verified, in nanoseconds since the Unix epoch. Another time means that the
    /// file was written to since, and is verified again before its next use.
    pub modified: i64,
}

/// The state of a blob on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Whole,
    /// Same size, another modification time: written to, or restored from a backup.
    Touched,
    /// Deleted, or of another size.
    Absent,
}

impl Manifest {
    pub(super) fn new(name: String) -> Self {
        Self { version: VERSION, name, current: None, incoming: None }
    }

    /// Settles the manifest against the disk: a fully arrived set becomes the current one, and an incomplete set that
    /// cannot be resumed is dropped.
    pub(super) fn settled(mut self, is_there: impl Fn(&Blob) -> bool) -> Self {
        let Some(incoming) = &self.incoming else { return self };
        let arrived: Option<Vec<_>> = incoming
            .iter()
            .map(|awaited| {
                let blob = awaited.blob.filter(&is_there)?;
                Some(CurrentFile { file: awaited.file.clone(), kind: awaited.kind, blob })
            })
            .collect();
        if arrived.is_some() {
            self.current = arrived;
            self.incoming = None;
        } else if incoming.iter().all(|awaited| awaited.partial.is_none()) {
            self.incoming = None;
        }
        self
    }

    /// Whether the manifest names no files.
    pub(super) fn is_empty(&self) -> bool {
        self.current.is_none() && self.incoming.is_none()
    }

    /// The blobs of both sets, without duplicates.
    pub(super) fn blobs(&self) -> Vec<Blob> {
        let current = self.current.iter().flatten().map(|stored| stored.blob);
        let incoming = self.incoming.iter().flatten().filter_map(|awaited| awaited.blob);
        let mut seen = BTreeSet::new();
        current.chain(incoming).filter(|blob| seen.insert(blob.sha256)).collect()
    }

    /// The partial folders of the arriving files.
    pub(super) fn partials(&self) -> impl Iterator<Item = &Key> {
        self.incoming.iter().flatten().filter_map(|awaited| awaited.partial.as_ref())
    }

    /// The key of the current set's folder of links.
    pub(super) fn set_key(&self) -> Option<Key> {
        self.current.as_deref().map(set_key)
    }
}

/// A link folder is named by its targets, so it never has to change.
pub(super) fn set_key(files: &[CurrentFile]) -> Key {
    let lines: String = files.iter().map(|stored| format!("{} {}\n", stored.blob.sha256, stored.file)).collect();
    Key::of(&lines)
}

impl Blob {
    pub(super) fn new(sha256: Digest, about: &Metadata) -> Self {
        Self { sha256, bytes: about.len(), modified: modified(about) }
    }

    pub(super) fn presence(&self, about: &Metadata) -> Presence {
        match (about.len() == self.bytes, modified(about) == self.modified) {
            (false, _) => Presence::Absent,
            (true, false) => Presence::Touched,
            (true, true) => Presence::Whole,
        }
    }
}

/// Modification time in nanoseconds since the Unix epoch; 0 where the system does not say.
pub(super) fn modified(about: &Metadata) -> i64 {
    let Ok(time) = about.modified() else { return 0 };
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(content: &str) -> Blob {
        Blob { sha256: Digest::of(content.as_bytes()), bytes: 1, modified: 0 }
    }

    fn awaited(file: &str, partial: bool, content: Option<&str>) -> IncomingFile {
        let partial = partial.then(|| Key::of(file));
        let file = FileName::new(file).expect("allowed");
        IncomingFile { file, kind: FileKind::Weights, partial, blob: content.map(blob) }
    }

    fn manifest(incoming: Vec<IncomingFile>) -> Manifest {
        let old =
            CurrentFile { file: FileName::new("old").expect("allowed"), kind: FileKind::Weights, blob: blob("old") };
        Manifest { current: Some(vec![old]), incoming: Some(incoming), ..Manifest::new("name".into()) }
    }

    fn files(manifest: &Manifest) -> Vec<&str> {
        manifest.current.iter().flatten().map(|stored| stored.file.as_str()).collect()
    }

    #[test]
    fn an_incoming_set_takes_over_when_all_of_it_is_there() {
        let whole = manifest(vec![awaited("a", true, Some("a")), awaited("b", true, Some("b"))]);
        let settled = whole.clone().settled(|_| true);
        assert_eq!((files(&settled), &settled.incoming), (vec!["a", "b"], &None));
        let gone = whole.clone().settled(|blob| blob.sha256 != Digest::of(b"b"));
        assert_eq!(gone, whole);
        let begun = manifest(vec![awaited("a", true, Some("a")), awaited("b", true, None)]);
        assert_eq!(begun.clone().settled(|_| true), begun);
    }

    #[test]
    fn an_import_that_was_cut_short_is_forgotten() {
        let import = manifest(vec![awaited("a", false, Some("a")), awaited("b", false, Some("b"))]);
        assert_eq!(files(&import.clone().settled(|_| true)), ["a", "b"]);
        let settled = import.settled(|blob| blob.sha256 != Digest::of(b"b"));
        assert_eq!((files(&settled), &settled.incoming), (vec!["old"], &None));
        let nothing = Manifest { current: None, ..manifest(vec![awaited("a", false, Some("a"))]) };
        assert!(nothing.settled(|_| false).is_empty());
    }
}
