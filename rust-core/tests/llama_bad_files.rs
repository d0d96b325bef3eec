//! Files that break their own claims cause a typed error or a correct load, never a crash.

#![cfg(feature = "llama")]

mod llama_common;

use std::path::Path;

use llama_common::encoder_model::EncoderModel;
use llama_common::random_model::Random;
use llama_common::{find, folder, greedy, load_error, message, prefill, tiny_bytes, with_template, with_value, write};
use llama_rs_core::engine::{CancelFlag, DecodeError, Loaded, LoadedEncoder, ModelLoader, Row};
use llama_rs_core::error::{Error, ErrorCode, Result};
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::protocol::{GenerateOptions, ModelConfig, Role};

fn small(path: &Path) -> ModelConfig {
    ModelConfig {
        context_size: Some(256),
        max_resident: Some(1),
        threads: Some(1),
        ..ModelConfig::new(path.to_string_lossy())
    }
}

fn error_of(bytes: &[u8]) -> Error {
    let folder = folder();
    load_error(&small(&write(&folder, bytes)))
}

#[test]
fn a_path_without_a_model_is_named() {
    let folder = folder();
    let missing = folder.path().join("absent.gguf");
    assert_eq!(load_error(&small(&missing)).code, ErrorCode::ModelNotFound);
    let below_a_file = write(&folder, b"x").join("model.gguf");
    assert_eq!(load_error(&small(&below_a_file)).code, ErrorCode::ModelNotFound);
    let error = load_error(&small(folder.path()));
    assert_eq!(error.code, ErrorCode::ModelInvalid);
    assert!(error.detail.contains("is not a file"), "{error}");
}

#[test]
fn what_is_not_a_whole_gguf_file_is_one_clear_sentence() {
    let tiny = tiny_bytes();
    for (bytes, reason) in [
        (&b""[..], "it is empty"),
        (b"GG", "does not begin with GGUF"),
        (b"PK\x03\x04 a zip archive", "does not begin with GGUF"),
        (b"GGUF", "truncated"),
        (&tiny[..1_000], "truncated"),
        (&tiny[..tiny.len() / 2], "truncated"),
        (&tiny[..tiny.len() - 4_096], "truncated"),
    ] {
        let error = error_of(bytes);
        assert_eq!(error.code, ErrorCode::ModelInvalid, "{error}");
        assert!(error.detail.contains(reason), "{error}");
        assert!(!error.detail.contains('\n'), "{error}");
    }
}

#[test]
fn a_header_that_contradicts_itself_is_invalid() {
    let with = |at: usize, value: &[u8]| {
        let mut bytes = tiny_bytes();
        bytes[at..at + value.len()].copy_from_slice(value);
        bytes
    };
    let token = find(&tiny_bytes(), "<|im_start|>");
    let tensor = find(&tiny_bytes(), "blk.0.attn_q.weight");
    let shape = tensor + "blk.0.attn_q.weight".len();
    for (bytes, reason) in [
        (with(4, &1_u32.to_le_bytes()), "version is 1"),
        (with(4, &3_u32.to_be_bytes()), "big-endian"),
        (with(8, &u64::MAX.to_le_bytes()), "claims"),
        (with(16, &(1_u64 << 40).to_le_bytes()), "claims"),
        (with(24, &u64::MAX.to_le_bytes()), "a key is"),
        (with(token - 8, &(1_u64 << 60).to_le_bytes()), "a token of the vocabulary is"),
        (with(shape, &5_u32.to_le_bytes()), "5 dimensions"),
        (with(shape + 4, &u64::MAX.to_le_bytes()), "impossible shape"),
        (with(shape + 4, &33_u64.to_le_bytes()), "not a multiple"),
        (with(shape + 20, &99_u32.to_le_bytes()), "unknown type 99"),
        (with(shape + 24, &1_u64.to_le_bytes()), "not aligned"),
        (with(shape + 24, &(1_u64 << 40).to_le_bytes()), "truncated"),
    ] {
        let error = error_of(&bytes);
        assert_eq!(error.code, ErrorCode::ModelInvalid, "{error}");
        assert!(error.detail.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn what_llama_cpp_would_end_the_process_for_is_invalid() {
    // Two consecutive tokens of the vocabulary, two bytes each.
    let mut twice = tiny_bytes();
    let (one, other) = (find(&twice, "\u{100}"), find(&twice, "\u{101}"));
    twice.copy_within(one..one + 2, other);
    for (bytes, reason) in [
        (twice, "there twice"),
        (with_value("llama.block_count", &0_u32.to_le_bytes()), "0 layers"),
        (with_value("llama.block_count", &513_u32.to_le_bytes()), "513 layers"),
        (with_value("layer_norm_rms_epsilon", &(-1e-5_f32).to_le_bytes()), "epsilon is -"),
        (with_value("layer_norm_rms_epsilon", &f32::NAN.to_le_bytes()), "epsilon is NaN"),
        (with_value("llama.context_length", &0_u32.to_le_bytes()), "context length"),
    ] {
        let error = error_of(&bytes);
        assert_eq!(error.code, ErrorCode::ModelInvalid, "{error}");
        assert!(error.detail.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn bytes_in_a_vocabulary_of_words_are_invalid() {
    let folder = folder();
    let path = folder.path().join("encoder.gguf");
    EncoderModel::new(3).write(&path, &[]);
    let mut bytes = std::fs::read(&path).expect("it was written just now");
    // After the key come the array's type, the element type, and the count.
    let first = find(&bytes, "tokenizer.ggml.token_type") + "tokenizer.ggml.token_type".len() + 16;
    bytes[first + 4 * 7..][..4].copy_from_slice(&6_i32.to_le_bytes());
    let error = error_of(&bytes);
    assert_eq!(error.code, ErrorCode::ModelInvalid, "{error}");
    assert!(error.detail.contains("vocabulary of words has tokens of bytes"), "{error}");
}

#[test]
fn a_vocabulary_without_the_tokens_that_stand_around_a_text_is_a_typed_error() {
    let folder = folder();
    let path = folder.path().join("encoder.gguf");
    EncoderModel::new(3).write(&path, &[]);
    let bytes = std::fs::read(&path).expect("it was written just now");
    for name in ["tokenizer.ggml.seperator_token_id", "tokenizer.ggml.bos_token_id"] {
        let mut without = bytes.clone();
        let at = find(&without, name);
        without[at] = b'x';
        let error = use_model(&write(&folder, &without)).expect_err("there is no such token");
        assert_eq!(error.code, ErrorCode::InferenceFailed, "{error}");
        assert!(error.detail.contains("lacks the tokens that it wants around a text"), "{error}");
    }
}

#[test]
fn an_architecture_from_the_future_is_unsupported_and_not_invalid() {
    let mut bytes = tiny_bytes();
    let name = find(&bytes, "llama");
    bytes[name..name + 5].copy_from_slice(b"zebra");
    let error = error_of(&bytes);
    assert_eq!(error.code, ErrorCode::ModelUnsupported, "{error}");
    assert!(error.detail.contains("zebra"), "{error}");
}

#[test]
fn a_template_that_would_hang_is_refused() {
    let bytes = with_template("{% for i in range(10**7) %}{% endfor %}");
    let error = error_of(&bytes);
    assert_eq!(error.code, ErrorCode::TemplateFailed, "{error}");
}

/// Makes one to three changes, most of them in the header.
fn mutate(bytes: &mut Vec<u8>, header: usize, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let end = if random.below(8) == 0 { bytes.len() } else { header.min(bytes.len()) };
        let at = random.below(end.max(9) - 8);
        if bytes.len() < 16 {
            return;
        }
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = u8::try_from(random.below(256)).expect("a byte"),
            2 => {
                let value = random.pick(&[0, 1, 2, 255, 65_536, 0x7fff_ffff, 0x8000_0000, u32::MAX, 0x7fc0_0000]);
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
            3 => {
                let value = random.pick(&[0, 1, u64::MAX, i64::MAX as u64, 1 << 32, 1 << 40, 1 << 62]);
                bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            }
            4 => {
                let length = random.below(64).min(bytes.len() - at);
                bytes.drain(at..at + length);
            }
            5 => {
                let length = random.below(64).min(bytes.len() - at);
                let copy = bytes[at..at + length].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                if random.below(10) == 0 {
                    bytes.truncate(at);
                } else {
                    let from = random.below(end.max(17) - 16);
                    bytes.copy_within(from..from + 8, at);
                }
            }
        }
    }
}

/// Loads a chat model and generates a few tokens.
fn use_model(path: &Path) -> Result<()> {
    let mut model = match LlamaLoader.load(&small(path), &mut |_| true)? {
        Loaded::Chat(model) => model,
        Loaded::Encoder(model) => return use_encoder(model),
    };
    let prompt = model
        .prompter
        .render(&[message(Role::System, "be brief"), message(Role::User, "hello")], &GenerateOptions::default())?;
    let failed = |error: DecodeError| Error::new(ErrorCode::InferenceFailed, format!("{error:?}"));
    let tokens = &prompt.tokens[..prompt.tokens.len().min(200)];
    let mut row = prefill(&mut model, 0, tokens, 0, None).map_err(failed)?;
    let mut sampler = greedy(&model);
    for position in (u32::try_from(tokens.len()).expect("short")..).take(3) {
        let token = model.context.sample(row, &mut *sampler)?;
        model.context.text(token);
        row = prefill(&mut model, 0, &[token], position, None).map_err(failed)?;
    }
    Ok(())
}

/// Loads an encoder and embeds a few words.
fn use_encoder(LoadedEncoder { mut model, tokenizer, .. }: LoadedEncoder) -> Result<()> {
    let failed = |error: DecodeError| Error::new(ErrorCode::InferenceFailed, format!("{error:?}"));
    let tokens = tokenizer.tokenize_text("my name is alice")?;
    tokenizer.detokenize(&tokens)?;
    model.pooling()?;
    let mut embedder = model.embedding_context(64, 1)?;
    let rows: Vec<Row> = (0..)
        .zip(tokens.iter().take(64))
        .map(|(position, token)| Row { sequence: 0, position, token: *token, wants_logits: true })
        .collect();
    embedder.decode(&rows, &CancelFlag::default()).map_err(failed)?;
    embedder.vector(0).map(|_| ())
}

/// `LLAMA_RS_MUTATIONS=10000 cargo test --test llama_bad_files mutations -- --nocapture` tries more files, and prints
/// each seed, so that the last one is known if the process dies.
#[test]
fn the_process_survives_mutations() {
    let tiny = tiny_bytes();
    // The last tensor's entry ends the header. Padding and weights follow.
    let header = find(&tiny, "blk.3.ffn_down.weight") + 64;
    survive_mutations(&tiny, header);
}

#[test]
fn the_process_survives_mutations_of_an_encoder() {
    let folder = folder();
    let path = folder.path().join("encoder.gguf");
    EncoderModel::new(3).write(&path, &[]);
    let bytes = std::fs::read(&path).expect("it was written just now");
    let header = find(&bytes, "token_types.weight") + 64;
    survive_mutations(&bytes, header);
}

fn survive_mutations(model: &[u8], header: usize) {
    let asked = std::env::var("LLAMA_RS_MUTATIONS").ok().map(|count| count.parse::<u64>().expect("a number"));
    let first = std::env::var("LLAMA_RS_FIRST_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let folder = folder();
    let (mut worked, mut refused) = (0, 0);
    for seed in first..first + asked.unwrap_or(300) {
        if asked.is_some() {
            eprintln!("seed {seed}");
        }
        let mut bytes = model.to_vec();
        mutate(&mut bytes, header, &mut Random(seed));
        match use_model(&write(&folder, &bytes)) {
            Ok(()) => worked += 1,
            Err(error) => {
                assert!(!error.detail.is_empty());
                refused += 1;
            }
        }
    }
    assert!(worked > 0 && refused > 0, "{worked} worked, {refused} were refused");
}
