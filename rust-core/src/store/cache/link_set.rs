//! A set of files under their own names, beside each other: a folder of links to blobs. Symbolic ones, because Android lets
//! no app make hard ones; hard ones on Windows, where it is the other way round.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::layout::Layout;
use super::locked::LockedStore;
use super::manifest::{Stored, set_key};
use crate::files::{ignore_absence, make_directory};
use crate::store::digest::Digest;

impl LockedStore<'_> {
    /// The folder, with every link in place. The blobs are pinned.
    pub(super) fn link_set(&self, files: &[Stored]) -> io::Result<PathBuf> {
        let folder = self.layout.set(&set_key(files));
        make_directory(&folder)?;
        for stored in files {
            link(self.layout, &stored.blob.sha256, &folder.join(stored.file.as_str()))?;
        }
        Ok(folder)
    }
}

/// Relative: an app's folders move when it is updated.
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

/// The blob that a link leads to; `None` if it is no link of ours.
pub(super) fn target(at: &Path) -> Option<Digest> {
    Layout::blob_digest(fs::read_link(at).ok()?.file_name()?.to_str()?)
}
