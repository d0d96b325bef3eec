//! The way of a model from a server into the store, whatever the network does.

mod address;
mod answer;
mod blocking;
mod http;
mod network;
mod progress;
mod retry;
mod secret;
mod transfer;
mod trouble;

pub use answer::Expected;
pub use http::{Http, HttpOptions};
pub use network::{Network, NetworkOptions};
pub use progress::{Phase, Progress};
pub use retry::Patience;
pub use secret::Secret;
pub use transfer::{Body, ByteRange, Failure, Headers, Pending, Request, Response, Transfer};
