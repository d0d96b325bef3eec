//! The journal of a partial file: the file's identity, and a checksum of every block. A block counts if its bytes on
//! the disk match its checksum, whatever ended the process or the device that wrote it.

use std::fs::{self, File, OpenOptions};
use std::hash::Hasher as _;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::response::FileIdentity;
use crate::files::ignore_absence;
use crate::store::digest::Digest;

/// The most that a killed process loses.
pub const BLOCK_BYTES: u64 = 1 << 20;
/// Far longer than a journal's first line.
const MAX_LINE_BYTES: u64 = 8 << 10;

/// The first line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JournalHeader {
    version: u32,
    length: u64,
    etag: Option<String>,
    sha256: Option<Digest>,
}

const VERSION: u32 = 1;

/// A block of consecutive bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// At most [`BLOCK_BYTES`].
    pub length: u64,
    /// XXH3 of the bytes.
    pub checksum: u64,
}

/// A journal open for writing.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Starts a new journal in place of the old one, atomically.
    pub fn begin(path: &Path, identity: &FileIdentity) -> io::Result<Self> {
        Self::write(path, identity, &[])
    }

    /// Replaces the journal with one that holds the verified blocks.
    pub fn write(path: &Path, identity: &FileIdentity, blocks: &[Block]) -> io::Result<Self> {
        let FileIdentity { length, etag, sha256 } = identity.clone();
        let mut text = serde_json::to_string(&JournalHeader { version: VERSION, length, etag, sha256 })?;
        text.push('\n');
        text.extend(blocks.iter().map(line));
        let next = path.with_extension("next");
        ignore_absence(fs::remove_file(&next))?;
        crate::files::write_new(&next, &[text.as_bytes()])?;
        fs::rename(&next, path)?;
        Ok(Self { file: OpenOptions::new().append(true).open(path)? })
    }

    /// Adds a block that has been written to the file.
    pub fn append(&mut self, block: Block) -> io::Result<()> {
        self.file.write_all(line(&block).as_bytes())
    }

    /// A handle for syncing.
    pub fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Reads a journal as far as it is intact; `None` if there is none, or its first line is damaged.
    pub fn read(path: &Path) -> io::Result<Option<(FileIdentity, Vec<Block>)>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut reader = BufReader::new(file);
        let Some(identity) = next_line(&mut reader)?.and_then(|line| identity(&line)) else { return Ok(None) };
        let mut blocks = Vec::new();
        while let Some(block) = next_line(&mut reader)?.and_then(|line| block(&line)) {
            blocks.push(block);
        }
        Ok(Some((identity, blocks)))
    }
}

/// The next complete line, without its end; `None` at the end or for a cut line.
fn next_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    io::Read::take(reader, MAX_LINE_BYTES).read_until(b'\n', &mut bytes)?;
    Ok(match bytes.pop() {
        Some(b'\n') => String::from_utf8(bytes).ok(),
        _ => None,
    })
}

fn identity(line: &str) -> Option<FileIdentity> {
    let JournalHeader { version, length, etag, sha256 } = serde_json::from_str(line).ok()?;
    (version == VERSION).then_some(FileIdentity { length, etag, sha256 })
}

fn line(block: &Block) -> String {
    format!("{} {:016x}\n", block.length, block.checksum)
}

fn block(line: &str) -> Option<Block> {
    let (length, checksum) = line.split_once(' ')?;
    let (length, checksum) = (length.parse().ok()?, u64::from_str_radix(checksum, 16).ok()?);
    (length > 0 && length <= BLOCK_BYTES).then_some(Block { length, checksum })
}

/// Computes a block's checksum incrementally.
#[derive(Default)]
pub struct BlockChecksum {
    hasher: XxHash3_64,
    length: u64,
}

impl BlockChecksum {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.write(bytes);
        self.length += bytes.len() as u64;
    }

    /// Bytes added so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The block of all bytes so far.
    pub fn block(&self) -> Block {
        Block { length: self.length, checksum: self.hasher.finish() }
    }
}

/// The path of a folder's journal.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("journal")
}
