//! The way of a model from a server into the store, whatever the network does.
//!
//! ```text
//!  Fetcher ── joins callers ──► SetTransfer ── plan: name → files (hub) ── reuse, adopt ──► the store's Incoming
//!                                    │ one file after another
//!                                    ▼
//!                                Download ── attempts, retries ──► Writer, a thread: data + journal in a partial folder
//!                                    │ asks
//!                                    ▼
//!                                Network ── redirects, tokens, bounds ──► Transfer ── Http: reqwest, rustls
//! ```

mod address;
mod answer;
mod blocking;
mod control;
mod download;
mod http;
mod journal;
mod network;
mod partial;
mod progress;
mod retry;
mod secret;
mod space;
mod transfer;
mod trouble;
mod writer;

pub use answer::Expected;
pub use download::Remote;
pub use http::{Http, HttpOptions};
pub use network::{Network, NetworkOptions};
pub use progress::{Phase, Progress};
pub use retry::Patience;
pub use secret::Secret;
pub use transfer::{Body, ByteRange, Failure, Headers, Pending, Request, Response, Transfer};
