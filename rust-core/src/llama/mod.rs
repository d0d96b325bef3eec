//! llama.cpp behind the seam of `engine/context.rs`: the only importer of `llama_cpp_2` and `llama_cpp_sys_2`, and the
//! only place in this crate with unsafe code. Owns no policy: what is decoded when is the engine's to say.

#![allow(unsafe_code)]

mod backend;
mod batch;
mod chat;
mod context;
mod devices;
mod embedder;
mod estimate;
mod fingerprint;
mod format;
mod gauge;
mod loader;
mod memory;
mod model;
mod request;
mod sampler;
mod shim;
mod state;
mod template_screen;
#[cfg(test)]
mod tensor_types;
mod threadpool;
mod tokenizer;

pub use loader::LlamaLoader;
