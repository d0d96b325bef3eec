//! Scopes to save, and random numbers.

#[path = "../seeded/mod.rs"]
mod seeded;

use llama_rs_core::kv::{Fingerprint, KvSnapshot, SavedTranscript};
use llama_rs_core::protocol::{Message, Persist, Role};
pub use seeded::Random;

pub const FINGERPRINT: Fingerprint = Fingerprint(0xfeed);

/// A transcript whose content is determined by scope and version.
pub fn transcript(scope: &str, version: u64, words: usize) -> SavedTranscript {
    let text = format!("{scope} {version} ").repeat(words);
    SavedTranscript {
        scope: scope.to_owned(),
        model: "chat.gguf".into(),
        persist: Persist::Full,
        revision: version,
        last_used_at: version,
        dropped_messages: 0,
        messages: vec![
            Message::new(Role::User, text),
            Message::new(Role::Assistant, format!("answer {version} to {scope}")),
        ],
    }
}

/// A KV whose content and length are determined by scope and version.
pub fn kv(scope: &str, version: u64, tokens: usize, bytes_per_token: usize) -> KvSnapshot {
    let tokens = tokens + (version % 7) as usize;
    let mut random = Random(version ^ scope.bytes().fold(0, |hash, byte| hash * 31 + u64::from(byte)));
    let mut state = Vec::new();
    while state.len() < tokens * bytes_per_token {
        state.extend(random.next().to_le_bytes());
    }
    KvSnapshot::new(scope.to_owned(), vec![version as i32; tokens], state)
}
