//! A copy of a scope's KV, outside the context's memory. It carries its scope's id and a checksum, so that text never
//! leaks from one conversation into another: a snapshot that does not verify is not used.

use std::hash::Hasher;

use twox_hash::XxHash3_64;

use crate::engine::Token;

/// A copied KV. It fits into any engine of the same fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvSnapshot {
    scope: String,
    tokens: Vec<Token>,
    state: Vec<u8>,
    checksum: u64,
}

impl KvSnapshot {
    /// Seals the state that `InferenceContext::save` returned for a sequence that held `tokens`.
    pub fn new(scope: String, tokens: Vec<Token>, state: Vec<u8>) -> Self {
        let checksum = checksum(&scope, &tokens, &state);
        Self { scope, tokens, state, checksum }
    }

    /// Rebuilds a snapshot that was read from disk. `open` verifies it, nothing before does.
    pub(super) fn sealed(scope: String, tokens: Vec<Token>, state: Vec<u8>, checksum: u64) -> Self {
        Self { scope, tokens, state, checksum }
    }

    /// Copies the KV for another scope that starts with the same tokens. The error says why the snapshot is unusable.
    pub fn copy_for(&self, scope: String) -> Result<Self, &'static str> {
        let state = self.open(&self.scope)?.to_vec();
        Ok(Self::new(scope, self.tokens.clone(), state))
    }

    /// Id of the scope that the KV belongs to.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The tokens that the sequence held, in order.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The state, unverified, for a writer that stores the checksum with it.
    pub(super) fn state(&self) -> &[u8] {
        &self.state
    }

    /// The checksum over scope, tokens and state, computed when the snapshot was sealed.
    pub(super) fn checksum(&self) -> u64 {
        self.checksum
    }

    /// Size in memory, in bytes.
    pub fn bytes(&self) -> u64 {
        (self.state.len() + size_of_val(self.tokens.as_slice())) as u64
    }

    /// Returns the state if it belongs to `scope` and is unchanged. The error says why not.
    pub fn open(&self, scope: &str) -> Result<&[u8], &'static str> {
        if self.scope != scope {
            return Err("it belongs to another scope");
        }
        if checksum(&self.scope, &self.tokens, &self.state) != self.checksum {
            return Err("its checksum does not match");
        }
        Ok(&self.state)
    }
}

fn checksum(scope: &str, tokens: &[Token], state: &[u8]) -> u64 {
    let mut hash = XxHash3_64::new();
    hash.write(&(scope.len() as u64).to_le_bytes());
    hash.write(scope.as_bytes());
    hash.write(&(tokens.len() as u64).to_le_bytes());
    for token in tokens {
        hash.write(&token.to_le_bytes());
    }
    hash.write(state);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked() -> KvSnapshot {
        KvSnapshot::new("s".into(), vec![1, 2, 3], vec![7; 100])
    }

    #[test]
    fn what_was_sealed_opens_for_its_scope_alone() {
        assert_eq!(parked().open("s"), Ok([7; 100].as_slice()));
        assert_eq!(parked().open("t"), Err("it belongs to another scope"));
        assert_eq!(parked().bytes(), 112);
    }

    #[test]
    fn any_change_shows() {
        let changes: [fn(&mut KvSnapshot); 4] =
            [|it| it.state[99] ^= 1, |it| it.tokens[0] = 2, |it| it.state.truncate(99), |it| it.scope = "t".into()];
        for change in changes {
            let mut it = parked();
            change(&mut it);
            let scope = it.scope.clone();
            assert_eq!(it.open(&scope), Err("its checksum does not match"));
        }
    }
}
