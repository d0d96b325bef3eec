//! Model files with random weights: the shape of a real model, and noise as its answers.

#[path = "gguf_file.rs"]
pub mod gguf_file;
#[path = "../seeded/mod.rs"]
mod seeded;

use std::path::Path;

use gguf_file::{F32, GgufFile};
pub use seeded::Random;

/// The type of matrices.
#[derive(Debug, Clone, Copy)]
pub enum Quantization {
    /// Four bits per weight. llama.cpp repacks it for most CPUs.
    Q4_0,
    /// Two bytes per weight, used in place.
    F16,
}

/// The shape of a model of the architecture `llama`.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub layers: u32,
    pub width: u32,
    pub feed_forward: u32,
    pub heads: u32,
    pub kv_heads: u32,
    pub vocabulary: u32,
    pub quantization: Quantization,
}

/// A value in the header.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    Number(u32),
    Truth(bool),
}

/// Writes a model. The same shape gives the same header, the same seed the same weights.
pub fn write_random_model(path: &Path, shape: Shape, seed: u64) {
    write_random_model_with(path, shape, seed, &[]);
}

/// The same, with additional keys in the header.
pub fn write_random_model_with(path: &Path, shape: Shape, seed: u64, header: &[(&str, Value)]) {
    let mut file = File { gguf: GgufFile::default(), tensors: Vec::new() };
    file.shape(shape);
    for (name, value) in header {
        match value {
            Value::Number(value) => file.gguf.number(name, *value),
            Value::Truth(value) => file.gguf.truth(name, *value),
        }
    }
    file.vocabulary(shape.vocabulary);
    file.matrices(shape);
    file.write(path, shape.quantization, &mut Random(seed));
}

struct File {
    gguf: GgufFile,
    /// Names, inputs and outputs of the matrices.
    tensors: Vec<(String, Vec<u32>)>,
}

impl File {
    fn shape(&mut self, shape: Shape) {
        self.gguf.text("general.architecture", "llama");
        for (name, value) in [
            ("context_length", 32_768),
            ("embedding_length", shape.width),
            ("block_count", shape.layers),
            ("feed_forward_length", shape.feed_forward),
            ("attention.head_count", shape.heads),
            ("attention.head_count_kv", shape.kv_heads),
            ("rope.dimension_count", shape.width / shape.heads),
            ("vocab_size", shape.vocabulary),
        ] {
            self.gguf.number(&format!("llama.{name}"), value);
        }
        self.gguf.float("llama.attention.layer_norm_rms_epsilon", 1e-5);
    }

    /// One token per byte, and fillers.
    fn vocabulary(&mut self, size: u32) {
        let printable = |byte: &u32| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
        let mut replacement = 0x100;
        let mut tokens = vec!["<|im_start|>".to_owned(), "<|im_end|>".to_owned()];
        tokens.extend((0..0x100).map(|byte| {
            let code = if printable(&byte) {
                byte
            } else {
                replacement += 1;
                replacement - 1
            };
            char::from_u32(code).expect("below the surrogates").to_string()
        }));
        tokens.extend((tokens.len()..size as usize).map(|index| format!("w{index}")));
        self.gguf.text("tokenizer.ggml.model", "gpt2");
        self.gguf.text("tokenizer.ggml.pre", "gpt-2");
        self.gguf.texts("tokenizer.ggml.tokens", &tokens);
        self.gguf.texts("tokenizer.ggml.merges", &["\u{120} \u{120}".to_owned()]);
        self.gguf.number("tokenizer.ggml.bos_token_id", 0);
        self.gguf.number("tokenizer.ggml.eos_token_id", 1);
    }

    fn matrices(&mut self, shape: Shape) {
        let kv_width = shape.width / shape.heads * shape.kv_heads;
        let mut add = |name: String, size: &[u32]| self.tensors.push((name, size.to_vec()));
        let (width, wide) = (shape.width, shape.feed_forward);
        add("token_embd.weight".to_owned(), &[width, shape.vocabulary]);
        add("output_norm.weight".to_owned(), &[width]);
        add("output.weight".to_owned(), &[width, shape.vocabulary]);
        for layer in 0..shape.layers {
            for (name, size) in [
                ("attn_norm", vec![width]),
                ("ffn_norm", vec![width]),
                ("attn_q", vec![width, width]),
                ("attn_k", vec![width, kv_width]),
                ("attn_v", vec![width, kv_width]),
                ("attn_output", vec![width, width]),
                ("ffn_gate", vec![width, wide]),
                ("ffn_up", vec![width, wide]),
                ("ffn_down", vec![wide, width]),
            ] {
                add(format!("blk.{layer}.{name}.weight"), &size);
            }
        }
        // Norms come first. Linux maps a file in chunks of up to 2 MiB and counts a whole chunk as used, so norms
        // between matrices, which are used in a repacked copy, would make those count twice.
        self.tensors.sort_by_key(|(_, size)| size.len());
    }

    fn write(mut self, path: &Path, quantization: Quantization, random: &mut Random) {
        for (name, size) in &self.tensors {
            self.gguf.tensor(name, size, kind(size, quantization), values(size, quantization, random));
        }
        self.gguf.write(path);
    }
}

/// ggml's number of a tensor's type.
fn kind(size: &[u32], quantization: Quantization) -> u32 {
    match (size.len(), quantization) {
        (1, _) => F32,
        (_, Quantization::F16) => 1,
        (_, Quantization::Q4_0) => 2,
    }
}

/// Ones for a norm; for a matrix, values small enough that no activation overflows.
fn values(size: &[u32], quantization: Quantization, random: &mut Random) -> Vec<u8> {
    let count: u32 = size.iter().product();
    if size.len() == 1 {
        return (0..count).flat_map(|_| 1_f32.to_le_bytes()).collect();
    }
    // Half precision: an exponent of -5, and a random sign and fraction.
    let half = |random: u64| (0x2800_u16 | (random & 0x83ff) as u16).to_le_bytes();
    match quantization {
        Quantization::F16 => (0..count).flat_map(|_| half(random.next())).collect(),
        Quantization::Q4_0 => {
            let mut data = Vec::new();
            for _ in 0..count / 32 {
                // The scale of 32 values from -8 to 7.
                data.extend(0x1c00_u16.to_le_bytes());
                data.extend(random.next().to_le_bytes());
                data.extend(random.next().to_le_bytes());
            }
            data
        }
    }
}
