//! Which loads share saved states, and which do not.

#![cfg(feature = "llama")]

mod llama_common;

use std::path::Path;

use llama_common::random_model::{Quantization, Shape, write_random_model};
use llama_common::{config, folder, load, tiny_bytes, with_template, write};
use llama_rs_core::kv::Fingerprint;
use llama_rs_core::protocol::ModelConfig;

fn of(path: &Path) -> Fingerprint {
    load(&ModelConfig { context_size: Some(256), max_resident: Some(1), ..ModelConfig::new(path.to_string_lossy()) })
        .fingerprint
}

#[test]
fn slots_context_size_and_threads_are_no_part_of_it() {
    let first = load(&config()).fingerprint;
    assert_ne!(first, Fingerprint(0));
    for (slots, context_size, threads) in [(1, 256, 1), (4, 2_048, 2)] {
        let changed = ModelConfig {
            max_resident: Some(slots),
            context_size: Some(context_size),
            threads: Some(threads),
            ..config()
        };
        assert_eq!(load(&changed).fingerprint, first);
    }
}

#[test]
fn the_same_file_elsewhere_is_the_same_model() {
    let folder = folder();
    assert_eq!(of(&write(&folder, &tiny_bytes())), load(&config()).fingerprint);
}

#[test]
fn other_weights_under_the_same_header_are_another_model() {
    let shape = Shape {
        layers: 4,
        width: 256,
        feed_forward: 512,
        heads: 4,
        kv_heads: 2,
        vocabulary: 1_024,
        quantization: Quantization::Q4_0,
    };
    let folder = folder();
    let [one, same, other] = [("one", 1), ("same", 1), ("other", 2)].map(|(name, seed)| {
        let path = folder.path().join(name);
        write_random_model(&path, shape, seed);
        path
    });
    let size = |path: &Path| std::fs::metadata(path).expect("it was written").len();
    assert_eq!(size(&one), size(&other));
    assert_eq!(of(&one), of(&same));
    assert_ne!(of(&one), of(&other));
}

#[test]
fn another_header_over_the_same_weights_is_another_model() {
    let folder = folder();
    assert_ne!(of(&write(&folder, &with_template("{{ messages[0].content }}"))), load(&config()).fingerprint);
}
