//! Writes GGUF files: keys in the given order, then tensors.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::Write;
use std::path::Path;

#[derive(Default)]
pub struct GgufFile {
    keys: Vec<u8>,
    key_count: u64,
    tensors: Vec<Tensor>,
}

struct Tensor {
    name: String,
    size: Vec<u32>,
    kind: u32,
    data: Vec<u8>,
}

/// ggml's type number of 32-bit floats.
pub const F32: u32 = 0;

const UINT32: u32 = 4;
const INT32: u32 = 5;
const FLOAT32: u32 = 6;
const BOOL: u32 = 7;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

impl GgufFile {
    fn key(&mut self, name: &str, kind: u32) {
        self.key_count += 1;
        put_text(&mut self.keys, name);
        put(&mut self.keys, kind);
    }

    pub fn number(&mut self, name: &str, value: u32) {
        self.key(name, UINT32);
        put(&mut self.keys, value);
    }

    pub fn float(&mut self, name: &str, value: f32) {
        self.key(name, FLOAT32);
        put(&mut self.keys, value.to_bits());
    }

    pub fn truth(&mut self, name: &str, value: bool) {
        self.key(name, BOOL);
        self.keys.push(u8::from(value));
    }

    pub fn text(&mut self, name: &str, value: &str) {
        self.key(name, STRING);
        put_text(&mut self.keys, value);
    }

    pub fn texts(&mut self, name: &str, values: &[String]) {
        self.key(name, ARRAY);
        put(&mut self.keys, STRING);
        self.keys.extend((values.len() as u64).to_le_bytes());
        for value in values {
            put_text(&mut self.keys, value);
        }
    }

    pub fn integers(&mut self, name: &str, values: &[i32]) {
        self.key(name, ARRAY);
        put(&mut self.keys, INT32);
        self.keys.extend((values.len() as u64).to_le_bytes());
        self.keys.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    /// `size` holds a matrix's inputs, then its outputs; `kind` is ggml's type number of `data`.
    pub fn tensor(&mut self, name: &str, size: &[u32], kind: u32, data: Vec<u8>) {
        self.tensors.push(Tensor { name: name.to_owned(), size: size.to_vec(), kind, data });
    }

    pub fn write(self, path: &Path) {
        let mut header = b"GGUF".to_vec();
        put(&mut header, 3);
        header.extend((self.tensors.len() as u64).to_le_bytes());
        header.extend(self.key_count.to_le_bytes());
        header.extend(&self.keys);
        let mut offset = 0_u64;
        for tensor in &self.tensors {
            put_text(&mut header, &tensor.name);
            put(&mut header, u32::try_from(tensor.size.len()).expect("one or two"));
            for size in &tensor.size {
                header.extend(u64::from(*size).to_le_bytes());
            }
            put(&mut header, tensor.kind);
            header.extend(offset.to_le_bytes());
            offset += aligned(tensor.data.len()) as u64;
        }
        header.resize(aligned(header.len()), 0);
        let mut file = std::fs::File::create(path).expect("a temporary file can be written");
        file.write_all(&header).expect("a temporary file can be written");
        for Tensor { mut data, .. } in self.tensors {
            data.resize(aligned(data.len()), 0);
            file.write_all(&data).expect("a temporary file can be written");
        }
    }
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(32)
}

fn put(bytes: &mut Vec<u8>, value: u32) {
    bytes.extend(value.to_le_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}
