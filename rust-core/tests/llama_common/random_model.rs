//! Model files with random weights: the shape of a real model, and noise for an answer.

#[path = "../seeded/mod.rs"]
mod seeded;

use std::io::Write;
use std::path::Path;

pub use seeded::Random;

/// How matrices are stored.
#[derive(Debug, Clone, Copy)]
pub enum Quantization {
    /// Four bits a weight, which llama.cpp repacks for most CPUs.
    Q4_0,
    /// Two bytes a weight, used as they are in the file.
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

/// A value of the header.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    Number(u32),
    Truth(bool),
}

/// Writes a model. One shape gives one header; one seed, the same weights.
pub fn write_random_model(path: &Path, shape: Shape, seed: u64) {
    write_random_model_with(path, shape, seed, &[]);
}

/// The same, with more in its header.
pub fn write_random_model_with(path: &Path, shape: Shape, seed: u64, header: &[(&str, Value)]) {
    let mut file = File { bytes: Vec::new(), keys: 0, tensors: Vec::new() };
    file.shape(shape);
    for (name, value) in header {
        match value {
            Value::Number(value) => file.number(name, *value),
            Value::Truth(value) => file.truth(name, *value),
        }
    }
    file.vocabulary(shape.vocabulary);
    file.matrices(shape);
    file.write(path, shape.quantization, &mut Random(seed));
}

struct File {
    /// The keys so far.
    bytes: Vec<u8>,
    keys: u64,
    tensors: Vec<Tensor>,
}

struct Tensor {
    name: String,
    /// Inputs, then outputs of a matrix.
    size: Vec<u32>,
}

const UINT32: u32 = 4;
const FLOAT32: u32 = 6;
const BOOL: u32 = 7;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

impl File {
    fn key(&mut self, name: &str, kind: u32) {
        self.keys += 1;
        put_text(&mut self.bytes, name);
        put(&mut self.bytes, kind);
    }

    fn number(&mut self, name: &str, value: u32) {
        self.key(name, UINT32);
        put(&mut self.bytes, value);
    }

    fn truth(&mut self, name: &str, value: bool) {
        self.key(name, BOOL);
        self.bytes.push(u8::from(value));
    }

    fn text(&mut self, name: &str, value: &str) {
        self.key(name, STRING);
        put_text(&mut self.bytes, value);
    }

    fn texts(&mut self, name: &str, values: &[String]) {
        self.key(name, ARRAY);
        put(&mut self.bytes, STRING);
        self.bytes.extend((values.len() as u64).to_le_bytes());
        for value in values {
            put_text(&mut self.bytes, value);
        }
    }

    fn shape(&mut self, shape: Shape) {
        self.text("general.architecture", "llama");
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
            self.number(&format!("llama.{name}"), value);
        }
        self.key("llama.attention.layer_norm_rms_epsilon", FLOAT32);
        put(&mut self.bytes, 1e-5_f32.to_bits());
    }

    /// One token a byte, and fillers.
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
        self.text("tokenizer.ggml.model", "gpt2");
        self.text("tokenizer.ggml.pre", "gpt-2");
        self.texts("tokenizer.ggml.tokens", &tokens);
        self.texts("tokenizer.ggml.merges", &["\u{120} \u{120}".to_owned()]);
        self.number("tokenizer.ggml.bos_token_id", 0);
        self.number("tokenizer.ggml.eos_token_id", 1);
    }

    fn matrices(&mut self, shape: Shape) {
        let kv_width = shape.width / shape.heads * shape.kv_heads;
        let mut add = |name: String, size: &[u32]| self.tensors.push(Tensor { name, size: size.to_vec() });
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
        // Norms first. Linux maps a file in pieces of up to 2 MiB and counts the whole piece as used, so norms between
        // matrices that are used in a repacked copy would make those count twice.
        self.tensors.sort_by_key(|tensor| tensor.size.len());
    }

    fn write(self, path: &Path, quantization: Quantization, random: &mut Random) {
        let mut header = b"GGUF".to_vec();
        put(&mut header, 3);
        header.extend((self.tensors.len() as u64).to_le_bytes());
        header.extend(self.keys.to_le_bytes());
        header.extend(&self.bytes);
        let mut data = Vec::new();
        for tensor in &self.tensors {
            put_text(&mut header, &tensor.name);
            put(&mut header, u32::try_from(tensor.size.len()).expect("one or two"));
            for size in &tensor.size {
                header.extend(u64::from(*size).to_le_bytes());
            }
            put(&mut header, kind(tensor, quantization));
            header.extend((data.len() as u64).to_le_bytes());
            values(tensor, quantization, random, &mut data);
            data.resize(data.len().next_multiple_of(32), 0);
        }
        header.resize(header.len().next_multiple_of(32), 0);
        let mut file = std::fs::File::create(path).expect("a temporary file can be written");
        file.write_all(&header).and_then(|()| file.write_all(&data)).expect("a temporary file can be written");
    }
}

fn put(bytes: &mut Vec<u8>, value: u32) {
    bytes.extend(value.to_le_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// ggml's number of the type that a tensor is stored in.
fn kind(tensor: &Tensor, quantization: Quantization) -> u32 {
    match (tensor.size.len(), quantization) {
        (1, _) => 0,
        (_, Quantization::F16) => 1,
        (_, Quantization::Q4_0) => 2,
    }
}

/// Ones for a norm; for a matrix, values of such a size that no activation overflows.
fn values(tensor: &Tensor, quantization: Quantization, random: &mut Random, data: &mut Vec<u8>) {
    let count: u32 = tensor.size.iter().product();
    if tensor.size.len() == 1 {
        data.extend((0..count).flat_map(|_| 1_f32.to_le_bytes()));
        return;
    }
    // Half precision: an exponent of -5, and a random sign and fraction.
    let half = |random: u64| (0x2800_u16 | (random & 0x83ff) as u16).to_le_bytes();
    match quantization {
        Quantization::F16 => data.extend((0..count).flat_map(|_| half(random.next()))),
        Quantization::Q4_0 => {
            for _ in 0..count / 32 {
                // The scale of 32 values of -8 to 7.
                data.extend(0x1c00_u16.to_le_bytes());
                data.extend(random.next().to_le_bytes());
                data.extend(random.next().to_le_bytes());
            }
        }
    }
}
