//! Downloads: brings a model from a server into the store, and survives an unreliable network.
//!
//! ```text
//!  Fetcher ── joins callers ──► SetTransfer ── plan: name → files ── reuse, adopt ──► the store's Incoming
//!                                    │ one file after another
//!                                    ▼
//!                                Download ── attempts, retries ──► Writer, a thread: data + journal in a partial folder
//!                                    │ asks
//!                                    ▼
//!                                Network ── redirects, tokens, bounds ──► HttpClient ── ReqwestClient
//! ```

pub(super) mod address;
mod control;
mod download;
mod fetcher;
mod hashing;
mod header;
mod http_client;
mod journal;
mod network;
mod partial;
mod plan;
mod progress;
mod reqwest_client;
mod response;
mod retry;
mod run_blocking;
mod secret;
mod set;
mod space;
mod transfer_error;
mod writer;

pub use download::RemoteLocation;
pub use fetcher::{FetchHandle, Fetcher};
pub use header::RemoteHeaders;
pub use http_client::{
    BoxFuture, ByteRange, HttpClient, HttpError, HttpRequest, HttpResponse, ResponseBody, ResponseHeaders,
};
pub(super) use network::SmallFile;
pub use network::{Network, NetworkOptions};
pub use plan::{DownloadRequest, RemoteFile};
pub use progress::{Phase, Progress};
pub use reqwest_client::{HttpOptions, ReqwestClient};
pub use response::ExpectedContent;
pub use retry::RetryPolicy;
pub use secret::Secret;
