//! What is written down of a name: the files that it means, and those that it will mean when they are all there.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::store::digest::Digest;
use crate::store::file_name::FileName;
use crate::store::key::Key;

/// Grows with every change that an older build would lose a part of.
pub(super) const VERSION: u32 = 1;

/// What a file of a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// The model itself, or a part of it; parts in their order.
    Weights,
    /// What makes tokens of images and sound.
    Projector,
}

/// Says nothing of what is on the disk: that is looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    pub version: u32,
    /// The canonical text.
    pub name: String,
    /// The set that the name means.
    pub current: Option<Vec<Stored>>,
    /// The one that takes its place when all of it has arrived.
    pub incoming: Option<Vec<Awaited>>,
}

/// A file of a set that has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Stored {
    pub file: FileName,
    pub kind: FileKind,
    pub blob: Blob,
}

/// A file of a set that is coming in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Awaited {
    pub file: FileName,
    pub kind: FileKind,
    /// The folder that it comes in by; `None` for an import, which nobody can go on with.
    pub partial: Option<Key>,
    /// What it is, from the moment that it is known.
    pub blob: Option<Blob>,
}

/// A verified file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Blob {
    pub sha256: Digest,
    pub bytes: u64,
    /// When it was last written to before it was verified, in nanoseconds since the Unix epoch. A file that has another
    /// time was written to since, and is verified again before it is used.
    pub modified: i64,
}

/// What the disk says of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Whole,
    /// Verified once, and written to or restored from a backup since.
    Touched,
    /// Deleted, or of another length.
    Absent,
}

impl Manifest {
    pub(super) fn new(name: String) -> Self {
        Self { version: VERSION, name, current: None, incoming: None }
    }

    /// What it is in truth: the incoming set is the current one when all of it is there, and nothing when nobody can go on
    /// with it.
    pub(super) fn settled(mut self, is_there: impl Fn(&Blob) -> bool) -> Self {
        let Some(incoming) = &self.incoming else { return self };
        let arrived: Option<Vec<_>> = incoming
            .iter()
            .map(|awaited| {
                let blob = awaited.blob.filter(&is_there)?;
                Some(Stored { file: awaited.file.clone(), kind: awaited.kind, blob })
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

    /// Whether it says nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.current.is_none() && self.incoming.is_none()
    }

    /// Every blob that it names, once.
    pub(super) fn blobs(&self) -> Vec<Blob> {
        let current = self.current.iter().flatten().map(|stored| stored.blob);
        let incoming = self.incoming.iter().flatten().filter_map(|awaited| awaited.blob);
        let mut seen = BTreeSet::new();
        current.chain(incoming).filter(|blob| seen.insert(blob.sha256)).collect()
    }

    /// Of the files that are still coming in.
    pub(super) fn partials(&self) -> impl Iterator<Item = &Key> {
        self.incoming.iter().flatten().filter_map(|awaited| awaited.partial.as_ref())
    }

    /// Of the folder of links to the current set.
    pub(super) fn set_key(&self) -> Option<Key> {
        self.current.as_deref().map(set_key)
    }
}

/// A set of links is named by where they point, so that it never has to change.
pub(super) fn set_key(files: &[Stored]) -> Key {
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

/// 0 where the system does not say.
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

    fn awaited(file: &str, partial: bool, content: Option<&str>) -> Awaited {
        let partial = partial.then(|| Key::of(file));
        let file = FileName::new(file).expect("allowed");
        Awaited { file, kind: FileKind::Weights, partial, blob: content.map(blob) }
    }

    fn manifest(incoming: Vec<Awaited>) -> Manifest {
        let old = Stored { file: FileName::new("old").expect("allowed"), kind: FileKind::Weights, blob: blob("old") };
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
