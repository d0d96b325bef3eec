//! llama.cpp behind the seam of `engine/backend`. The only importer of `llama_cpp_2` and `llama_cpp_sys_2`, and almost
//! the only place in this crate with unsafe code. Owns no policy: the engine decides what is decoded when.

#![allow(unsafe_code)]

mod answer_format;
mod batch;
mod bench_context;
mod chat_context;
mod chat_request;
mod context;
mod context_options;
mod context_state;
mod devices;
mod embedding_context;
mod encoder;
mod estimate;
mod fingerprint;
mod global;
mod loader;
mod memory;
mod model;
mod model_options;
mod prompter;
mod refusal;
mod sampler;
mod shim;
mod state_form;
mod template;
mod template_screen;
#[cfg(test)]
mod tensor_types;
mod threadpool;
mod tokenizer;

pub use self::loader::LlamaLoader;
