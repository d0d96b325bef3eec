//! The one thing between the store and the network, so that a phone's own background transfers can take its place. Knows a
//! single request and its answer. What an answer means, redirects, retries and files are the store's business.

use std::pin::Pin;

use bytes::Bytes;
use url::Url;

use super::secret::Secret;

/// A future that belongs to nobody's type.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Asks servers for bytes.
pub trait HttpClient: Send + Sync + 'static {
    /// Sends one GET. Follows no redirect, decodes nothing, sends the token whoever the host is: the caller has decided.
    /// Whoever drops the future, or the body that it gave, ends the exchange.
    fn get<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<HttpResponse, HttpError>>;
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// Where. Its scheme is `https`, or `http` where that was allowed.
    pub url: Url,
    /// Which bytes of it; all without.
    pub range: Option<ByteRange>,
    /// The strong ETag that the range belongs to. Where the file has another, the server gives all of it.
    pub if_range: Option<String>,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<Secret>,
}

/// Some bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// Counted from 0.
    pub first: u64,
    /// This one too; to the end without.
    pub last: Option<u64>,
}

/// What a server answered.
pub struct HttpResponse {
    /// For example 206.
    pub status: u16,
    /// The few that matter.
    pub headers: ResponseHeaders,
    /// What follows them.
    pub body: Box<dyn ResponseBody>,
}

/// The headers that the store reads, as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseHeaders {
    /// Where to ask instead.
    pub location: Option<String>,
    /// Which state of the file this is.
    pub etag: Option<String>,
    /// Bytes of the body.
    pub content_length: Option<String>,
    /// Which bytes of how many these are.
    pub content_range: Option<String>,
    /// What must be undone to get the file.
    pub content_encoding: Option<String>,
    /// When to ask again.
    pub retry_after: Option<String>,
    /// The hub's: the sha256 of the file, of which this answer is only a pointer.
    pub linked_etag: Option<String>,
    /// The hub's: the length of that file.
    pub linked_size: Option<String>,
    /// Where a list goes on.
    pub link: Option<String>,
}

/// The bytes of an answer, one piece after another.
pub trait ResponseBody: Send {
    /// The next piece; `None` at the end. Nothing is lost when the future is dropped.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, HttpError>>;
}

/// Why there is no answer, or no more of it. The texts name hosts at most: no path, no query, no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// No connection was made.
    Unreachable(String),
    /// No secure connection was made; the text says what is wrong with the certificate.
    Tls(String),
    /// There was a connection, and it ended too early.
    Lost(String),
    /// What came is no HTTP, or too much of it.
    Invalid(String),
}
