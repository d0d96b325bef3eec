//! The transcript file format of docs/saved-scopes.md: magic, version, checksum, then JSON to the end.

use std::fs::File;
use std::hash::Hasher;
use std::io::Read;
use std::path::Path;

use twox_hash::XxHash3_64;

use super::SavedTranscript;
use super::reject::Reject;

const MAGIC: [u8; 8] = *b"llrs-tr\0";
/// Increases with every change of the JSON, so that no build reads a file of which it would lose a part.
const VERSION: u32 = 2;
/// The oldest readable version. Its messages have neither reasoning nor tool calls.
const OLDEST: u32 = 1;
const HEADER_LEN: usize = 20;

/// Encodes a file's header and JSON.
pub(super) fn encode(transcript: &SavedTranscript) -> serde_json::Result<([u8; HEADER_LEN], Vec<u8>)> {
    let json = serde_json::to_vec(transcript)?;
    let mut header = [0; HEADER_LEN];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..].copy_from_slice(&checksum(VERSION, &json).to_le_bytes());
    Ok((header, json))
}

/// Reads and verifies a file.
pub(super) fn read(path: &Path) -> Result<SavedTranscript, Reject> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Reject::damaged("it is not a file"));
    }
    let mut header = [0; HEADER_LEN];
    file.read_exact(&mut header)?;
    let (magic, rest) = header.split_first_chunk().expect("the head is longer");
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
    // The parser's message would quote the conversation.
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
        let header = [&MAGIC[..], &version.to_le_bytes(), &checksum(version, json).to_le_bytes()].concat();
        std::fs::write(file.path(), [&header, json].concat()).expect("a temporary file can be written");
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
