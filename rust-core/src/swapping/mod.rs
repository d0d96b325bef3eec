//! Context swapping by the names that other libraries gave it: one set of weights, many conversations.
//!
//! A thin layer over [`Client`](crate::client::Client) for programs in Rust that have no event loop: every call sends one
//! command and blocks until its answer. [`LlamaParent`] and [`LlamaScope`] are the high level, [`Llama`] with its slots the
//! low level. Both are names for scopes of the one [`ModelManager`](crate::manager::ModelManager): a conversation too many
//! makes room instead of failing, all of them are answered at once, and each request has its own sampling.
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
//! **Every wait ends**: by the answer; or as `closed`, when the parent is disposed of, or the manager shut down, by another
//! thread. A manager cannot be dropped before whoever waits for it. An answer during `suspend` comes after `resume`.

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
