//! Reads GGUF headers and trusts nothing in them: checks every count, length, offset and type against the file before
//! llama.cpp, which trusts some of them, sees it. Knows the container format only; `metadata.rs` interprets the values.
//! Format: ggml's `docs/gguf.md`.

mod metadata;
mod reader;
mod types;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub use self::metadata::{Metadata, Value};
use self::reader::{Checked, Reader};
pub(crate) use self::types::block_of;
use crate::error::{Error, ErrorCode, Result};

/// More than ten times what real models have. llama.cpp holds a whole header in memory.
const MAX_HEADER_BYTES: u64 = 512 << 20;
const MAX_KEYS: u64 = 65_536;
const MAX_TENSORS: u64 = 1 << 20;
const MAX_TOKENS: u64 = 1 << 24;
const MAX_KEY_BYTES: u64 = 65_535;
const MAX_SPLITS: u64 = 1_000;
/// The longest text to keep. Longer ones are skipped.
const MAX_KEPT_TEXT: u64 = 256;
/// The longest array of numbers to keep: one number per layer.
const MAX_KEPT_ARRAY: u64 = 1_024;

/// Minimum size of a key, and of a tensor's entry.
const KEY_BYTES: u64 = 13;
const TENSOR_BYTES: u64 = 24;

const MAX_TENSOR_NAME: u64 = 63;
const MAX_DIMENSIONS: u32 = 4;
const DEFAULT_ALIGNMENT: u64 = 32;
const TOKENS: &str = "tokenizer.ggml.tokens";
const TOKEN_TYPES: &str = "tokenizer.ggml.token_type";
/// The type of a token that stands for a single byte.
const BYTE_TOKEN: i32 = 6;

/// A model's header.
#[derive(Debug, Clone)]
pub struct Header {
    /// Metadata of the first file, which describes the model.
    pub metadata: Metadata,
    /// All files of the model, in order.
    pub files: Vec<ModelFile>,
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// The file's path.
    pub path: PathBuf,
    /// The file's size in bytes.
    pub size: u64,
    /// Offset of the tensor data.
    pub tensors_at: u64,
}

/// Checks a model file, and all parts of a split one. Fails with `ModelNotFound`, or with `ModelInvalid`, which says
/// what is wrong.
pub fn read(path: &str) -> Result<Header> {
    read_as(path, path)
}

/// Does the same, with `name` for the file at `path` in errors. Other parts are called by their own paths.
pub fn read_as(path: &str, name: &str) -> Result<Header> {
    let (metadata, first) = read_file(Path::new(path), name)?;
    let mut files = vec![first];
    let count = metadata.number("split.count").unwrap_or(0);
    if count > 1 {
        for part in other_parts(path, name, count)? {
            files.push(read_file(&part, &part.to_string_lossy())?.1);
        }
    }
    metadata.check().map_err(|reason| invalid(name, &reason))?;
    Ok(Header { metadata, files })
}

/// The paths of the other parts, named as llama.cpp names them: `NAME-00002-of-00003.gguf`.
fn other_parts(path: &str, name: &str, count: u64) -> Result<Vec<PathBuf>> {
    if count > MAX_SPLITS {
        return Err(invalid(name, &format!("it claims {count} parts")));
    }
    let Some(prefix) = path.strip_suffix(&format!("-00001-of-{count:05}.gguf")) else {
        let reason = format!("it is one part of {count}, but its name does not end in -00001-of-{count:05}.gguf");
        return Err(invalid(name, &reason));
    };
    Ok((2..=count).map(|part| PathBuf::from(format!("{prefix}-{part:05}-of-{count:05}.gguf"))).collect())
}

fn invalid(name: &str, reason: &str) -> Error {
    Error::new(ErrorCode::ModelInvalid, format!("{name} is not a usable GGUF file: {reason} - download it again"))
}

/// The outcome of reading the first bytes of a file.
#[derive(Debug)]
pub enum PartialHeader {
    /// The header is complete.
    Complete(Metadata, ModelFile),
    /// The header is longer: at least this many bytes of the file are needed.
    NeedsBytes(u64),
    /// The header is invalid, for this reason. The caller knows how to name the file.
    Invalid(String),
}

/// Checks one file whose first `available` bytes are present; the rest may be a hole. Fails with `ModelNotFound`, or
/// with `ModelInvalid` for a file that cannot be read.
pub fn read_partial(path: &Path, available: u64) -> Result<PartialHeader> {
    partial(path, &path.to_string_lossy(), available)
}

fn partial(path: &Path, name: &str, available: u64) -> Result<PartialHeader> {
    let unreadable = |error: std::io::Error| {
        let (code, detail) = match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                (ErrorCode::ModelNotFound, format!("there is no file {name} - check the path or download the model"))
            }
            _ => (ErrorCode::ModelInvalid, format!("could not read {name}: {error}")),
        };
        Error::new(code, detail).with_source(error)
    };
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        let detail = format!("{name} is not a file - give the path of a GGUF file");
        return Err(Error::new(ErrorCode::ModelInvalid, detail));
    }
    if about.len() == 0 {
        return Ok(PartialHeader::Invalid("it is empty".to_owned()));
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut reader = Reader::new(file, about.len(), available.min(about.len()));
    match (header(&mut reader), reader.needed) {
        (Ok((metadata, tensors_at)), _) => {
            Ok(PartialHeader::Complete(metadata, ModelFile { path: path.to_owned(), size: about.len(), tensors_at }))
        }
        (Err(_), Some(needed)) => Ok(PartialHeader::NeedsBytes(needed)),
        (Err(reason), None) => Ok(PartialHeader::Invalid(reason)),
    }
}

fn read_file(path: &Path, name: &str) -> Result<(Metadata, ModelFile)> {
    match partial(path, name, u64::MAX)? {
        PartialHeader::Complete(metadata, file) => Ok((metadata, file)),
        PartialHeader::NeedsBytes(_) => Err(invalid(name, "it became shorter during reading")),
        PartialHeader::Invalid(reason) => Err(invalid(name, &reason)),
    }
}

/// Reads the header. Also returns the offset of the tensor data.
fn header(reader: &mut Reader) -> Checked<(Metadata, u64)> {
    if reader.size < 4 || reader.bytes()? != *b"GGUF" {
        return Err("it does not begin with GGUF".to_owned());
    }
    let version = reader.u32()?;
    if version.trailing_zeros() >= 16 {
        return Err("it is written for big-endian machines".to_owned());
    }
    if !(2..=3).contains(&version) {
        return Err(format!("its format version is {version}, not 2 or 3"));
    }
    let tensors = reader.u64()?;
    let keys = reader.u64()?;
    if keys > MAX_KEYS.min(reader.remaining() / KEY_BYTES)
        || tensors > MAX_TENSORS.min(reader.remaining() / TENSOR_BYTES)
    {
        let size = reader.size;
        return Err(format!("it is truncated or damaged: it claims {keys} keys and {tensors} tensors in {size} bytes"));
    }
    let metadata = metadata(reader, keys, tensors * TENSOR_BYTES)?;
    let tensors_at = check_tensors(reader, tensors, alignment(&metadata)?)?;
    Ok((metadata, tensors_at))
}

/// Reads a name and rejects one with a NUL, because llama.cpp compares C strings and would see another name.
fn name(reader: &mut Reader, limit: u64, what: &str) -> Checked<String> {
    let bytes = reader.string(limit, what)?;
    match String::from_utf8(bytes) {
        Ok(name) if !name.is_empty() && !name.contains('\0') => Ok(name),
        _ => Err(format!("{what} is not a name")),
    }
}

/// The part of a text that llama.cpp reads: everything before a NUL.
fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn alignment(metadata: &Metadata) -> Checked<u64> {
    match metadata.number("general.alignment") {
        None => Ok(DEFAULT_ALIGNMENT),
        Some(alignment) if alignment.is_power_of_two() && alignment <= 1 << 20 => Ok(alignment),
        Some(alignment) => Err(format!("its alignment is {alignment}")),
    }
}

/// Reads `keys` values. At least `follows` bytes come after them.
fn metadata(reader: &mut Reader, keys: u64, follows: u64) -> Checked<Metadata> {
    let mut values = HashMap::new();
    for index in 0..keys {
        reader.follows = follows + (keys - index - 1) * KEY_BYTES;
        let key = name(reader, MAX_KEY_BYTES, "a key")?;
        let kind = reader.u32()?;
        let value = match kind {
            ARRAY => array(reader, &key)?,
            STRING => text(reader)?,
            kind => scalar(reader, kind).ok_or_else(|| format!("{key} has the unknown type {kind}"))??,
        };
        if reader.position > MAX_HEADER_BYTES {
            return Err(format!("its metadata is larger than {} MiB", MAX_HEADER_BYTES >> 20));
        }
        if values.contains_key(&key) {
            return Err(format!("it has the key {key} twice"));
        }
        values.insert(key, value);
    }
    Ok(Metadata::new(values))
}

const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Size of an element; `None` for a type without a fixed size, or an unknown type.
fn size_of(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn scalar(reader: &mut Reader, kind: u32) -> Option<Checked<Value>> {
    let integer = |value: Checked<i128>| value.map(Value::Integer);
    let float = |value: Checked<f64>| value.map(Value::Float);
    Some(match kind {
        0 | 7 => integer(reader.bytes().map(u8::from_le_bytes).map(i128::from)),
        1 => integer(reader.bytes().map(i8::from_le_bytes).map(i128::from)),
        2 => integer(reader.bytes().map(u16::from_le_bytes).map(i128::from)),
        3 => integer(reader.bytes().map(i16::from_le_bytes).map(i128::from)),
        4 => integer(reader.bytes().map(u32::from_le_bytes).map(i128::from)),
        5 => integer(reader.bytes().map(i32::from_le_bytes).map(i128::from)),
        6 => float(reader.bytes().map(f32::from_le_bytes).map(f64::from)),
        10 => integer(reader.bytes().map(u64::from_le_bytes).map(i128::from)),
        11 => integer(reader.bytes().map(i64::from_le_bytes).map(i128::from)),
        12 => float(reader.bytes().map(f64::from_le_bytes)),
        _ => return None,
    })
}

fn text(reader: &mut Reader) -> Checked<Value> {
    let length = reader.u64()?;
    if length > MAX_KEPT_TEXT {
        reader.skip(length)?;
        return Ok(Value::Skipped);
    }
    let bytes = reader.rest_of_string(length)?;
    match String::from_utf8(until_nul(&bytes).to_vec()) {
        Ok(text) => Ok(Value::Text(text)),
        Err(_) => Ok(Value::Skipped),
    }
}

fn array(reader: &mut Reader, key: &str) -> Checked<Value> {
    let kind = reader.u32()?;
    let count = reader.u64()?;
    if kind == STRING {
        return strings(reader, key, count);
    }
    let size = size_of(kind).ok_or_else(|| format!("{key} is an array of the unknown type {kind}"))?;
    let bytes = count.checked_mul(size).ok_or_else(|| format!("{key} claims {count} values"))?;
    if bytes > MAX_HEADER_BYTES {
        return Err(format!("{key} claims {count} values"));
    }
    if key == TOKEN_TYPES && size == 4 {
        return token_types(reader, count);
    }
    if count > MAX_KEPT_ARRAY {
        reader.skip(bytes)?;
        return Ok(Value::Skipped);
    }
    let values = (0..count).map(|_| scalar(reader, kind).expect("a type with a size is a scalar"));
    Ok(Value::Array(values.collect::<Checked<_>>()?))
}

/// Reads the array of token types and keeps whether byte tokens exist.
fn token_types(reader: &mut Reader, count: u64) -> Checked<Value> {
    let mut bytes = false;
    for _ in 0..count {
        bytes |= i32::from_le_bytes(reader.bytes()?) == BYTE_TOKEN;
    }
    Ok(Value::TokenTypes { bytes })
}

/// Reads an array of texts without keeping them. Rejects duplicate tokens, because llama.cpp aborts on them.
fn strings(reader: &mut Reader, key: &str, count: u64) -> Checked<Value> {
    if count > MAX_TOKENS || count > reader.remaining() / 8 {
        return Err(format!("it is truncated or damaged: {key} claims {count} texts"));
    }
    let mut seen = (key == TOKENS).then(TokenSet::default);
    let start = reader.position;
    let follows = reader.follows;
    for index in 0..count {
        reader.follows = follows + (count - index - 1) * 8;
        let Some(seen) = &mut seen else {
            let length = reader.u64()?;
            reader.skip(length)?;
            continue;
        };
        let mut token = reader.string(MAX_KEY_BYTES, "a token of the vocabulary")?;
        token.truncate(until_nul(&token).len());
        if token.is_empty() {
            // llama.cpp names empty tokens like this.
            token = format!("[EMPTY_{index}]").into_bytes();
        }
        if !seen.insert(&token) {
            return Err(format!("token {index} of its vocabulary is there twice"));
        }
    }
    Ok(Value::Texts { count, bytes: reader.position - start - 8 * count })
}

/// A set of texts that stores 16 bytes per text: two hashes with random keys, so that no file can provoke collisions.
#[derive(Default)]
struct TokenSet {
    first: RandomState,
    second: RandomState,
    hashes: HashSet<(u64, u64)>,
}

impl TokenSet {
    fn insert(&mut self, text: &[u8]) -> bool {
        self.hashes.insert((self.first.hash_one(text), self.second.hash_one(text)))
    }
}

/// Checks all tensors and returns the offset of the first one's data.
fn check_tensors(reader: &mut Reader, count: u64, alignment: u64) -> Checked<u64> {
    let mut names = HashSet::new();
    let mut end = (0, String::new());
    for index in 0..count {
        reader.follows = (count - index - 1) * TENSOR_BYTES;
        let name = name(reader, MAX_TENSOR_NAME, "a tensor's name")?;
        let bytes = tensor_bytes(reader, &name)?;
        let offset = reader.u64()?;
        if offset % alignment != 0 {
            return Err(format!("tensor {name} is not aligned"));
        }
        let past = offset.checked_add(bytes).ok_or_else(|| format!("tensor {name} has an impossible offset"))?;
        if past > end.0 {
            end = (past, name.clone());
        }
        if !names.insert(name) {
            return Err("two of its tensors have the same name".to_owned());
        }
    }
    if count == 0 {
        // A file with a vocabulary alone cannot be loaded as a model.
        return Err("it holds no tensors".to_owned());
    }
    let start = reader.position.next_multiple_of(alignment);
    match start.checked_add(end.0) {
        Some(needed) if needed <= reader.size => Ok(start),
        Some(needed) => {
            let name = end.1;
            Err(format!("it is truncated: tensor {name} ends at byte {needed} of {}", reader.size))
        }
        None => Err("its tensors have impossible sizes".to_owned()),
    }
}

/// Reads a tensor's shape and type, and returns its size in bytes.
fn tensor_bytes(reader: &mut Reader, name: &str) -> Checked<u64> {
    let dimensions = reader.u32()?;
    if dimensions > MAX_DIMENSIONS {
        return Err(format!("tensor {name} has {dimensions} dimensions"));
    }
    let mut elements: u64 = 1;
    let mut row = 1;
    for index in 0..dimensions {
        let size = reader.u64()?;
        if index == 0 {
            row = size;
        }
        let product = if size == 0 { None } else { elements.checked_mul(size) };
        elements = product
            .filter(|&elements| elements <= i64::MAX as u64)
            .ok_or_else(|| format!("tensor {name} has an impossible shape"))?;
    }
    let kind = reader.u32()?;
    let (block, bytes) = block_of(kind).ok_or_else(|| format!("tensor {name} has the unknown type {kind}"))?;
    if row % block != 0 {
        return Err(format!("tensor {name} has rows of {row} values, not a multiple of {block}"));
    }
    (elements / block).checked_mul(bytes).ok_or_else(|| format!("tensor {name} has an impossible size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_split_model_are_beside_the_first() {
        let parts = other_parts("/models/big-00001-of-00003.gguf", "big", 3).expect("named as llama.cpp wants it");
        let expected = ["/models/big-00002-of-00003.gguf", "/models/big-00003-of-00003.gguf"];
        assert_eq!(parts, expected.map(PathBuf::from));
        for (path, count) in
            [("/models/big-00002-of-00003.gguf", 3), ("/models/big.gguf", 2), ("/models/big.gguf", 65_535)]
        {
            assert_eq!(other_parts(path, path, count).map_err(|error| error.code), Err(ErrorCode::ModelInvalid));
        }
    }
}
