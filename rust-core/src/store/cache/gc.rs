//! What no name refers to goes, unless somebody is using it: the blobs of removed names, links to them, downloads that
//! nobody can go on with.

use std::collections::HashSet;
use std::fs;
use std::io;

use super::cache_error::CacheError;
use super::layout::Layout;
use super::locked::{LockedStore, names_in};
use crate::files::{ignore_absence, sync_directory};
use crate::store::key::Key;

impl LockedStore<'_> {
    /// After a change that is made: what cannot be removed now is removed after the next one.
    pub(super) fn gc_if_possible(&self) {
        if let Err(fail) = self.gc() {
            let error = fail.said("tidy", &self.layout.root().display());
            tracing::warn!(%error, "model store was not tidied");
        }
    }

    pub(super) fn gc(&self) -> Result<(), CacheError> {
        let entries = self.entries()?;
        if entries.newer {
            // They may be what a newer build's names refer to.
            return Ok(());
        }
        let manifests = || entries.known.iter().map(|entry| &entry.manifest);
        // Links first: as long as a blob is there, they say what must not go.
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
