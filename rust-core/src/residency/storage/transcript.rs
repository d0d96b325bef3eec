//! A transcript file, byte by byte as docs/saved-scopes.md has it: magic, version, checksum, then JSON to the end.

use std::fs::File;
use std::hash::Hasher;
use std::io::Read;
use std::path::Path;

use twox_hash::XxHash3_64;

use super::SavedTranscript;
use super::reject::Reject;

const MAGIC: [u8; 8] = *b"llrs-tr\0";
/// Grows with every change of the JSON, so that nothing is ever read by a build that would lose a part of it.
const VERSION: u32 = 1;
const HEAD_LEN: usize = 20;

/// The head and the JSON of a file.
pub(super) fn encode(transcript: &SavedTranscript) -> serde_json::Result<([u8; HEAD_LEN], Vec<u8>)> {
    let json = serde_json::to_vec(transcript)?;
    let mut head = [0; HEAD_LEN];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..].copy_from_slice(&checksum(VERSION, &json).to_le_bytes());
    Ok((head, json))
}

/// Reads and verifies a file.
pub(super) fn read(path: &Path) -> Result<SavedTranscript, Reject> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Reject::damaged("it is not a file"));
    }
    let mut head = [0; HEAD_LEN];
    file.read_exact(&mut head)?;
    let (magic, rest) = head.split_first_chunk().expect("the head is longer");
    let (version, checksum_read) = rest.split_first_chunk().expect("the head is longer");
    if *magic != MAGIC {
        return Err(Reject::damaged("it is not a saved transcript"));
    }
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        return Err(Reject::Damaged(format!("it has version {version}, and this build knows {VERSION}")));
    }
    let mut json = Vec::new();
    file.read_to_end(&mut json)?;
    if checksum(version, &json).to_le_bytes() != *checksum_read {
        return Err(Reject::damaged("its checksum does not match"));
    }
    // The parser's own text would quote what it stumbled over.
    serde_json::from_slice(&json)
        .map_err(|error| Reject::Damaged(format!("its JSON ends at column {}", error.column())))
}

fn checksum(version: u32, json: &[u8]) -> u64 {
    let mut hash = XxHash3_64::new();
    hash.write(&MAGIC);
    hash.write(&version.to_le_bytes());
    hash.write(json);
    hash.finish()
}
