//! Files of this device become a model of the store.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::Store;
use super::cache_error::CacheError;
use super::incoming::check;
use super::locked::LockedStore;
use super::manifest::{Awaited, FileKind, Manifest};
use super::stage::{open, stage};
use crate::error::{Error, ErrorCode, Result};
use crate::store::cache::byte_progress::{Count, OnByteProgress};
use crate::store::file_name::FileName;
use crate::store::key::Key;
use crate::store::name::ModelName;

/// A file to be imported.
#[derive(Debug)]
pub struct ImportFile {
    /// What it is to be called; for the parts of a split model this matters.
    pub file: FileName,
    /// What it is for. Weights come before projectors.
    pub kind: FileKind,
    /// Where its bytes are.
    pub source: ImportSource,
}

/// Where the bytes of a file are.
pub enum ImportSource {
    /// A file, which is linked where the file system can, and copied where it cannot.
    Path(PathBuf),
    /// Bytes from elsewhere, such as the app's package.
    Reader {
        /// Read to its end.
        reader: Box<dyn Read + Send>,
        /// How many there are, if that is known.
        bytes: Option<u64>,
    },
}

impl fmt::Debug for ImportSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.debug_tuple("Path").field(path).finish(),
            Self::Reader { bytes, .. } => f.debug_struct("Reader").field("bytes", bytes).finish_non_exhaustive(),
        }
    }
}

impl Store {
    /// Stores files under a name, in place of what it meant before. Each is read once, and linked rather than copied where
    /// the file system can. Room is made within `modelsBudgetBytes`.
    ///
    /// `ModelNotFound` and `ModelInvalid` for a source that is none, `DiskFull`, `Busy` for a file that somebody writes to,
    /// `Cancelled` when `on_progress` breaks off. After any of them the name means what it meant before.
    pub fn import(&self, name: &ModelName, files: Vec<ImportFile>, on_progress: OnByteProgress<'_>) -> Result<()> {
        check(name, files.iter().map(|file| (&file.file, file.kind)))?;
        let sizes = files.iter().map(|file| size(&file.source)).collect::<std::result::Result<Vec<_>, _>>();
        let sizes = sizes.map_err(|fail| fail.said("import", name))?;
        self.make_room(name, sizes.iter().flatten().sum())?;
        let total = sizes.into_iter().sum();

        let key = unique();
        let _lock = self.change("import", name, |locked| Ok(locked.hold_partial(&key)?))?;
        let folder = self.layout.partial(&key);
        let imported = stage_all(files, &folder, &mut Count::new(total, on_progress))
            .map_err(|fail| fail.said("import", name))
            .and_then(|staged| self.change("import", name, |locked| commit(locked, name, &staged, &folder)));
        // What is left of it after a failure here is removed with the next change.
        let _ = fs::remove_dir_all(&folder);
        imported
    }
}

fn size(source: &ImportSource) -> std::result::Result<Option<u64>, CacheError> {
    match source {
        ImportSource::Path(path) => Ok(Some(open(path)?.metadata()?.len())),
        ImportSource::Reader { bytes, .. } => Ok(*bytes),
    }
}

/// Of a folder that is nobody else's.
fn unique() -> Key {
    static IMPORTS: AtomicU64 = AtomicU64::new(0);
    let number = IMPORTS.fetch_add(1, Ordering::Relaxed);
    Key::of(&format!("import {} {number} {:?}", std::process::id(), SystemTime::now()))
}

fn stage_all(
    files: Vec<ImportFile>,
    folder: &Path,
    count: &mut Count<'_>,
) -> std::result::Result<Vec<Awaited>, CacheError> {
    let staged = files.into_iter().map(|ImportFile { file, kind, source }| {
        let blob = stage(source, &file, &folder.join(file.as_str()), count)?;
        Ok(Awaited { file, kind, partial: None, blob: Some(blob) })
    });
    staged.collect()
}

/// Gives every file its place, and the name its meaning. A death in between is an import that never was.
fn commit(
    locked: &LockedStore<'_>,
    name: &ModelName,
    staged: &[Awaited],
    folder: &Path,
) -> std::result::Result<(), CacheError> {
    let mut files = staged.to_vec();
    let mut new = Vec::new();
    for awaited in &mut files {
        let Some(blob) = &mut awaited.blob else { continue };
        match locked.whole(&blob.sha256)? {
            Some(known) => *blob = known,
            None => new.push((folder.join(awaited.file.as_str()), *blob)),
        }
    }
    let entry = locked.entry(name)?;
    let mut manifest = entry.map_or_else(|| Manifest::new(name.text()), |entry| entry.manifest);
    manifest.incoming = Some(files.clone());
    locked.write(&manifest)?;
    // Nothing reads the manifest before all are there: reading settles it.
    new.iter().try_for_each(|(path, blob)| locked.place(path, blob))?;
    let entry = locked.entry(name)?;
    let stored = entry.iter().flat_map(|entry| entry.manifest.current.iter().flatten()).map(|it| Some(it.blob));
    if !stored.eq(files.iter().map(|awaited| awaited.blob)) {
        let detail = format!("could not import {name}: its files were deleted meanwhile - try again");
        return Err(Error::new(ErrorCode::StorageFailed, detail).into());
    }
    new.iter().try_for_each(|(_, blob)| locked.note_verified(blob))?;
    locked.gc_if_possible();
    Ok(())
}
