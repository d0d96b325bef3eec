//! A file of this device on its way into the store: linked where the file system can, else copied; read once either way.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use super::cache_error::CacheError;
use super::disk_use::free_bytes;
use super::import::ImportSource;
use super::manifest::{Blob, modified};
use crate::error::{Error, ErrorCode};
use crate::human_bytes;
use crate::store::cache::byte_progress::Count;
use crate::store::digest::Hasher;
use crate::store::file_name::FileName;

/// Large enough for the disk, small enough to be cancelled between two.
const PIECE: usize = 1 << 20;

/// Puts a source's bytes at a path that is free, on the disk when this returns.
pub(super) fn stage(
    source: ImportSource,
    file: &FileName,
    at: &Path,
    count: &mut Count<'_>,
) -> Result<Blob, CacheError> {
    match source {
        ImportSource::Path(path) => {
            let mut from = open(&path)?;
            if clone_file(&from, at).is_ok() || link(&from, &path, at).is_ok() {
                hash(file, at, count)
            } else {
                let bytes = from.metadata()?.len();
                copy(&mut from, Some(bytes), file, at, count)
            }
        }
        ImportSource::Reader { mut reader, bytes } => copy(&mut reader, bytes, file, at, count),
    }
}

/// Opens a file that somebody named.
pub(super) fn open(path: &Path) -> Result<File, CacheError> {
    let not_found = |what: &str| {
        let detail = format!("{} {what} - give the path of a GGUF file", path.display());
        CacheError::Said(Error::new(ErrorCode::ModelNotFound, detail))
    };
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => not_found("is not there"),
        _ => CacheError::Io(error),
    })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_found("is not a file")) }
}

/// Reads to the end, in pieces.
pub(super) fn copy_chunks(
    reader: &mut dyn Read,
    mut each: impl FnMut(&[u8]) -> Result<(), CacheError>,
) -> Result<(), CacheError> {
    let mut piece = vec![0; PIECE];
    loop {
        let mut filled = 0;
        while filled < PIECE {
            match reader.read(&mut piece[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if filled == 0 {
            return Ok(());
        }
        each(&piece[..filled])?;
    }
}

fn copy(
    reader: &mut dyn Read,
    bytes: Option<u64>,
    file: &FileName,
    at: &Path,
    count: &mut Count<'_>,
) -> Result<Blob, CacheError> {
    let folder = at.parent().unwrap_or(at);
    if let (Some(needed), Some(free)) = (bytes, free_bytes(folder)?)
        && needed > free
    {
        let (needed, free) = (human_bytes::format(needed), human_bytes::format(free));
        let detail = format!("could not copy {file}: it has {needed}, and {free} are free - free some space");
        return Err(Error::new(ErrorCode::DiskFull, detail).into());
    }
    let mut to = File::options().write(true).create_new(true).open(at)?;
    let mut content = Content::new(file);
    copy_chunks(reader, |piece| {
        content.take(piece)?;
        to.write_all(piece)?;
        Ok(count.add(piece.len() as u64)?)
    })?;
    content.finish(&to)
}

fn hash(file: &FileName, at: &Path, count: &mut Count<'_>) -> Result<Blob, CacheError> {
    let mut staged = File::open(at)?;
    let before = staged.metadata()?;
    let mut content = Content::new(file);
    copy_chunks(&mut staged, |piece| {
        content.take(piece)?;
        Ok(count.add(piece.len() as u64)?)
    })?;
    let blob = content.finish(&staged)?;
    if (before.len(), modified(&before)) != (blob.bytes, blob.modified) {
        let detail = format!("{file} was written to while it was read - import it when nobody does");
        return Err(Error::new(ErrorCode::Busy, detail).into());
    }
    Ok(blob)
}

/// What a file turns out to be.
struct Content<'a> {
    file: &'a FileName,
    hasher: Hasher,
    is_gguf: bool,
}

impl<'a> Content<'a> {
    fn new(file: &'a FileName) -> Self {
        Self { file, hasher: Hasher::default(), is_gguf: false }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), CacheError> {
        // Every piece but the last is a whole one, so the first tells.
        self.is_gguf = self.is_gguf || piece.starts_with(b"GGUF");
        if !self.is_gguf {
            return Err(self.no_gguf());
        }
        self.hasher.update(piece);
        Ok(())
    }

    fn finish(self, staged: &File) -> Result<Blob, CacheError> {
        if !self.is_gguf {
            return Err(self.no_gguf());
        }
        staged.sync_all()?;
        Ok(Blob::new(self.hasher.finish(), &staged.metadata()?))
    }

    fn no_gguf(&self) -> CacheError {
        let detail = format!("{} is not a GGUF file: it does not begin with GGUF - choose another file", self.file);
        Error::new(ErrorCode::ModelInvalid, detail).into()
    }
}

/// A copy that shares its blocks with the original until one of them is written to.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn clone_file(from: &File, at: &Path) -> io::Result<()> {
    let to = File::options().write(true).create_new(true).open(at)?;
    rustix::fs::ioctl_ficlone(&to, from).map_err(|error| {
        // It is empty; a link or a copy takes its place.
        let _ = fs::remove_file(at);
        error.into()
    })
}

#[cfg(target_vendor = "apple")]
fn clone_file(from: &File, at: &Path) -> io::Result<()> {
    Ok(rustix::fs::fclonefileat(from, rustix::fs::CWD, at, rustix::fs::CloneFlags::empty())?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn clone_file(_from: &File, _at: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// The file itself under one more name: what is written to it later is noticed by its time.
fn link(from: &File, path: &Path, at: &Path) -> io::Result<()> {
    // A path may be a link, or a number under /proc, which have no second name.
    let path = fs::canonicalize(path)?;
    if !super::locked::is_at(from, &path)? {
        return Err(ErrorKind::NotFound.into());
    }
    fs::hard_link(path, at)
}
