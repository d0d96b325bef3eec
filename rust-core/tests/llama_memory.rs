//! Compares the estimate of a load with the memory that the process really uses, measured from outside llama.cpp, each
//! case in a process of its own.

#![cfg(all(feature = "llama", target_os = "linux"))]

mod llama_common;

use std::path::Path;
use std::process::Command;

use llama_common::random_model::{Quantization, Shape, Value, write_random_model, write_random_model_with};
use llama_common::{config, folder, load, load_encoder, load_error, prefill, tiny_bytes, write};
use llama_rs_core::engine::{CancelFlag, EMBEDDING_ROWS, Estimate, ModelLoader, Row};
use llama_rs_core::error::ErrorCode;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::protocol::ModelConfig;

const SMALL: Shape = Shape {
    layers: 8,
    width: 256,
    feed_forward: 768,
    heads: 4,
    kv_heads: 2,
    vocabulary: 4_096,
    quantization: Quantization::F16,
};

const LARGE: Shape = Shape {
    layers: 12,
    width: 448,
    feed_forward: 1_216,
    heads: 7,
    kv_heads: 7,
    vocabulary: 8_192,
    quantization: Quantization::Q4_0,
};

const SLOTS: u32 = 2;

/// Lists that every context keeps and no estimate counts: a large share of a context for short texts, a negligible one
/// for conversations.
const LISTS: f64 = 2e6;

fn sized(path: &Path, context_size: u32) -> ModelConfig {
    ModelConfig {
        context_size: Some(context_size),
        max_resident: Some(SLOTS),
        threads: Some(1),
        ..ModelConfig::new(path.to_string_lossy())
    }
}

/// Anonymous memory of this process, and bytes of the file used since `forget_use`.
fn used(file: &Path) -> (u64, u64) {
    let maps = std::fs::read_to_string("/proc/self/smaps").expect("Linux says what a process has mapped");
    let (mut anonymous, mut referenced, mut in_file) = (0, 0, false);
    for line in maps.lines() {
        let mut words = line.split_ascii_whitespace();
        let (name, value) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let bytes = || value.parse::<u64>().expect("a number of kibibytes") * 1024;
        match name {
            "Anonymous:" => anonymous += bytes(),
            "Referenced:" if in_file => referenced += bytes(),
            _ if !name.ends_with(':') => in_file = line.ends_with(&*file.to_string_lossy()),
            _ => {}
        }
    }
    (anonymous, referenced)
}

/// Restarts the count of used pages.
fn forget_use() {
    std::fs::write("/proc/self/clear_refs", "1").expect("a process may forget what it has used");
}

/// Fills a slot, so that every page that any step touches has been touched. The load clears the KV memory.
fn fill(path: &Path, context_size: u32) -> (u64, u64) {
    let before = used(path).0;
    let mut model = load(&sized(path, context_size));
    forget_use();
    let tokens: Vec<i32> = (0..512).map(|index| index % 256).collect();
    for position in (0..context_size).step_by(512) {
        let count = (context_size - position).min(512) as usize;
        prefill(&mut model, 0, &tokens[..count], position, None).expect("it fits");
    }
    let (after, of_file) = used(path);
    (after - before, of_file)
}

/// The same for a context for embeddings. Uses no page of the file that the model has not used before.
fn fill_embedder(path: &Path, text_size: u32) -> (u64, u64) {
    let mut model = load(&sized(path, 256));
    prefill(&mut model, 0, &[7; 64], 0, None).expect("it fits");
    let before = used(path).0;
    let mut embedder = model.context.embedding_context(text_size, 1).expect("a decoder makes embeddings");
    for begin in (0..text_size).step_by(EMBEDDING_ROWS) {
        let rows: Vec<Row> = (begin..text_size)
            .take(EMBEDDING_ROWS)
            .map(|position| Row { sequence: 0, position, token: 7, wants_logits: true })
            .collect();
        embedder.decode(&rows, &CancelFlag::default()).expect("it fits");
    }
    (used(path).0 - before, 0)
}

/// The same for a context for benchmarks.
fn fill_gauge(path: &Path, tokens: u32) -> (u64, u64) {
    let mut model = load(&sized(path, 256));
    prefill(&mut model, 0, &[7; 64], 0, None).expect("it fits");
    let before = used(path).0;
    let mut gauge = model.context.bench_context(tokens, 1).expect("a decoder can be measured");
    let batch_size = gauge.batch_size();
    for position in (0..tokens).step_by(batch_size as usize) {
        let count = (tokens - position).min(batch_size);
        gauge.compute(position, count, &CancelFlag::default()).expect("it fits");
    }
    (used(path).0 - before, 0)
}

/// The same for a context for encoders, beside weights that nothing else has used.
fn fill_encoder(path: &Path, text_size: u32) -> (u64, u64) {
    let mut model = load_encoder(&sized(path, 4_096)).model;
    let rows: Vec<Row> =
        (0..text_size).map(|position| Row { sequence: 0, position, token: 7, wants_logits: true }).collect();
    let before = used(path).0;
    let mut embedder = model.embedding_context(text_size, 1).expect("an encoder makes embeddings");
    embedder.decode(&rows, &CancelFlag::default()).expect("it fits");
    (used(path).0 - before, 0)
}

const CHILD: &str = "LLAMA_RS_MEMORY_CASE";

/// The body of a test in a process of its own, once per case: see `measure`.
fn one_case(case: &str, fill: fn(&Path, u32) -> (u64, u64)) {
    let (size, path) = case.split_once(' ').expect("a number and a path");
    let (anonymous, of_file) = fill(Path::new(path), size.parse().expect("a number"));
    println!("\nmeasured {anonymous} {of_file}");
}

fn measure(test: &str, path: &Path, size: u32) -> (u64, u64) {
    let output = Command::new(std::env::current_exe().expect("this test has a file"))
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, format!("{size} {}", path.display()))
        .output()
        .expect("this test can be run again");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("measured ")).unwrap_or_else(|| panic!("{output:?}"));
    let (anonymous, of_file) = line.split_once(' ').expect("two numbers");
    (anonymous.parse().expect("a number"), of_file.parse().expect("a number"))
}

#[test]
fn an_estimate_is_for_what_a_load_would_choose() {
    for config in [config(), ModelConfig { context_size: Some(1_000), max_resident: Some(3), ..config() }] {
        let estimate = LlamaLoader.estimate(&config, Estimate::Load).expect("the tiny model has an estimate");
        let info = load(&config).info;
        assert_eq!((estimate.context_size, estimate.max_resident), (info.context_size, info.max_resident));
        assert!(estimate.weights_bytes >= info.size_bytes, "{estimate:?}, {info:?}");
    }
}

#[test]
fn more_tokens_take_more_even_beyond_what_is_laid_out() {
    let with = |context_size| ModelConfig { context_size: Some(context_size), max_resident: Some(1), ..config() };
    let kv = |context_size| {
        LlamaLoader.estimate(&with(context_size), Estimate::Load).expect("the tiny model has an estimate").kv_bytes
    };
    let block = kv(256);
    for blocks in [2, 64, 4_096, 1 << 16] {
        assert_eq!(kv(256 * blocks), block * u64::from(blocks));
    }
}

#[test]
fn force_goes_past_the_estimate() {
    // Larger than the estimate can represent, and refused by the next limit: nothing is allocated.
    let absurd = ModelConfig { context_size: Some(16_777_216), max_resident: Some(256), ..config() };
    let reason = "(more than 4,294,967,295 tokens of context)";
    let refused = load_error(&absurd);
    assert!(refused.code == ErrorCode::OutOfMemory && !refused.detail.contains(reason), "{refused}");
    let forced = load_error(&ModelConfig { force: true, ..absurd });
    assert!(forced.code == ErrorCode::OutOfMemory && forced.detail.contains(reason), "{forced}");
}

#[test]
fn a_file_that_is_no_model_has_no_estimate() {
    let folder = folder();
    let mut future = tiny_bytes();
    let name = llama_common::find(&future, "llama");
    future[name..name + 5].copy_from_slice(b"zebra");
    for (bytes, code) in [(b"GGUF".to_vec(), ErrorCode::ModelInvalid), (future, ErrorCode::ModelUnsupported)] {
        let path = write(&folder, &bytes);
        let error =
            LlamaLoader.estimate(&ModelConfig::new(path.to_string_lossy()), Estimate::Load).expect_err("no estimate");
        assert_eq!(error.code, code, "{error}");
    }
}

#[test]
fn the_estimate_is_what_is_used() {
    if let Ok(case) = std::env::var(CHILD) {
        return one_case(&case, fill);
    }
    let folder = folder();
    for (name, shape) in [("small.gguf", SMALL), ("large.gguf", LARGE)] {
        let path = folder.path().join(name);
        write_random_model(&path, shape, 7);
        for context_size in [256, 1_024, 4_096] {
            let estimate = LlamaLoader
                .estimate(&sized(&path, context_size), Estimate::Load)
                .expect("a random model has an estimate");
            let (anonymous, of_file) = measure("the_estimate_is_what_is_used", &path, context_size);
            let ratio = estimate.total() as f64 / (anonymous + of_file) as f64;
            println!("{name} {context_size}: {estimate:?} {anonymous} + {of_file} = {ratio:.3}");
            assert!(
                (0.85..1.15).contains(&ratio),
                "{name} {context_size}: {ratio:.3}: {estimate:?}, {anonymous}, {of_file}"
            );
        }
    }
}

/// Compares estimates of auxiliary contexts with their real use, for both shapes with these keys in their headers.
fn hold_against_use(test: &str, sizes: &[u32], header: &[(&str, Value)], estimate: impl Fn(&ModelConfig, u32) -> u64) {
    let folder = folder();
    for (name, shape) in [("small.gguf", SMALL), ("large.gguf", LARGE)] {
        let path = folder.path().join(name);
        write_random_model_with(&path, shape, 7, header);
        for &size in sizes {
            let estimate = estimate(&sized(&path, 4_096), size);
            let (anonymous, _) = measure(test, &path, size);
            println!("{name} {size}: {estimate} for {anonymous}");
            let beyond = anonymous as f64 - estimate as f64 * 1.15;
            assert!(beyond < LISTS, "{name} {size}: {estimate}, {anonymous}");
            assert!(anonymous as f64 > estimate as f64 * 0.85, "{name} {size}: {estimate}, {anonymous}");
        }
    }
}

fn estimate_embedder(config: &ModelConfig, text_size: u32) -> u64 {
    LlamaLoader.estimate(config, Estimate::Embeddings { text_size }).expect("it has an estimate").total()
}

#[test]
fn the_estimate_of_a_memory_for_embeddings_is_what_is_used() {
    if let Ok(case) = std::env::var(CHILD) {
        return one_case(&case, fill_embedder);
    }
    let test = "the_estimate_of_a_memory_for_embeddings_is_what_is_used";
    hold_against_use(test, &[256, 1_024, 4_096], &[], estimate_embedder);
}

#[test]
fn the_estimate_of_a_memory_for_whole_texts_is_what_is_used() {
    if let Ok(case) = std::env::var(CHILD) {
        return one_case(&case, fill_encoder);
    }
    let test = "the_estimate_of_a_memory_for_whole_texts_is_what_is_used";
    let header = [("llama.attention.causal", Value::Truth(false))];
    hold_against_use(test, &[64, 512, 2_048], &header, estimate_embedder);
}

#[test]
fn the_estimate_of_a_memory_for_measurements_is_what_is_used() {
    if let Ok(case) = std::env::var(CHILD) {
        return one_case(&case, fill_gauge);
    }
    let test = "the_estimate_of_a_memory_for_measurements_is_what_is_used";
    hold_against_use(test, &[512, 2_048], &[], |config, tokens| {
        LlamaLoader.estimate(config, Estimate::Bench { tokens }).expect("it has an estimate").total()
    });
}
