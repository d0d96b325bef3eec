//! HTTP/1.1 and HTTP/2 over reqwest and rustls. Follows no redirect, decodes nothing, keeps no cookies, retries
//! nothing.

mod failure;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder};

use self::failure::{while_asking, while_reading};
use super::address;
use super::http_client::{BoxFuture, HttpClient, HttpError, HttpRequest, HttpResponse, ResponseBody, ResponseHeaders};
use crate::error::{Error, ErrorCode, Result};

/// Limit for response headers, in bytes.
const MAX_HEADER_BYTES: u32 = 64 << 10;
/// Enough for 100 MB/s at a round trip of 80 ms.
const WINDOW_BYTES: u32 = 8 << 20;
/// Sixteen times the HTTP/2 default, so that there are as many times fewer chunks.
const FRAME_BYTES: u32 = 256 << 10;

/// The default [`HttpClient`].
pub struct ReqwestClient {
    world: Client,
    /// For loopback addresses. Ignores proxy settings of the environment.
    here: Client,
}

/// Options for connections.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Limit for making a connection, TLS handshake included.
    pub connect_within: Duration,
    /// Certificates in PEM to trust besides the built-in ones, for a self-hosted hub.
    pub extra_roots: Vec<String>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self { connect_within: Duration::from_secs(20), extra_roots: Vec::new() }
    }
}

impl ReqwestClient {
    /// Fails with `InvalidOptions` if an extra root is not a certificate.
    pub fn new(options: &HttpOptions) -> Result<Self> {
        let tls = tls::config(&options.extra_roots)?;
        let builder = || base(options).tls_backend_preconfigured(tls.clone());
        Ok(Self { world: build(builder())?, here: build(builder().no_proxy())? })
    }
}

fn base(options: &HttpOptions) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("react-native-llama-rs/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(options.connect_within)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_max_frame_size(FRAME_BYTES)
        .http2_initial_stream_window_size(WINDOW_BYTES)
        .http2_initial_connection_window_size(WINDOW_BYTES)
}

fn build(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|error| {
        let reason = failure::reason(&error);
        Error::new(
            ErrorCode::InvalidOptions,
            format!("could not prepare downloads: {reason} - check the proxy settings"),
        )
        .with_source(error.without_url())
    })
}

impl HttpClient for ReqwestClient {
    fn get<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, std::result::Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            let client = if address::is_loopback(&request.url) { &self.here } else { &self.world };
            let asked = client.get(request.url.clone()).headers(asked_with(request));
            let response = asked.send().await.map_err(|error| while_asking(&error))?;
            let headers = read_headers(response.headers())?;
            Ok(HttpResponse { status: response.status().as_u16(), headers, body: Box::new(Stream(response)) })
        })
    }
}

fn asked_with(request: &HttpRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Bytes are counted and hashed as they are in the file.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(range) = request.range {
        let last = range.last.map(|last| last.to_string()).unwrap_or_default();
        insert(&mut headers, header::RANGE, &format!("bytes={}-{last}", range.first));
    }
    if let Some(etag) = &request.if_range {
        insert(&mut headers, header::IF_RANGE, etag);
    }
    if let Some(token) = &request.token {
        insert(&mut headers, header::AUTHORIZATION, &format!("Bearer {}", token.reveal()));
    }
    headers
}

/// Tokens were validated earlier. An ETag that cannot be a header value is left out.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(name == header::AUTHORIZATION);
        headers.insert(name, value);
    }
}

fn read_headers(from: &HeaderMap) -> std::result::Result<ResponseHeaders, HttpError> {
    let total: usize = from.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if total > MAX_HEADER_BYTES as usize {
        return Err(HttpError::Invalid(format!("its headers are {total} bytes long")));
    }
    let read = |name: &str| from.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(ResponseHeaders {
        location: read("location"),
        etag: read("etag"),
        content_length: read("content-length"),
        content_range: read("content-range"),
        content_encoding: read("content-encoding"),
        retry_after: read("retry-after"),
        linked_etag: read("x-linked-etag"),
        linked_size: read("x-linked-size"),
        link: read("link"),
    })
}

struct Stream(reqwest::Response);

impl ResponseBody for Stream {
    fn next(&mut self) -> BoxFuture<'_, std::result::Result<Option<Bytes>, HttpError>> {
        Box::pin(async { self.0.chunk().await.map_err(|error| while_reading(&error)) })
    }
}
