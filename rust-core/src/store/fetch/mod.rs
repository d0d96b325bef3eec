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
mod fetcher;
mod hashing;
mod header;
mod http;
mod hub;
mod journal;
mod network;
mod partial;
mod plan;
mod progress;
mod retry;
mod secret;
mod set;
mod space;
mod transfer;
mod trouble;
mod writer;

pub use answer::Expected;
pub use download::Remote;
pub use fetcher::{Fetcher, Fetching};
pub use header::RemoteHeaders;
pub use http::{Http, HttpOptions};
pub use hub::{Hub, Repository, RepositoryFile, Variant, quantization};
pub use network::{Network, NetworkOptions};
pub use plan::{RemoteFile, Wanted};
pub use progress::{Phase, Progress};
pub use retry::Patience;
pub use secret::Secret;
pub use transfer::{Body, ByteRange, Failure, Headers, Pending, Request, Response, Transfer};
