//! Paths inside the store's folder.

use std::io;
use std::path::{Path, PathBuf};

use crate::files::make_directory;
use crate::store::digest::Digest;
use crate::store::key::Key;

const BLOB_PREFIX: &str = "sha256-";
const MANIFEST_SUFFIX: &str = ".json";

#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
    pub names: PathBuf,
    pub blobs: PathBuf,
    pub sets: PathBuf,
    pub partials: PathBuf,
}

impl Layout {
    pub(super) fn new(root: PathBuf) -> Self {
        let [names, blobs, sets, partials] = ["names", "blobs", "sets", "partial"].map(|name| root.join(name));
        Self { root, names, blobs, sets, partials }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Creates the folders that do not exist.
    pub(super) fn create_folders(&self) -> io::Result<()> {
        [&self.names, &self.blobs, &self.sets, &self.partials].into_iter().try_for_each(|folder| make_directory(folder))
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(super) fn manifest(&self, key: &Key) -> PathBuf {
        self.names.join(format!("{}{MANIFEST_SUFFIX}", key.as_str()))
    }

    /// The key in a manifest's file name; `None` for a foreign file.
    pub(super) fn manifest_key(name: &str) -> Option<Key> {
        Key::read(name.strip_suffix(MANIFEST_SUFFIX)?)
    }

    /// Whether a file is a manifest whose writing was interrupted.
    pub(super) fn is_temporary(name: &str) -> bool {
        name.ends_with(".tmp") && name.split('.').next().is_some_and(|key| Key::read(key).is_some())
    }

    pub(super) fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs.join(Self::blob_name(digest))
    }

    pub(super) fn blob_name(digest: &Digest) -> String {
        format!("{BLOB_PREFIX}{digest}")
    }

    /// The digest in a blob's file name; `None` for a foreign file.
    pub(super) fn blob_digest(name: &str) -> Option<Digest> {
        name.strip_prefix(BLOB_PREFIX)?.parse().ok()
    }

    pub(super) fn set(&self, key: &Key) -> PathBuf {
        self.sets.join(key.as_str())
    }

    pub(super) fn partial(&self, key: &Key) -> PathBuf {
        self.partials.join(key.as_str())
    }
}
