//! The seam to the network, so that a platform's own background transfers can replace it. An implementation handles
//! single requests. Interpreting responses, redirects, retries and files are the store's business.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use url::Url;

use super::secret::Secret;

/// A boxed future.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends HTTP requests.
pub trait HttpClient: Send + Sync + 'static {
    /// Sends one GET. Follows no redirect, decodes nothing, and sends the token to any host, because the caller has
    /// decided. Dropping the future, or the body that it returned, ends the exchange.
    fn get<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<HttpResponse, HttpError>>;
}

/// A GET request.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The address. Its scheme is `https`, or `http` where that is allowed.
    pub url: Url,
    /// The requested bytes; `None` for the whole file.
    pub range: Option<ByteRange>,
    /// The strong ETag that the range belongs to. A server whose file has another ETag sends the whole file.
    pub if_range: Option<String>,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<Secret>,
}

/// A range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte, counted from 0.
    pub first: u64,
    /// The last byte, inclusive; `None` for the end of the file.
    pub last: Option<u64>,
}

/// A server's response.
pub struct HttpResponse {
    /// The status code, for example 206.
    pub status: u16,
    /// The headers that the store reads.
    pub headers: ResponseHeaders,
    /// The body, as a stream.
    pub body: Box<dyn ResponseBody>,
}

/// The response headers that the store reads, unparsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseHeaders {
    /// Target of a redirect.
    pub location: Option<String>,
    /// Version of the file.
    pub etag: Option<String>,
    /// Length of the body.
    pub content_length: Option<String>,
    /// Position of the body within the file.
    pub content_range: Option<String>,
    /// Encoding of the body.
    pub content_encoding: Option<String>,
    /// When to retry.
    pub retry_after: Option<String>,
    /// Hugging Face: the SHA-256 of the file that this response redirects to.
    pub linked_etag: Option<String>,
    /// Hugging Face: the length of that file.
    pub linked_size: Option<String>,
    /// The next page of a list.
    pub link: Option<String>,
}

/// The body of a response, chunk by chunk.
pub trait ResponseBody: Send {
    /// The next chunk; `None` at the end. Dropping the future loses no bytes.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, HttpError>>;
}

/// Why a request, or its response, failed. The texts name hosts at most: no path, no query, no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// The connection could not be made.
    Unreachable(String),
    /// The TLS handshake failed. The text says what is wrong with the certificate.
    Tls(String),
    /// The connection ended too early.
    Lost(String),
    /// The response is not HTTP, or is too long.
    Invalid(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, reason) = match self {
            Self::Unreachable(reason) => ("no connection", reason),
            Self::Tls(reason) => ("no secure connection", reason),
            Self::Lost(reason) => ("connection lost", reason),
            Self::Invalid(reason) => ("invalid response", reason),
        };
        write!(f, "{what}: {reason}")
    }
}

impl std::error::Error for HttpError {}
