//! The way of a model from a server into the store, whatever the network does.

mod address;
mod blocking;
mod http;
mod secret;
mod transfer;

pub use http::{Http, HttpOptions};
pub use secret::Secret;
pub use transfer::{Body, ByteRange, Failure, Headers, Pending, Request, Response, Transfer};
