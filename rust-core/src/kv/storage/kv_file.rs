//! The KV file format of docs/saved-scopes.md: a header of fixed size, the scope's id, the tokens, the state. The
//! header has its own checksum, so it can be trusted without reading the state. The snapshot's checksum covers the
//! rest, so the state is hashed only once.

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
const HEADER_LEN: usize = 72;
/// Length of the header without its checksum.
const CHECKED_LEN: usize = 64;

/// The decoded header of a KV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) scope: String,
    pub(super) fingerprint: Fingerprint,
    /// Milliseconds since the Unix epoch.
    pub(super) saved_at: u64,
    pub(super) tokens: u32,
    /// Size of the state.
    state: usize,
    /// The snapshot's checksum.
    checksum: u64,
    /// Size of the whole file.
    pub(super) bytes: u64,
}

/// Encodes everything before the state.
pub(super) fn encode_header(snapshot: &KvSnapshot, fingerprint: Fingerprint, saved_at: u64) -> Vec<u8> {
    let scope = snapshot.scope().as_bytes();
    let mut bytes = Vec::with_capacity(HEADER_LEN + scope.len() + size_of_val(snapshot.tokens()));
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((scope.len() as u32).to_le_bytes());
    bytes.extend(fingerprint.0.to_le_bytes());
    bytes.extend(saved_at.to_le_bytes());
    bytes.extend((snapshot.tokens().len() as u64).to_le_bytes());
    bytes.extend((snapshot.state().len() as u64).to_le_bytes());
    bytes.extend(snapshot.checksum().to_le_bytes());
    bytes.extend(header_checksum(&bytes, scope).to_le_bytes());
    bytes.extend(scope);
    for token in snapshot.tokens() {
        bytes.extend(token.to_le_bytes());
    }
    bytes
}

/// Reads a file's header. Checks that the file has the right size, but does not read the state.
pub(super) fn read_header(path: &Path) -> Result<Header, Reject> {
    decode_header(&mut File::open(path)?)
}

/// Reads and verifies the KV of `scope` for the model of `fingerprint`.
pub(super) fn read(path: &Path, scope: &str, fingerprint: Fingerprint) -> Result<KvSnapshot, Reject> {
    let mut file = File::open(path)?;
    let header = decode_header(&mut file)?;
    if header.scope != scope {
        return Err(Reject::damaged("it belongs to another scope"));
    }
    if header.fingerprint != fingerprint {
        return Err(Reject::Kept("it was saved for another model, or for another setup of this one".into()));
    }
    let tokens = read_exactly(&mut file, header.tokens as usize * size_of::<Token>())?;
    let tokens = tokens.as_chunks().0.iter().map(|bytes| Token::from_le_bytes(*bytes)).collect();
    let state = read_exactly(&mut file, header.state)?;
    let snapshot = KvSnapshot::sealed(header.scope, tokens, state, header.checksum);
    match snapshot.open(scope) {
        Ok(_) => Ok(snapshot),
        Err(reason) => Err(Reject::damaged(reason)),
    }
}

/// Reads the header and leaves the file at the first token. Every length in the result has been checked against the
/// file's size.
fn decode_header(file: &mut File) -> Result<Header, Reject> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Reject::damaged("it is not a file"));
    }
    let mut header = [0; HEADER_LEN];
    file.read_exact(&mut header)?;
    let mut fields = Fields(&header);
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
    let claimed = (HEADER_LEN as u128)
        + u128::from(scope_len)
        + u128::from(tokens) * size_of::<Token>() as u128
        + u128::from(state);
    if claimed != u128::from(bytes) {
        return Err(Reject::damaged("its size does not match its header"));
    }
    let scope = read_exactly(file, scope_len as usize)?;
    if header_checksum(&header[..CHECKED_LEN], &scope) != head_checksum_read {
        return Err(Reject::damaged("the checksum of its head does not match"));
    }
    let scope = String::from_utf8(scope).map_err(|_| Reject::damaged("its scope's id is not UTF-8"))?;
    let tokens = u32::try_from(tokens).map_err(|_| Reject::damaged("it has too many tokens"))?;
    let state = usize::try_from(state).map_err(|_| Reject::damaged("it is too large for this machine"))?;
    Ok(Header { scope, fingerprint, saved_at, tokens, state, checksum, bytes })
}

/// Reads exactly `len` bytes, at most the file's size. Reserves the memory once, without zeroing it.
fn read_exactly(file: &mut File, len: usize) -> Result<Vec<u8>, Reject> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(len)
        .map_err(|_| Reject::Kept(format!("reading it needs {len} bytes of memory, which are not free")))?;
    file.take(len as u64).read_to_end(&mut bytes)?;
    if bytes.len() == len { Ok(bytes) } else { Err(Reject::damaged("it ends too early")) }
}

fn header_checksum(header: &[u8], scope: &[u8]) -> u64 {
    let mut hash = XxHash3_64::new();
    hash.write(header);
    hash.write(scope);
    hash.finish()
}

/// Splits the header into its fields, in order.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("the fields are as long as the head together");
        self.0 = rest;
        *field
    }
}
