//! What opens models here: llama.cpp, and Java where a path is a URI of Android's.

use std::sync::Arc;

use llama_rs_core::engine::ModelLoader;

#[cfg(not(target_vendor = "apple"))]
pub(crate) fn loader() -> Arc<dyn ModelLoader> {
    use llama_rs_core::engine::OpeningLoader;

    Arc::new(OpeningLoader::new(Arc::new(crate::java::ContentUris), llama()))
}

#[cfg(target_vendor = "apple")]
pub(crate) fn loader() -> Arc<dyn ModelLoader> {
    llama()
}

#[cfg(feature = "llama")]
fn llama() -> Arc<dyn ModelLoader> {
    Arc::new(llama_rs_core::llama::LlamaLoader)
}

/// A library without an engine is only ever type-checked.
#[cfg(not(feature = "llama"))]
fn llama() -> Arc<dyn ModelLoader> {
    panic!("this library was built without llama.cpp - build it with the feature llama")
}
