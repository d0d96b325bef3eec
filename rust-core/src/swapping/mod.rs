//! Context swapping under the names that other libraries use: one set of weights, many conversations.
//!
//! A thin layer over [`Client`](crate::client::Client) for Rust programs without an event loop: every call sends one
//! command and blocks until its answer. [`LlamaParent`] and [`LlamaScope`] are the high-level API, [`Llama`] with its
//! slots the low-level one. Both create scopes of the one [`ModelManager`](crate::manager::ModelManager), so any number
//! of conversations fits, they are answered concurrently, and each request has its own sampling.
//!
//! ```no_run
//! # #[cfg(feature = "llama")]
//! # fn example() -> llama_rs_core::error::Result<()> {
//! use llama_rs_core::manager::ModelManager;
//! use llama_rs_core::protocol::ModelConfig;
//! use llama_rs_core::swapping::LlamaParent;
//!
//! let parent = LlamaParent::new(ModelManager::global(), ModelConfig::new("model.gguf"));
//! parent.init()?;
//! let (window_a, window_b) = (parent.get_scope(None), parent.get_scope(None));
//! window_a.send_prompt("My name is Alice.")?;
//! window_b.send_prompt("My name is Bob.")?;
//! assert!(window_a.send_prompt("What is my name?")?.contains("Alice"));
//! window_a.dispose()?;
//! parent.dispose()?;
//! # Ok(())
//! # }
//! ```
//!
//! **Every wait ends**: with the answer, or with `closed` when another thread disposes of the parent or shuts down the
//! manager. The borrow keeps a manager alive while calls wait for it. A prompt that is sent while suspended is answered
//! after `resume`.

mod caller;
mod llama;
mod parent;
mod scope;
mod session;
#[cfg(test)]
mod tests;

pub use llama::{Llama, StateId};
pub use parent::LlamaParent;
pub use scope::LlamaScope;
