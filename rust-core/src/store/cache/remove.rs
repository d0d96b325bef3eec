//! A name goes, and with it what nobody else needs.

use std::collections::HashSet;

use super::Store;
use super::locked::LockedStore;
use super::manifest::Manifest;
use crate::error::{Error, ErrorCode, Result};
use crate::store::name::ModelName;

impl Store {
    /// Removes a name, its files where no other name means them, and its unfinished downloads. One that is not there is no
    /// error. `ModelInUse` while a file that would go is pinned, or a download of it is running: then nothing is removed.
    pub fn remove(&self, name: &ModelName) -> Result<()> {
        self.change("remove", name, |locked| {
            let Some(entry) = locked.entry(name)? else { return Ok(()) };
            let entries = locked.entries()?;
            let others: Vec<_> = entries.known.iter().filter(|it| it.name != *name).map(|it| &it.manifest).collect();
            if is_needed(locked, &entry.manifest, &others)? {
                let detail = format!("{name} cannot be removed: it is in use - unload it, or cancel its download");
                return Err(Error::new(ErrorCode::ModelInUse, detail).into());
            }
            locked.forget(name)?;
            locked.gc_if_possible();
            Ok(())
        })
    }
}

/// Whether somebody uses what only this manifest keeps.
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
