//! The model loader: llama.cpp, with the host's help for paths that are not plain files.

use std::sync::Arc;

use llama_rs_core::engine::{ModelLoader, OpeningLoader};

use crate::picked_files::PickedFiles;

#[cfg(not(target_vendor = "apple"))]
pub(crate) fn loader() -> Arc<dyn ModelLoader> {
    Arc::new(OpeningLoader::new(Arc::new(crate::java::ContentUris), opening_picked_files()))
}

#[cfg(target_vendor = "apple")]
pub(crate) fn loader() -> Arc<dyn ModelLoader> {
    opening_picked_files()
}

fn opening_picked_files() -> Arc<dyn ModelLoader> {
    Arc::new(OpeningLoader::new(Arc::new(PickedFiles), llama()))
}

#[cfg(feature = "llama")]
fn llama() -> Arc<dyn ModelLoader> {
    Arc::new(llama_rs_core::llama::LlamaLoader)
}

/// A library without an engine is only type-checked, never loaded.
#[cfg(not(feature = "llama"))]
fn llama() -> Arc<dyn ModelLoader> {
    panic!("this library was built without llama.cpp - build it with the feature llama")
}
