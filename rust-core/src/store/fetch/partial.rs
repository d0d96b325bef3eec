//! A partial file: its data, hashed while it arrives, and a [journal](super::journal) of the verified blocks. Blocks;
//! knows no network.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::hashing::{HashThread, SyncThread};
use super::journal::{self, BLOCK_BYTES, Block, BlockChecksum, Journal};
use super::response::{ExpectedContent, FileIdentity};
use super::space;
use crate::error::{Error, ErrorCode, Result};
use crate::files::make_directory;
use crate::store::cache::free_bytes;
use crate::store::digest::{Digest, Hasher};

/// The most that a power failure loses, besides what a kill loses.
const SYNC_BYTES: u64 = 64 << 20;

/// A file that is still incomplete, in a folder of its own.
pub struct Partial {
    folder: PathBuf,
    data: File,
    /// Free bytes on the disk that this file leaves alone.
    spare: u64,
    open: Option<OpenFile>,
    unsynced: u64,
    syncing: SyncThread,
}

/// The arrived part of a file.
struct OpenFile {
    identity: FileIdentity,
    journal: Journal,
    /// Length of the data file. All its bytes are good.
    written: u64,
    hashing: HashThread,
    /// Checksum of the bytes since the last block.
    checksum: BlockChecksum,
}

/// A complete file. Its new owner syncs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteFile {
    /// The data file.
    pub path: PathBuf,
    /// Digest of the bytes as they were written.
    pub sha256: Digest,
}

impl Partial {
    /// Opens a folder, created if needed, and keeps every good block up to the first bad one. Discards a file that
    /// contradicts `expected`.
    pub fn open(folder: &Path, expected: &ExpectedContent, spare: u64) -> Result<Self> {
        let failed = |error: io::Error| failed("open", folder, error);
        make_directory(folder).map_err(failed)?;
        let path = folder.join("data");
        let data =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let mut partial =
            Self { folder: folder.to_owned(), data, spare, open: None, unsynced: 0, syncing: SyncThread::default() };
        let before = Journal::read(&journal::path(folder)).map_err(failed)?;
        match before.filter(|(identity, _)| identity.can_resume() && agrees(identity, expected)) {
            Some((identity, blocks)) => partial.restore(identity, &blocks).map_err(failed)?,
            None => partial.data.set_len(0).map_err(failed)?,
        }
        Ok(partial)
    }

    fn restore(&mut self, identity: FileIdentity, blocks: &[Block]) -> io::Result<()> {
        let mut hasher = Hasher::default();
        let mut written = 0;
        let mut good = 0;
        let mut buffer = vec![0; BLOCK_BYTES as usize];
        for block in blocks {
            let bytes = &mut buffer[..block.length as usize];
            let whole = written + block.length <= identity.length && read_whole(&mut self.data, bytes)?;
            let mut checksum = BlockChecksum::default();
            checksum.update(bytes);
            if !whole || checksum.block() != *block {
                break;
            }
            hasher.update(bytes);
            written += block.length;
            good += 1;
        }
        let journal = Journal::write(&journal::path(&self.folder), &identity, &blocks[..good])?;
        self.data.set_len(written)?;
        self.data.seek(SeekFrom::Start(written))?;
        self.open = Some(OpenFile {
            identity,
            journal,
            written,
            hashing: HashThread::start(hasher)?,
            checksum: BlockChecksum::default(),
        });
        Ok(())
    }

    /// The file's identity and the number of arrived bytes; `None` before the first response.
    pub fn state(&self) -> Option<(FileIdentity, u64)> {
        self.open.as_ref().map(|open| (open.identity.clone(), open.written))
    }

    /// Discards everything and starts a new file.
    pub fn begin(&mut self, identity: FileIdentity) -> Result<()> {
        self.open = None;
        self.check_space(identity.length)?;
        let journal = Journal::begin(&journal::path(&self.folder), &identity).map_err(|error| self.failed(error))?;
        self.data.set_len(0).and_then(|()| self.data.rewind()).map_err(|error| self.failed(error))?;
        let hashing = HashThread::start(Hasher::default()).map_err(|error| self.failed(error))?;
        self.open = Some(OpenFile { identity, journal, written: 0, hashing, checksum: BlockChecksum::default() });
        Ok(())
    }

    /// Checks that the rest fits on the disk before it arrives.
    pub fn resume(&self) -> Result<()> {
        self.check_space(self.missing())
    }

    fn missing(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.identity.length.saturating_sub(open.written))
    }

    fn check_space(&self, needed: u64) -> Result<()> {
        space::check(needed, self.spare, free_bytes(&self.folder).map_err(|error| self.failed(error))?)
    }

    /// Writes the next bytes. Rejects more bytes than were announced.
    pub fn write(&mut self, piece: Bytes) -> Result<()> {
        let mut bytes = &piece[..];
        while !bytes.is_empty() {
            let open = self.open.as_mut().expect("bytes come after an answer was read");
            if bytes.len() as u64 > open.identity.length - open.written {
                let detail = format!(
                    "the response is longer than the announced {} bytes - try again later",
                    open.identity.length
                );
                return Err(Error::new(ErrorCode::LengthMismatch, detail));
            }
            let room = (BLOCK_BYTES - open.checksum.length()) as usize;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            if let Err(error) = self.data.write_all(now) {
                return Err(failed("write", &self.folder, error));
            }
            open.written += now.len() as u64;
            open.checksum.update(now);
            if open.checksum.length() == BLOCK_BYTES {
                self.end_block()?;
                self.check_space(self.missing())?;
            }
            bytes = later;
        }
        if let Some(open) = &self.open {
            open.hashing.update(piece);
        }
        Ok(())
    }

    /// Ends the current block early, because the transfer may end here.
    pub fn flush(&mut self) -> Result<()> {
        match &self.open {
            Some(open) if open.checksum.length() > 0 => self.end_block(),
            Some(_) | None => Ok(()),
        }
    }

    fn end_block(&mut self) -> Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let block = std::mem::take(&mut open.checksum).block();
        self.unsynced += block.length;
        let done = open.journal.append(block);
        if self.unsynced >= SYNC_BYTES {
            self.unsynced = 0;
            self.syncing.begin([self.data.try_clone(), open.journal.file()]);
        }
        done.map_err(|error| self.failed(error))
    }

    /// Checks the digest of the complete file. Discards a file with the wrong digest.
    pub fn finish(&mut self) -> Result<CompleteFile> {
        self.flush()?;
        let Some(open) = self.open.take() else { unreachable!("a transfer ends after it began") };
        let (sha256, meant) = (open.hashing.finish(), open.identity.sha256);
        if let Some(meant) = meant
            && meant != sha256
        {
            self.discard()?;
            let detail = format!(
                "the downloaded file has the sha256 {sha256}, not {meant} - try again, perhaps on another network"
            );
            return Err(Error::new(ErrorCode::DigestMismatch, detail));
        }
        Ok(CompleteFile { path: self.folder.join("data"), sha256 })
    }

    /// Discards everything.
    pub fn discard(&mut self) -> Result<()> {
        self.open = None;
        let journal = crate::files::ignore_absence(std::fs::remove_file(journal::path(&self.folder)));
        journal.and_then(|()| self.data.set_len(0)).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> Error {
        failed("write", &self.folder, error)
    }
}

fn agrees(identity: &FileIdentity, expected: &ExpectedContent) -> bool {
    expected.length.is_none_or(|length| length == identity.length)
        && expected.sha256.is_none_or(|sha256| identity.sha256 == Some(sha256))
}

/// Fills `bytes` from the file; `false` if it ends before.
fn read_whole(file: &mut File, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn failed(act: &str, folder: &Path, error: io::Error) -> Error {
    let folder = folder.display();
    let (code, detail) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
            ErrorCode::DiskFull,
            format!("could not {act} the download in {folder}: the disk is full - free some space and try again"),
        ),
        _ => (
            ErrorCode::StorageFailed,
            format!(
                "could not {act} the download in {folder}: {error} - check that the folder is there and can be written"
            ),
        ),
    };
    Error::new(code, detail).with_source(error)
}
