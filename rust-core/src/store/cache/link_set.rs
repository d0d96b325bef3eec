//! A folder of links that shows a set's blobs side by side under their own file names. The links are symbolic on Unix,
//! because Android forbids hard links to apps, and hard on Windows, where symbolic links need a privilege.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::layout::Layout;
use super::locked::LockedStore;
use super::manifest::{CurrentFile, set_key};
use crate::files::{ignore_absence, make_directory};
use crate::store::digest::Digest;

impl LockedStore<'_> {
    /// Creates the folder with all its links. The caller has pinned the blobs.
    pub(super) fn link_set(&self, files: &[CurrentFile]) -> io::Result<PathBuf> {
        let folder = self.layout.set(&set_key(files));
        make_directory(&folder)?;
        for stored in files {
            link(self.layout, &stored.blob.sha256, &folder.join(stored.file.as_str()))?;
        }
        Ok(folder)
    }
}

/// The link is relative, because an update may move the app's folders.
#[cfg(unix)]
fn link(_layout: &Layout, digest: &Digest, at: &Path) -> io::Result<()> {
    if target(at).as_ref() == Some(digest) {
        return Ok(());
    }
    ignore_absence(fs::remove_file(at))?;
    std::os::unix::fs::symlink(Path::new("../../blobs").join(Layout::blob_name(digest)), at)
}

#[cfg(not(unix))]
fn link(layout: &Layout, digest: &Digest, at: &Path) -> io::Result<()> {
    ignore_absence(fs::remove_file(at))?;
    fs::hard_link(layout.blob(digest), at)
}

/// The blob that a link points to; `None` for a foreign file.
pub(super) fn target(at: &Path) -> Option<Digest> {
    Layout::blob_digest(fs::read_link(at).ok()?.file_name()?.to_str()?)
}
