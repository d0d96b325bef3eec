//! Garbage collection: removes unused files that no manifest names, that is blobs of removed names, links to them, and
//! downloads that cannot be resumed.

use std::collections::HashSet;
use std::fs;
use std::io;

use super::cache_error::CacheError;
use super::layout::Layout;
use super::locked::{LockedStore, names_in};
use crate::files::{ignore_absence, sync_directory};
use crate::store::key::Key;

impl LockedStore<'_> {
    /// Collects after a change has been made. A failure is only logged: the next change collects again.
    pub(super) fn gc_if_possible(&self) {
        if let Err(error) = self.gc() {
            let error = error.with_context("clean up", &self.layout.root().display());
            tracing::warn!(%error, "garbage collection of the model store failed");
        }
    }

    pub(super) fn gc(&self) -> Result<(), CacheError> {
        let entries = self.entries()?;
        if entries.newer {
            // A newer build's names may refer to any blob.
            return Ok(());
        }
        let manifests = || entries.known.iter().map(|entry| &entry.manifest);
        // Links go first: they name the blobs in use, as long as those blobs exist.
        let sets: HashSet<_> = manifests().filter_map(|manifest| manifest.set_key()).collect();
        self.gc_sets(&sets)?;
        let blobs: HashSet<_> = manifests().flat_map(|manifest| manifest.blobs()).map(|blob| blob.sha256).collect();
        for file in names_in(&self.layout.blobs)? {
            let Some(digest) = Layout::blob_digest(&file) else { continue };
            if !blobs.contains(&digest) && !self.is_pinned(&digest)? {
                ignore_absence(fs::remove_file(self.layout.blob(&digest)))?;
            }
        }
        let partials: HashSet<_> = manifests().flat_map(|manifest| manifest.partials()).collect();
        for file in names_in(&self.layout.partials)? {
            let Some(key) = Key::read(&file) else { continue };
            if !partials.contains(&key) && !self.is_partial_held(&key)? {
                ignore_absence(fs::remove_dir_all(self.layout.partial(&key)))?;
            }
        }
        [&self.layout.sets, &self.layout.blobs, &self.layout.partials]
            .into_iter()
            .try_for_each(|it| sync_directory(it))?;
        Ok(())
    }

    fn gc_sets(&self, referred: &HashSet<Key>) -> io::Result<()> {
        for name in names_in(&self.layout.sets)? {
            let Some(key) = Key::read(&name) else { continue };
            if referred.contains(&key) {
                continue;
            }
            let folder = self.layout.set(&key);
            let mut in_use = false;
            for file in names_in(&folder)? {
                in_use |= match super::link_set::target(&folder.join(file)) {
                    Some(digest) => self.is_pinned(&digest)?,
                    None => false,
                };
            }
            if !in_use {
                ignore_absence(fs::remove_dir_all(&folder))?;
            }
        }
        Ok(())
    }
}
