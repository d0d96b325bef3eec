//! A name goes, and with it what nobody else needs.

use std::collections::HashSet;

use super::Store;
use super::held::Held;
use super::manifest::Manifest;
use crate::error::{Error, ErrorCode, Result};
use crate::store::name::ModelName;

impl Store {
    /// Removes a name, its files where no other name means them, and its unfinished downloads. One that is not there is no
    /// error. `ModelInUse` while a file that would go is pinned, or a download of it is running: then nothing is removed.
    pub fn remove(&self, name: &ModelName) -> Result<()> {
        self.change("remove", name, |held| {
            let Some(entry) = held.entry(name)? else { return Ok(()) };
            let entries = held.entries()?;
            let others: Vec<_> = entries.known.iter().filter(|it| it.name != *name).map(|it| &it.manifest).collect();
            if is_needed(held, &entry.manifest, &others)? {
                let detail = format!("{name} cannot be removed: it is in use - unload it, or cancel its download");
                return Err(Error::new(ErrorCode::ModelInUse, detail).into());
            }
            held.forget(name)?;
            held.tidy_if_possible();
            Ok(())
        })
    }
}

/// Whether somebody uses what only this manifest keeps.
fn is_needed(held: &Held<'_>, manifest: &Manifest, others: &[&Manifest]) -> std::io::Result<bool> {
    let kept: HashSet<_> = others.iter().flat_map(|other| other.blobs()).map(|blob| blob.sha256).collect();
    for blob in manifest.blobs() {
        if !kept.contains(&blob.sha256) && held.is_pinned(&blob.sha256)? {
            return Ok(true);
        }
    }
    let kept: HashSet<_> = others.iter().flat_map(|other| other.partials()).collect();
    for partial in manifest.partials() {
        if !kept.contains(partial) && held.is_partial_held(partial)? {
            return Ok(true);
        }
    }
    Ok(false)
}
