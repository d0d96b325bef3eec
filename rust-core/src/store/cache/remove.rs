//! Removing a model and the files that only it needs.

use std::collections::HashSet;

use super::Store;
use super::locked::LockedStore;
use super::manifest::Manifest;
use crate::error::{Error, ErrorCode, Result};
use crate::store::name::ModelName;

impl Store {
    /// Removes a name, its unfinished downloads, and the files that no other name needs. Removing an unknown name
    /// succeeds. Fails with `ModelInUse`, and removes nothing, while one of these files is pinned or arriving.
    pub fn remove(&self, name: &ModelName) -> Result<()> {
        self.change("remove", name, |locked| {
            let Some(entry) = locked.entry(name)? else { return Ok(()) };
            let entries = locked.entries()?;
            let others: Vec<_> = entries.known.iter().filter(|it| it.name != *name).map(|it| &it.manifest).collect();
            if is_needed(locked, &entry.manifest, &others)? {
                let detail = format!("{name} cannot be removed: it is in use - unload it, or cancel its download");
                return Err(Error::new(ErrorCode::ModelInUse, detail).into());
            }
            locked.remove_manifest(name)?;
            locked.gc_if_possible();
            Ok(())
        })
    }
}

/// Whether any process uses a file that only this manifest names.
fn is_needed(locked: &LockedStore<'_>, manifest: &Manifest, others: &[&Manifest]) -> std::io::Result<bool> {
    let kept: HashSet<_> = others.iter().flat_map(|other| other.blobs()).map(|blob| blob.sha256).collect();
    for blob in manifest.blobs() {
        if !kept.contains(&blob.sha256) && locked.is_pinned(&blob.sha256)? {
            return Ok(true);
        }
    }
    let kept: HashSet<_> = others.iter().flat_map(|other| other.partials()).collect();
    for partial in manifest.partials() {
        if !kept.contains(partial) && locked.is_partial_held(partial)? {
            return Ok(true);
        }
    }
    Ok(false)
}
