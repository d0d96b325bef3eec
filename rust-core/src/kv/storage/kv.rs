//! A KV file, byte by byte as docs/saved-scopes.md has it: a head of fixed size, the scope's id, the tokens, the state.
//! The head has a checksum of its own, so that it can be trusted without reading the state; the rest is covered by the one
//! that the state was sealed with, so that it is hashed once.

use std::fs::File;
use std::hash::Hasher;
use std::io::Read;
use std::path::Path;

use twox_hash::XxHash3_64;

use super::reject::Reject;
use crate::engine::Token;
use crate::kv::{Fingerprint, KvSnapshot};

const MAGIC: [u8; 8] = *b"llrs-kv\0";
const VERSION: u32 = 1;
const HEAD_LEN: usize = 72;
/// The head without its checksum.
const CHECKED_LEN: usize = 64;

/// What a KV file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) scope: String,
    pub(super) fingerprint: Fingerprint,
    /// Milliseconds since the Unix epoch.
    pub(super) saved_at: u64,
    pub(super) tokens: u32,
    /// Size of the state.
    state: usize,
    /// As `Parked` computed it.
    checksum: u64,
    /// Size of the whole file.
    pub(super) bytes: u64,
}

/// All of a KV file before its state, which follows as it is.
pub(super) fn encode_head(parked: &KvSnapshot, fingerprint: Fingerprint, saved_at: u64) -> Vec<u8> {
    let scope = parked.scope().as_bytes();
    let mut bytes = Vec::with_capacity(HEAD_LEN + scope.len() + size_of_val(parked.tokens()));
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((scope.len() as u32).to_le_bytes());
    bytes.extend(fingerprint.0.to_le_bytes());
    bytes.extend(saved_at.to_le_bytes());
    bytes.extend((parked.tokens().len() as u64).to_le_bytes());
    bytes.extend((parked.state().len() as u64).to_le_bytes());
    bytes.extend(parked.checksum().to_le_bytes());
    bytes.extend(head_checksum(&bytes, scope).to_le_bytes());
    bytes.extend(scope);
    for token in parked.tokens() {
        bytes.extend(token.to_le_bytes());
    }
    bytes
}

/// Reads what a file says of itself; its state is neither read nor checked, but it is as long as it should be.
pub(super) fn read_head(path: &Path) -> Result<Head, Reject> {
    decode_head(&mut File::open(path)?)
}

/// Reads the KV of `scope` for the model of `fingerprint`, and verifies all of it.
pub(super) fn read(path: &Path, scope: &str, fingerprint: Fingerprint) -> Result<KvSnapshot, Reject> {
    let mut file = File::open(path)?;
    let head = decode_head(&mut file)?;
    if head.scope != scope {
        return Err(Reject::damaged("it belongs to another scope"));
    }
    if head.fingerprint != fingerprint {
        return Err(Reject::Kept("it was saved for another model, or for another setup of this one".into()));
    }
    let tokens = read_exactly(&mut file, head.tokens as usize * size_of::<Token>())?;
    let tokens = tokens.as_chunks().0.iter().map(|bytes| Token::from_le_bytes(*bytes)).collect();
    let state = read_exactly(&mut file, head.state)?;
    let parked = KvSnapshot::sealed(head.scope, tokens, state, head.checksum);
    match parked.open(scope) {
        Ok(_) => Ok(parked),
        Err(reason) => Err(Reject::damaged(reason)),
    }
}

/// Leaves the file where the tokens begin. Afterwards every length is known to be the file's own.
fn decode_head(file: &mut File) -> Result<Head, Reject> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Reject::damaged("it is not a file"));
    }
    let mut head = [0; HEAD_LEN];
    file.read_exact(&mut head)?;
    let mut fields = Fields(&head);
    if fields.take() != MAGIC {
        return Err(Reject::damaged("it is not a saved KV"));
    }
    let version = u32::from_le_bytes(fields.take());
    if version != VERSION {
        return Err(Reject::Damaged(format!("it has version {version}, and this build knows {VERSION}")));
    }
    let scope_len = u32::from_le_bytes(fields.take());
    let fingerprint = Fingerprint(u128::from_le_bytes(fields.take()));
    let saved_at = u64::from_le_bytes(fields.take());
    let tokens = u64::from_le_bytes(fields.take());
    let state = u64::from_le_bytes(fields.take());
    let checksum = u64::from_le_bytes(fields.take());
    let head_checksum_read = u64::from_le_bytes(fields.take());

    let bytes = metadata.len();
    let claimed = (HEAD_LEN as u128)
        + u128::from(scope_len)
        + u128::from(tokens) * size_of::<Token>() as u128
        + u128::from(state);
    if claimed != u128::from(bytes) {
        return Err(Reject::damaged("its size is not what it says"));
    }
    let scope = read_exactly(file, scope_len as usize)?;
    if head_checksum(&head[..CHECKED_LEN], &scope) != head_checksum_read {
        return Err(Reject::damaged("the checksum of its head does not match"));
    }
    let scope = String::from_utf8(scope).map_err(|_| Reject::damaged("its scope's id is not text"))?;
    let tokens = u32::try_from(tokens).map_err(|_| Reject::damaged("it has too many tokens"))?;
    let state = usize::try_from(state).map_err(|_| Reject::damaged("it is too large for this machine"))?;
    Ok(Head { scope, fingerprint, saved_at, tokens, state, checksum, bytes })
}

/// `len` is at most the file's size. The memory is taken once, and need not be zeroed first.
fn read_exactly(file: &mut File, len: usize) -> Result<Vec<u8>, Reject> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(len)
        .map_err(|_| Reject::Kept(format!("{len} bytes of memory to read it into are not free")))?;
    file.take(len as u64).read_to_end(&mut bytes)?;
    if bytes.len() == len { Ok(bytes) } else { Err(Reject::damaged("it ends too early")) }
}

fn head_checksum(head: &[u8], scope: &[u8]) -> u64 {
    let mut hash = XxHash3_64::new();
    hash.write(head);
    hash.write(scope);
    hash.finish()
}

/// The fields of a head of fixed size, in order.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("the fields are as long as the head together");
        self.0 = rest;
        *field
    }
}
