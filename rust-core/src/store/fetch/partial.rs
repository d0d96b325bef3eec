//! A file that comes piece by piece: its data, hashed on the way, and a [journal](super::journal) of what is good of it.
//! Blocks; knows no network.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::hashing::{Hashing, Syncing};
use super::journal::{self, BLOCK_BYTES, Block, Journal, Summing};
use super::response::{ExpectedContent, Identity};
use super::space;
use crate::error::{Error, ErrorCode, Result};
use crate::files::make_directory;
use crate::store::cache::free_bytes;
use crate::store::digest::{Digest, Hasher};

/// So much may be lost with the device's power, besides what a kill loses.
const SYNC_BYTES: u64 = 64 << 20;

/// A file that is not whole yet, in a folder of its own.
pub struct Partial {
    folder: PathBuf,
    data: File,
    /// Free bytes that stay free.
    spare: u64,
    open: Option<Open>,
    unsynced: u64,
    syncing: Syncing,
}

/// What has come of a file so far.
struct Open {
    identity: Identity,
    journal: Journal,
    /// Bytes in the data file, all of them good.
    written: u64,
    hashing: Hashing,
    /// Those since the last block.
    summing: Summing,
}

/// A file that came as a whole. Whoever gives it its place puts it on the disk for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Where it is.
    pub path: PathBuf,
    /// Of its bytes, as they were written.
    pub sha256: Digest,
}

impl Partial {
    /// Takes up what is in the folder, made if there is none: every good block up to the first bad one. What cannot be
    /// what is expected now goes.
    pub fn open(folder: &Path, expected: &ExpectedContent, spare: u64) -> Result<Self> {
        let failed = |error: io::Error| failed("open", folder, &error);
        make_directory(folder).map_err(failed)?;
        let path = folder.join("data");
        let data =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let mut partial =
            Self { folder: folder.to_owned(), data, spare, open: None, unsynced: 0, syncing: Syncing::default() };
        let before = Journal::read(&journal::path(folder)).map_err(failed)?;
        match before.filter(|(identity, _)| identity.can_resume() && agrees(identity, expected)) {
            Some((identity, blocks)) => partial.take_up(identity, &blocks).map_err(failed)?,
            None => partial.data.set_len(0).map_err(failed)?,
        }
        Ok(partial)
    }

    fn take_up(&mut self, identity: Identity, blocks: &[Block]) -> io::Result<()> {
        let mut hasher = Hasher::default();
        let mut written = 0;
        let mut good = 0;
        let mut buffer = vec![0; BLOCK_BYTES as usize];
        for block in blocks {
            let bytes = &mut buffer[..block.length as usize];
            let whole = written + block.length <= identity.length && read_whole(&mut self.data, bytes)?;
            let mut summing = Summing::default();
            summing.update(bytes);
            if !whole || summing.block() != *block {
                break;
            }
            hasher.update(bytes);
            written += block.length;
            good += 1;
        }
        let journal = Journal::write(&journal::path(&self.folder), &identity, &blocks[..good])?;
        self.data.set_len(written)?;
        self.data.seek(SeekFrom::Start(written))?;
        self.open =
            Some(Open { identity, journal, written, hashing: Hashing::start(hasher)?, summing: Summing::default() });
        Ok(())
    }

    /// What has come, and how many bytes of it; `None` before the first answer.
    pub fn state(&self) -> Option<(Identity, u64)> {
        self.open.as_ref().map(|open| (open.identity.clone(), open.written))
    }

    /// Everything goes, and this file begins.
    pub fn begin(&mut self, identity: Identity) -> Result<()> {
        self.open = None;
        self.room(identity.length)?;
        let journal = Journal::begin(&journal::path(&self.folder), &identity).map_err(|error| self.failed(&error))?;
        self.data.set_len(0).and_then(|()| self.data.rewind()).map_err(|error| self.failed(&error))?;
        let hashing = Hashing::start(Hasher::default()).map_err(|error| self.failed(&error))?;
        self.open = Some(Open { identity, journal, written: 0, hashing, summing: Summing::default() });
        Ok(())
    }

    /// The rest is about to come: refused where there is no room for it.
    pub fn go_on(&self) -> Result<()> {
        self.room(self.missing())
    }

    fn missing(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.identity.length.saturating_sub(open.written))
    }

    fn room(&self, needed: u64) -> Result<()> {
        space::check(needed, self.spare, free_bytes(&self.folder).map_err(|error| self.failed(&error))?)
    }

    /// Takes the next bytes. What does not fit into the announced length is refused.
    pub fn write(&mut self, piece: Bytes) -> Result<()> {
        let mut bytes = &piece[..];
        while !bytes.is_empty() {
            let open = self.open.as_mut().expect("bytes come after an answer was read");
            if bytes.len() as u64 > open.identity.length - open.written {
                let detail = format!("more came than the announced {} bytes - try again later", open.identity.length);
                return Err(Error::new(ErrorCode::LengthMismatch, detail));
            }
            let room = (BLOCK_BYTES - open.summing.length()) as usize;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            if let Err(error) = self.data.write_all(now) {
                return Err(failed("write", &self.folder, &error));
            }
            open.written += now.len() as u64;
            open.summing.update(now);
            if open.summing.length() == BLOCK_BYTES {
                self.end_block()?;
                self.room(self.missing())?;
            }
            bytes = later;
        }
        if let Some(open) = &self.open {
            open.hashing.update(piece);
        }
        Ok(())
    }

    /// What has come since the last whole block counts as one too: the transfer may end here.
    pub fn flush(&mut self) -> Result<()> {
        match &self.open {
            Some(open) if open.summing.length() > 0 => self.end_block(),
            Some(_) | None => Ok(()),
        }
    }

    fn end_block(&mut self) -> Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let block = std::mem::take(&mut open.summing).block();
        self.unsynced += block.length;
        let done = open.journal.append(block);
        if self.unsynced >= SYNC_BYTES {
            self.unsynced = 0;
            self.syncing.begin([self.data.try_clone(), open.journal.file()]);
        }
        done.map_err(|error| self.failed(&error))
    }

    /// The whole file is there: checks its digest. What is not the file that was meant goes.
    pub fn finish(&mut self) -> Result<Arrived> {
        self.flush()?;
        let Some(open) = self.open.take() else { unreachable!("a transfer ends after it began") };
        let (sha256, meant) = (open.hashing.finish(), open.identity.sha256);
        if let Some(meant) = meant
            && meant != sha256
        {
            self.discard()?;
            let detail =
                format!("the file that came has the sha256 {sha256}, not {meant} - try again, or on another network");
            return Err(Error::new(ErrorCode::DigestMismatch, detail));
        }
        Ok(Arrived { path: self.folder.join("data"), sha256 })
    }

    /// Nothing of it is kept.
    pub fn discard(&mut self) -> Result<()> {
        self.open = None;
        let journal = crate::files::ignore_absence(std::fs::remove_file(journal::path(&self.folder)));
        journal.and_then(|()| self.data.set_len(0)).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Error {
        failed("write", &self.folder, error)
    }
}

fn agrees(identity: &Identity, expected: &ExpectedContent) -> bool {
    expected.length.is_none_or(|length| length == identity.length)
        && expected.sha256.is_none_or(|sha256| identity.sha256 == Some(sha256))
}

/// `false` if there are fewer bytes.
fn read_whole(file: &mut File, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn failed(act: &str, folder: &Path, error: &io::Error) -> Error {
    let folder = folder.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::new(
            ErrorCode::DiskFull,
            format!("could not {act} the download in {folder}: the disk is full - free some space and try again"),
        ),
        _ => Error::new(
            ErrorCode::StorageFailed,
            format!(
                "could not {act} the download in {folder}: {error} - check that the folder is there and can be written"
            ),
        ),
    }
}
