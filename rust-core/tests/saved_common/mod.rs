//! Scopes to be saved, and numbers to choose by.

use llama_rs_core::protocol::{Message, Persist, Role};
use llama_rs_core::residency::{Fingerprint, Parked, SavedTranscript};

pub const FINGERPRINT: Fingerprint = Fingerprint(0xfeed);

/// A small generator of numbers that is the same everywhere (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// A transcript whose every part follows from scope and version.
pub fn transcript(scope: &str, version: u64, words: usize) -> SavedTranscript {
    let text = format!("{scope} {version} ").repeat(words);
    SavedTranscript {
        scope: scope.to_owned(),
        model: "chat.gguf".into(),
        persist: Persist::Kv,
        revision: version,
        last_used_at: version,
        dropped_messages: 0,
        messages: vec![
            Message { role: Role::User, content: text },
            Message { role: Role::Assistant, content: format!("answer {version} to {scope}") },
        ],
    }
}

/// A KV whose every byte follows from scope and version, as does its length.
pub fn kv(scope: &str, version: u64, tokens: usize, bytes_per_token: usize) -> Parked {
    let tokens = tokens + (version % 7) as usize;
    let mut random = Random(version ^ scope.bytes().fold(0, |hash, byte| hash * 31 + u64::from(byte)));
    let mut state = Vec::new();
    while state.len() < tokens * bytes_per_token {
        state.extend(random.next().to_le_bytes());
    }
    Parked::new(scope.to_owned(), vec![version as i32; tokens], state)
}
