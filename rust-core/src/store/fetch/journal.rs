//! What is known of a file that has not come as a whole: whose bytes they are, and a checksum of every block of them. A block
//! counts when its bytes are on the disk as they were, whatever ended the process or the device that wrote them.

use std::fs::{self, File, OpenOptions};
use std::hash::Hasher as _;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::response::Identity;
use crate::files::ignore_absence;
use crate::store::digest::Digest;

/// What a process loses at most when it is killed.
pub const BLOCK_BYTES: u64 = 1 << 20;
/// Far more than the first line of a journal.
const MAX_LINE_BYTES: u64 = 8 << 10;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    version: u32,
    length: u64,
    etag: Option<String>,
    sha256: Option<Digest>,
}

const VERSION: u32 = 1;

/// Some bytes that follow the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// At most [`BLOCK_BYTES`].
    pub length: u64,
    /// xxh3 of them.
    pub checksum: u64,
}

/// A journal that is written.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Begins anew, in place of what there was: the old one or the new one is there, whenever the process dies.
    pub fn begin(path: &Path, identity: &Identity) -> io::Result<Self> {
        Self::write(path, identity, &[])
    }

    /// Goes on with the blocks that were found good.
    pub fn write(path: &Path, identity: &Identity, blocks: &[Block]) -> io::Result<Self> {
        let Identity { length, etag, sha256 } = identity.clone();
        let mut text = serde_json::to_string(&Head { version: VERSION, length, etag, sha256 })?;
        text.push('\n');
        text.extend(blocks.iter().map(line));
        let next = path.with_extension("next");
        ignore_absence(fs::remove_file(&next))?;
        crate::files::write_new(&next, &[text.as_bytes()])?;
        fs::rename(&next, path)?;
        Ok(Self { file: OpenOptions::new().append(true).open(path)? })
    }

    /// One more block is in the file.
    pub fn append(&mut self, block: Block) -> io::Result<()> {
        self.file.write_all(line(&block).as_bytes())
    }

    /// For whoever puts it on the disk.
    pub fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// What a journal says, as far as it can be read; `None` without one, or with one that is none.
    pub fn read(path: &Path) -> io::Result<Option<(Identity, Vec<Block>)>> {
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

/// A whole line without its end; `None` for none, or one that was cut.
fn next_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    io::Read::take(reader, MAX_LINE_BYTES).read_until(b'\n', &mut bytes)?;
    Ok(match bytes.pop() {
        Some(b'\n') => String::from_utf8(bytes).ok(),
        _ => None,
    })
}

fn identity(line: &str) -> Option<Identity> {
    let Head { version, length, etag, sha256 } = serde_json::from_str(line).ok()?;
    (version == VERSION).then_some(Identity { length, etag, sha256 })
}

fn line(block: &Block) -> String {
    format!("{} {:016x}\n", block.length, block.checksum)
}

fn block(line: &str) -> Option<Block> {
    let (length, checksum) = line.split_once(' ')?;
    let (length, checksum) = (length.parse().ok()?, u64::from_str_radix(checksum, 16).ok()?);
    (length > 0 && length <= BLOCK_BYTES).then_some(Block { length, checksum })
}

/// A checksum while its bytes come in.
#[derive(Default)]
pub struct Summing {
    hasher: XxHash3_64,
    length: u64,
}

impl Summing {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.write(bytes);
        self.length += bytes.len() as u64;
    }

    /// How many there were.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Of all of them.
    pub fn block(&self) -> Block {
        Block { length: self.length, checksum: self.hasher.finish() }
    }
}

/// Where the journal of a folder is.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("journal")
}
