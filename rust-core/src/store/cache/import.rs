//! Importing files of this device into the store.

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
use super::manifest::{FileKind, IncomingFile, Manifest};
use super::stage::{open, stage};
use crate::error::{Error, ErrorCode, Result};
use crate::store::cache::byte_progress::{OnByteProgress, ProgressCounter};
use crate::store::file_name::FileName;
use crate::store::key::Key;
use crate::store::name::ModelName;

/// A file to import.
#[derive(Debug)]
pub struct ImportFile {
    /// The file's name in the store. Parts of a split model must keep their names.
    pub file: FileName,
    /// Weights come before projectors.
    pub kind: FileKind,
    /// Where its bytes come from.
    pub source: ImportSource,
}

/// The source of a file's bytes.
pub enum ImportSource {
    /// A file on this device. It is linked where the file system allows that, and copied elsewhere.
    Path(PathBuf),
    /// Bytes from a reader, for example an asset in the app's package.
    Reader {
        /// Is read to its end.
        reader: Box<dyn Read + Send>,
        /// The number of bytes, if known.
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
    /// Stores files under a name and replaces what the name stood for. Reads each file once, and links it instead of
    /// copying where the file system allows that. Makes room within `modelsBudgetBytes`.
    ///
    /// Fails with `ModelNotFound` or `ModelInvalid` for a source that is not a model, `DiskFull`, `Busy` for a file
    /// that is being written to, or `Cancelled` when `on_progress` returns `Break`. After a failure the name stands for
    /// what it stood for before.
    pub fn import(&self, name: &ModelName, files: Vec<ImportFile>, on_progress: OnByteProgress<'_>) -> Result<()> {
        check(name, files.iter().map(|file| (&file.file, file.kind)))?;
        let sizes = files.iter().map(|file| size(&file.source)).collect::<std::result::Result<Vec<_>, _>>();
        let sizes = sizes.map_err(|error| error.with_context("import", name))?;
        self.make_room(name, sizes.iter().flatten().sum())?;
        let total = sizes.into_iter().sum();

        let key = unique();
        let _lock = self.change("import", name, |locked| Ok(locked.hold_partial(&key)?))?;
        let folder = self.layout.partial(&key);
        let imported = stage_all(files, &folder, &mut ProgressCounter::new(total, on_progress))
            .map_err(|error| error.with_context("import", name))
            .and_then(|staged| self.change("import", name, |locked| commit(locked, name, &staged, &folder)));
        // The next change removes what this call cannot.
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

/// The key of a new folder.
fn unique() -> Key {
    static IMPORTS: AtomicU64 = AtomicU64::new(0);
    let number = IMPORTS.fetch_add(1, Ordering::Relaxed);
    Key::of(&format!("import {} {number} {:?}", std::process::id(), SystemTime::now()))
}

fn stage_all(
    files: Vec<ImportFile>,
    folder: &Path,
    count: &mut ProgressCounter<'_>,
) -> std::result::Result<Vec<IncomingFile>, CacheError> {
    let staged = files.into_iter().map(|ImportFile { file, kind, source }| {
        let blob = stage(source, &file, &folder.join(file.as_str()), count)?;
        Ok(IncomingFile { file, kind, partial: None, blob: Some(blob) })
    });
    staged.collect()
}

/// Moves every file to its place and writes the manifest. If the process dies in between, the import never happened.
fn commit(
    locked: &LockedStore<'_>,
    name: &ModelName,
    staged: &[IncomingFile],
    folder: &Path,
) -> std::result::Result<(), CacheError> {
    let mut files = staged.to_vec();
    let mut new = Vec::new();
    for awaited in &mut files {
        let Some(blob) = &mut awaited.blob else { continue };
        match locked.verified_blob(&blob.sha256)? {
            Some(known) => *blob = known,
            None => new.push((folder.join(awaited.file.as_str()), *blob)),
        }
    }
    let entry = locked.entry(name)?;
    let mut manifest = entry.map_or_else(|| Manifest::new(name.text()), |entry| entry.manifest);
    manifest.incoming = Some(files.clone());
    locked.write(&manifest)?;
    // The lock hides the manifest until all blobs are in place. The next read settles it.
    new.iter().try_for_each(|(path, blob)| locked.move_into_place(path, blob))?;
    let entry = locked.entry(name)?;
    let stored = entry.iter().flat_map(|entry| entry.manifest.current.iter().flatten()).map(|it| Some(it.blob));
    if !stored.eq(files.iter().map(|awaited| awaited.blob)) {
        let detail = format!("could not import {name}: its files were deleted during the import - try again");
        return Err(Error::new(ErrorCode::StorageFailed, detail).into());
    }
    new.iter().try_for_each(|(_, blob)| locked.note_verified(blob))?;
    locked.gc_if_possible();
    Ok(())
}
