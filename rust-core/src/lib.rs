//! Language models and conversations whose lifetime is the process's, not the screen's.
//!
//! ```text
//!  host (JavaScript, Kotlin, Swift)          send(json)      snapshot()      next_events()  ← the host's pump thread
//!                                                │               │                 │
//!  client::Client, one per port ─────────────────┤               ▼                 ▼
//!                                                │             events::Bus: world + numbered events per client
//!                                                ▼               ▲                 ▲
//!  manager: one supervisor task ◄── mailbox ─────┘  publishes ───┘                 │ answer text
//!     owns models, leases, scopes, timers                                          │
//!       │ commands        ▲ reports                                                │
//!       ▼                 │                                                        │
//!  engine: one thread per loaded model ────────────────────────────────────────────┘
//!     owns weights and context; continuous batching over scopes
//!       └ llama: the only module that knows llama.cpp
//! ```
//!
//! Threads share state only through channels, with one exception: the bus's short lock, under which nothing is called.

// Allowed in `llama`, and for two calls in `autorelease`.
#![deny(unsafe_code)]
// The TypeScript types take their comments from here.
#![deny(missing_docs)]

// The store's test server uses this crate by its name.
#[cfg(test)]
extern crate self as llama_rs_core;

mod autorelease;
pub mod client;
pub mod engine;
pub mod error;
mod events;
mod files;
pub mod gguf;
mod human_bytes;
pub mod kv;
#[cfg(feature = "llama")]
pub mod llama;
pub mod manager;
pub mod protocol;
pub mod store;
pub mod swapping;

pub use events::Pull;
