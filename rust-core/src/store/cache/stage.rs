//! Takes a file of this device into the store's folder: clones or links it where the file system allows that, else
//! copies it. Either way reads it once.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use super::cache_error::CacheError;
use super::disk_use::free_bytes;
use super::import::ImportSource;
use super::manifest::{Blob, modified};
use crate::error::{Error, ErrorCode};
use crate::human_bytes;
use crate::store::cache::byte_progress::ProgressCounter;
use crate::store::digest::Hasher;
use crate::store::file_name::FileName;

/// Large enough for the disk to be fast, small enough to cancel in between.
const CHUNK_BYTES: usize = 1 << 20;

/// Puts a source's bytes at a free path. They are durable when this returns.
pub(super) fn stage(
    source: ImportSource,
    file: &FileName,
    at: &Path,
    count: &mut ProgressCounter<'_>,
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

/// Opens a file that the caller named.
pub(super) fn open(path: &Path) -> Result<File, CacheError> {
    let not_found = |what: &str| {
        let detail = format!("{} {what} - give the path of a GGUF file", path.display());
        CacheError::Complete(Error::new(ErrorCode::ModelNotFound, detail))
    };
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => not_found("is not there"),
        _ => CacheError::Io(error),
    })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_found("is not a file")) }
}

/// Reads to the end and passes on chunks of [`CHUNK_BYTES`] bytes.
pub(super) fn copy_chunks(
    reader: &mut dyn Read,
    mut each: impl FnMut(&[u8]) -> Result<(), CacheError>,
) -> Result<(), CacheError> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let mut filled = 0;
        while filled < CHUNK_BYTES {
            match reader.read(&mut chunk[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if filled == 0 {
            return Ok(());
        }
        each(&chunk[..filled])?;
    }
}

fn copy(
    reader: &mut dyn Read,
    bytes: Option<u64>,
    file: &FileName,
    at: &Path,
    count: &mut ProgressCounter<'_>,
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
    let mut hasher = GgufHasher::new(file);
    copy_chunks(reader, |chunk| {
        hasher.take(chunk)?;
        to.write_all(chunk)?;
        Ok(count.add(chunk.len() as u64)?)
    })?;
    hasher.finish(&to)
}

fn hash(file: &FileName, at: &Path, count: &mut ProgressCounter<'_>) -> Result<Blob, CacheError> {
    let mut staged = File::open(at)?;
    let before = staged.metadata()?;
    let mut hasher = GgufHasher::new(file);
    copy_chunks(&mut staged, |chunk| {
        hasher.take(chunk)?;
        Ok(count.add(chunk.len() as u64)?)
    })?;
    let blob = hasher.finish(&staged)?;
    if (before.len(), modified(&before)) != (blob.bytes, blob.modified) {
        let detail = format!("{file} was written to during the import - import it again when no program writes to it");
        return Err(Error::new(ErrorCode::Busy, detail).into());
    }
    Ok(blob)
}

/// Hashes a file and checks that it is GGUF.
struct GgufHasher<'a> {
    file: &'a FileName,
    hasher: Hasher,
    is_gguf: bool,
}

impl<'a> GgufHasher<'a> {
    fn new(file: &'a FileName) -> Self {
        Self { file, hasher: Hasher::default(), is_gguf: false }
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), CacheError> {
        // Every chunk but the last is full, so the first one holds the magic.
        self.is_gguf = self.is_gguf || chunk.starts_with(b"GGUF");
        if !self.is_gguf {
            return Err(self.no_gguf());
        }
        self.hasher.update(chunk);
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

/// A copy-on-write clone, which shares its blocks with the original.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn clone_file(from: &File, at: &Path) -> io::Result<()> {
    let to = File::options().write(true).create_new(true).open(at)?;
    rustix::fs::ioctl_ficlone(&to, from).map_err(|error| {
        // The file is empty; a link or a copy takes its place.
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

/// A second name for the same file. Later writes to it show in its modification time.
fn link(from: &File, path: &Path, at: &Path) -> io::Result<()> {
    // The path may be a symbolic link or an entry under /proc, neither of which can be hard-linked.
    let path = fs::canonicalize(path)?;
    if !super::locked::is_at(from, &path)? {
        return Err(ErrorKind::NotFound.into());
    }
    fs::hard_link(path, at)
}
