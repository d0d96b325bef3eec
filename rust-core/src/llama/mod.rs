//! llama.cpp behind the seam of `engine/context.rs`: the only importer of `llama_cpp_2` and `llama_cpp_sys_2`, and the
//! only place in this crate with unsafe code. Owns no policy: what is decoded when is the engine's to say.

#![allow(unsafe_code)]

mod backend;
mod batch;
mod chat;
mod context;
mod devices;
mod estimate;
mod fingerprint;
mod gguf;
mod loader;
mod memory;
mod metadata;
mod model;
mod reader;
mod sampler;
mod shim;
mod state;
mod template_screen;
mod threadpool;

pub use loader::LlamaLoader;
