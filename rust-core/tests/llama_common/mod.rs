//! Shared code of the tests on the tiny model: loads it, and drives a context as an engine does.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod embeddings;
pub mod encoder_model;
pub mod host;
pub mod random_model;

use std::path::PathBuf;

use llama_rs_core::engine::{
    CancelFlag, DecodeError, Loaded, LoadedEncoder, LoadedModel, ModelLoader, Row, Sampler, Sequence, Token,
};
use llama_rs_core::error::Error;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::protocol::{GenerateOptions, Message, ModelConfig, Role};
use tempfile::TempDir;

/// The tiny chat model in this repository.
pub fn tiny_model() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models/tiny-chat/tiny-chat-q8_0.gguf")
}

pub fn config() -> ModelConfig {
    ModelConfig::new(tiny_model().to_string_lossy())
}

/// Loads a chat model.
pub fn load(config: &ModelConfig) -> LoadedModel {
    match LlamaLoader.load(config, &mut |_| true) {
        Ok(Loaded::Chat(model)) => model,
        Ok(Loaded::Encoder(_)) => panic!("{} is an encoder", config.path),
        Err(error) => panic!("the model loads: {error}"),
    }
}

/// Loads an encoder.
pub fn load_encoder(config: &ModelConfig) -> LoadedEncoder {
    match LlamaLoader.load(config, &mut |_| true) {
        Ok(Loaded::Encoder(model)) => model,
        Ok(Loaded::Chat(_)) => panic!("{} holds conversations", config.path),
        Err(error) => panic!("the model loads: {error}"),
    }
}

pub fn load_error(config: &ModelConfig) -> Error {
    match LlamaLoader.load(config, &mut |_| true) {
        Ok(_) => panic!("{} must not load", config.path),
        Err(error) => error,
    }
}

pub fn message(role: Role, content: &str) -> Message {
    Message::new(role, content)
}

pub fn greedy(model: &LoadedModel) -> Box<dyn Sampler> {
    let options = GenerateOptions { temperature: Some(0.0), ..GenerateOptions::default() };
    model.context.sampler(&options, None).expect("greedy options are in range")
}

/// Decodes tokens from `position` on. Returns the last row, which has logits.
pub fn prefill(
    model: &mut LoadedModel,
    sequence: Sequence,
    tokens: &[Token],
    position: u32,
    abort: Option<&CancelFlag>,
) -> Result<usize, DecodeError> {
    let last = tokens.len() - 1;
    let rows: Vec<Row> = (position..)
        .zip(tokens)
        .enumerate()
        .map(|(index, (position, token))| Row { sequence, position, token: *token, wants_logits: index == last })
        .collect();
    model.context.decode(&rows, abort)?;
    Ok(last)
}

/// Generates a greedy answer from the logits of `row`; its first token goes to `position`.
pub fn answer(model: &mut LoadedModel, sequence: Sequence, mut position: u32, mut row: usize) -> String {
    let mut sampler = greedy(model);
    let mut bytes = Vec::new();
    for _ in 0..64 {
        let token = model.context.sample(row, &mut *sampler).expect("the row has logits");
        if model.context.is_end(token) {
            break;
        }
        bytes.extend(model.context.text(token));
        row = prefill(model, sequence, &[token], position, None).expect("the answer fits");
        position += 1;
    }
    String::from_utf8(bytes).expect("the tiny model writes UTF-8")
}

/// A conversation in one sequence, prefilled from scratch at each turn.
pub struct Turn {
    sequence: Sequence,
    messages: Vec<Message>,
}

impl Turn {
    pub fn new(sequence: Sequence) -> Self {
        Self { sequence, messages: Vec::new() }
    }

    pub fn ask(&mut self, model: &mut LoadedModel, text: &str) -> String {
        self.messages.push(message(Role::User, text));
        let tokens = model
            .prompter
            .render(&self.messages, &GenerateOptions::default())
            .expect("the template takes these")
            .tokens;
        model.context.clear(self.sequence);
        let row = prefill(model, self.sequence, &tokens, 0, None).expect("the prompt fits");
        let position = u32::try_from(tokens.len()).expect("a short prompt");
        let reply = answer(model, self.sequence, position, row);
        self.messages.push(message(Role::Assistant, &reply));
        reply
    }
}

/// A temporary folder.
pub fn folder() -> TempDir {
    tempfile::tempdir().expect("the system has a place for temporary files")
}

pub fn tiny_bytes() -> Vec<u8> {
    std::fs::read(tiny_model()).expect("the tiny model is in the repository")
}

pub fn write(folder: &TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, bytes).expect("a temporary file can be written");
    path
}

/// The offset of a text in a file.
pub fn find(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).expect("the tiny model has this text")
}

/// Replaces the value of a key of the tiny model by one of the same length.
pub fn with_value(key: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = tiny_bytes();
    // Four bytes of type follow the key.
    let start = find(&bytes, key) + key.len() + 4;
    bytes[start..start + value.len()].copy_from_slice(value);
    bytes
}

/// The tiny model with another, shorter chat template.
pub fn with_template(template: &str) -> Vec<u8> {
    let mut bytes = tiny_bytes();
    let key = "tokenizer.chat_template";
    let at = find(&bytes, key) + key.len() + 4;
    let length = u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let length = usize::try_from(length).expect("a short template");
    // A comment fills up the old length, so that no other offset changes.
    let text = format!("{template}{{#{}#}}", " ".repeat(length - template.len() - 4));
    bytes[at + 8..at + 8 + length].copy_from_slice(text.as_bytes());
    bytes
}
