//! The fingerprint of a model: a hash of everything that a saved state depends on, and of nothing else. It leaves out
//! `contextSize`, and the number of slots where a state does not depend on it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use twox_hash::XxHash3_128;

use crate::error::{Error, ErrorCode, Result};
use crate::gguf::ModelFile;
use crate::kv::Fingerprint;

/// Another version of llama.cpp may compute or write a state differently.
const LLAMA_VERSION: &str = "0.1.160";

/// Fine-tunes of one model have the same header. Samples tell their weights apart; hashing all weights would take as
/// long as reading the file.
const SAMPLES: u64 = 16;
const SAMPLE_BYTES: u64 = 64 << 10;

/// Hashes the model's files and `form`, which describes the context: KV types, attention, the form of its states.
/// Errors call the first file `name`.
pub(super) fn fingerprint(files: &[ModelFile], name: &str, form: &str) -> Result<Fingerprint> {
    let mut hash = XxHash3_128::new();
    for text in [LLAMA_VERSION, form] {
        hash.write(&(text.len() as u64).to_le_bytes());
        hash.write(text.as_bytes());
    }
    for (index, file) in files.iter().enumerate() {
        hash_file(&mut hash, file).map_err(|error| {
            let name = if index == 0 { name.into() } else { file.path.to_string_lossy() };
            Error::new(ErrorCode::ModelInvalid, format!("could not read {name}: {error}")).with_source(error)
        })?;
    }
    Ok(Fingerprint(hash.finish_128()))
}

fn hash_file(hash: &mut XxHash3_128, file: &ModelFile) -> std::io::Result<()> {
    hash.write(&file.size.to_le_bytes());
    hash.write(&file.tensors_at.to_le_bytes());
    let mut reader = File::open(&file.path)?;
    let mut buffer = Vec::new();
    for (start, length) in pieces(file.size, file.tensors_at) {
        reader.seek(SeekFrom::Start(start))?;
        buffer.clear();
        (&mut reader).take(length).read_to_end(&mut buffer)?;
        hash.write(&buffer);
    }
    Ok(())
}

/// The header in pieces, then the samples: evenly spaced, the last one at the end of the file.
fn pieces(size: u64, tensors_at: u64) -> impl Iterator<Item = (u64, u64)> {
    let header = (0..tensors_at).step_by(SAMPLE_BYTES as usize);
    let header = header.map(move |start| (start, SAMPLE_BYTES.min(tensors_at - start)));
    let last = size.saturating_sub(SAMPLE_BYTES).max(tensors_at);
    let step = (last - tensors_at) / (SAMPLES - 1);
    let samples = (0..SAMPLES - 1).map(move |index| (tensors_at + step * index, SAMPLE_BYTES));
    header.chain(samples).chain([(last, SAMPLE_BYTES)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_built() {
        let pinned = format!("llama-cpp-sys-2 = {{ version = \"={LLAMA_VERSION}\"");
        assert!(include_str!("../../Cargo.toml").contains(&pinned), "{pinned}");
    }

    #[test]
    fn samples_are_spread_over_the_tensors() {
        let (size, tensors_at) = (1 << 30, 100_000);
        let pieces: Vec<_> = pieces(size, tensors_at).collect();
        assert_eq!(pieces[..2], [(0, SAMPLE_BYTES), (SAMPLE_BYTES, 100_000 - SAMPLE_BYTES)]);
        let samples = &pieces[2..];
        assert_eq!(samples.len(), 16);
        assert_eq!((samples[0].0, samples[15].0 + SAMPLE_BYTES), (tensors_at, size));
        assert!(samples.windows(2).all(|pair| pair[1].0 - pair[0].0 > 70_000_000), "{samples:?}");
    }

    #[test]
    fn a_small_file_is_hashed_whole() {
        let mut covered = 0;
        for (start, length) in pieces(500_000, 1_000) {
            assert!(start <= covered, "{start}");
            covered = covered.max(start + length);
        }
        assert!(covered >= 500_000);
        assert!(pieces(1_000, 1_000).all(|(start, _)| start <= 1_000));
    }
}
