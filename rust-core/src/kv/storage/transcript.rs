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
const VERSION: u32 = 2;
/// Read as well: its messages had neither thought nor calls of tools.
const OLDEST: u32 = 1;
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
    if !(OLDEST..=VERSION).contains(&version) {
        return Err(Reject::Damaged(format!("it has version {version}, and this build knows {OLDEST} to {VERSION}")));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Message, Persist, Role, ToolCall};

    fn file(version: u32, json: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("the system has a place for temporary files");
        let head = [&MAGIC[..], &version.to_le_bytes(), &checksum(version, json).to_le_bytes()].concat();
        std::fs::write(file.path(), [&head, json].concat()).expect("a temporary file can be written");
        file
    }

    #[test]
    fn what_an_earlier_build_wrote_is_read_and_what_a_later_one_did_is_not() {
        let json = br#"{"scope":"a","model":"m","persist":"full","revision":7,"lastUsedAt":1,"droppedMessages":0,"messages":[{"role":"user","content":"hi"}]}"#;
        let read_of = |version| read(file(version, json).path()).map(|transcript| transcript.messages);
        assert_eq!(read_of(1).ok(), Some(vec![Message::new(Role::User, "hi")]));
        assert!(matches!(read_of(VERSION + 1), Err(Reject::Damaged(reason)) if reason.contains("knows 1 to 2")));
    }

    #[test]
    fn thought_and_calls_of_tools_come_back() {
        let call = ToolCall { id: "g-0".into(), name: "warmth".into(), arguments: "{}".into() };
        let answer =
            Message { reasoning: Some("so".into()), tool_calls: vec![call], ..Message::new(Role::Assistant, "") };
        let result = Message {
            tool_call_id: Some("g-0".into()),
            tool_name: Some("warmth".into()),
            ..Message::new(Role::Tool, "21")
        };
        let transcript = SavedTranscript {
            scope: "a".into(),
            model: "m".into(),
            persist: Persist::Full,
            revision: 7,
            last_used_at: 1,
            dropped_messages: 0,
            messages: vec![answer, result],
        };
        let (_, json) = encode(&transcript).expect("it is JSON");
        assert_eq!(read(file(VERSION, &json).path()).ok(), Some(transcript));
    }
}
