//! Models to store, and checks of a store's folder.
#![allow(dead_code, reason = "each test uses a part of it")]

#[path = "../seeded/mod.rs"]
mod seeded;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use llama_rs_core::store::{
    ByteProgress, Digest, FileKind, FileName, ImportFile, ImportSource, ModelName, PlannedFile, Store, StoreOptions,
};

pub use seeded::Random;

pub fn open(directory: &Path) -> Store {
    with_budget(directory, None)
}

pub fn with_budget(directory: &Path, models_budget_bytes: Option<u64>) -> Store {
    let options = StoreOptions { directory: directory.to_owned(), models_budget_bytes };
    Store::open(options).unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
}

pub fn name(text: &str) -> ModelName {
    ModelName::parse(text).expect("a name")
}

pub fn file(name: &str) -> FileName {
    FileName::new(name).expect("a file name")
}

/// Reproducible bytes that start like a GGUF file.
pub fn bytes(text: &str, length: usize) -> Vec<u8> {
    let mut bytes = format!("GGUF {text} ").into_bytes();
    let mut random = Random(bytes.iter().fold(1, |hash, byte| hash * 31 % 0xffff_fffb + u64::from(*byte)));
    while bytes.len() < length {
        bytes.extend(random.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Never cancels.
pub fn go(_: ByteProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

pub fn from_reader(file_name: &str, bytes: &[u8]) -> ImportFile {
    let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let source = ImportSource::Reader { reader, bytes: Some(bytes.len() as u64) };
    ImportFile { file: file(file_name), kind: FileKind::Weights, source }
}

pub fn from_path(file_name: &str, path: &Path) -> ImportFile {
    ImportFile { file: file(file_name), kind: FileKind::Weights, source: ImportSource::Path(path.to_owned()) }
}

pub fn planned(file_name: &str, kind: FileKind) -> PlannedFile {
    PlannedFile { file: file(file_name), kind, key: format!("https://host.example/{file_name}") }
}

/// Stores a model of one file, as a download does.
pub fn download(store: &Store, name: &ModelName, bytes: &[u8]) -> llama_rs_core::error::Result<()> {
    let incoming = store.begin(name, vec![planned("model.gguf", FileKind::Weights)])?;
    let folder = incoming.partial_dir(&file("model.gguf"))?;
    let data = folder.join("data");
    let said = |error: std::io::Error| {
        llama_rs_core::error::Error::new(llama_rs_core::error::ErrorCode::StorageFailed, error.to_string())
    };
    fs::write(&data, bytes).map_err(said)?;
    incoming.adopt(&file("model.gguf"), &data, Digest::of(bytes))
}

/// The names in a folder of the store, sorted.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is there").file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().expect("text")).collect();
    names.sort();
    names
}

/// Checks that the folder holds exactly what its names need.
pub fn check_whole(store: &Store, context: &str) {
    let mut wanted = Vec::new();
    for model in store.list().unwrap_or_else(|error| panic!("{context}: {error}")) {
        assert!(model.is_complete && !model.is_incoming && !model.is_in_use, "{context}: {model:?}");
        let verdict = store.verify(&model.name, &mut go).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert!(verdict.is_whole(), "{context}: {verdict:?}");
        wanted.extend(model.files.iter().filter_map(|file| file.content).map(|(_, sha256)| format!("sha256-{sha256}")));
    }
    wanted.sort();
    wanted.dedup();
    let root = store.directory();
    assert_eq!(names_in(&root.join("blobs")), wanted, "{context}");
    assert_eq!(names_in(&root.join("partial")), Vec::<String>::new(), "{context}");
    assert!(names_in(&root.join("names")).iter().all(|name| name.ends_with(".json")), "{context}");
}
