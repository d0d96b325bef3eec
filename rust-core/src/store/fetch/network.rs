//! Sends requests by the store's rules: redirects are bounded and never leave HTTPS, a token stays with its own server,
//! and every wait has a limit.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use url::Url;

use super::address::{self, redacted};
use super::http_client::{HttpClient, HttpRequest, HttpResponse, ResponseBody, ResponseHeaders};
use super::progress::SlownessDetector;
use super::response::{self, ExpectedContent};
use super::retry::{FailureCount, RetryPolicy, status_error};
use super::transfer_error::{TransferError, TransferResult};
use crate::error::{Error, ErrorCode, Result};

const MAX_REDIRECTS: usize = 10;

/// Rules for all requests.
#[derive(Debug, Clone)]
pub struct NetworkOptions {
    /// Whether `http:` addresses outside this device are allowed.
    pub allow_insecure: bool,
    /// When failed requests are tried again.
    pub retry_policy: RetryPolicy,
    /// The longest silence of a server, before its response and between its bytes.
    pub idle: Duration,
    /// A connection slower than this, for [`slowest_for`](Self::slowest_for), is given up.
    pub slowest_bytes_per_s: u64,
    /// How long a connection may be too slow.
    pub slowest_for: Duration,
    /// Free bytes on the disk that downloads leave alone.
    pub spare_bytes: u64,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            allow_insecure: false,
            retry_policy: RetryPolicy::default(),
            idle: Duration::from_secs(30),
            slowest_bytes_per_s: 1_024,
            slowest_for: Duration::from_secs(60),
            spare_bytes: 64 << 20,
        }
    }
}

/// Sends the store's requests.
#[derive(Clone)]
pub struct Network {
    client: Arc<dyn HttpClient>,
    options: Arc<NetworkOptions>,
}

/// The final response of a chain of redirects.
pub struct FinalResponse {
    /// The status code, for example 206.
    pub status: u16,
    /// Headers of the final response.
    pub headers: ResponseHeaders,
    /// What the first server said of the file.
    pub linked: ExpectedContent,
    /// The body.
    pub incoming: BodyStream,
}

/// A body with limits on silence and slowness.
pub struct BodyStream {
    /// The address that sends it.
    pub url: Url,
    body: Box<dyn ResponseBody>,
    pace: SlownessDetector,
    options: Arc<NetworkOptions>,
}

impl BodyStream {
    /// The next chunk; `None` at the end. Dropping the future loses no bytes.
    pub async fn next(&mut self) -> TransferResult<Option<Bytes>> {
        let piece = match tokio::time::timeout(self.options.idle, self.body.next()).await {
            Ok(piece) => piece.map_err(|failure| TransferError::from_http(&self.url, failure))?,
            Err(_) => return Err(silent(&self.url, &self.options)),
        };
        let count = piece.as_ref().map_or(0, Bytes::len) as u64;
        let NetworkOptions { slowest_bytes_per_s, slowest_for, .. } = *self.options;
        if piece.is_some() && self.pace.is_too_slow(Instant::now(), count, slowest_bytes_per_s, slowest_for) {
            let url = redacted(&self.url);
            let detail = format!(
                "{url} arrives at less than {slowest_bytes_per_s} bytes per second - try again on a better network"
            );
            return Err(TransferError::temporary(ErrorCode::TooSlow, detail));
        }
        Ok(piece)
    }
}

fn silent(url: &Url, options: &NetworkOptions) -> TransferError {
    let (seconds, url) = (options.idle.as_secs_f32(), redacted(url));
    let detail = format!("no data came from {url} for {seconds} s - try again on a better network");
    TransferError::temporary(ErrorCode::TooSlow, detail)
}

impl Network {
    /// Uses [`ReqwestClient`](super::reqwest_client::ReqwestClient), or another client.
    pub fn new(client: Arc<dyn HttpClient>, options: NetworkOptions) -> Self {
        Self { client, options: Arc::new(options) }
    }

    /// The rules for requests.
    pub fn options(&self) -> &NetworkOptions {
        &self.options
    }

    /// Sends a request and follows redirects. The token goes to its own server only.
    pub async fn get(&self, mut request: HttpRequest) -> TransferResult<FinalResponse> {
        address::check(&request.url, self.options.allow_insecure)?;
        let first = request.url.clone();
        let token = request.token.take();
        let mut linked = ExpectedContent::default();
        for _ in 0..=MAX_REDIRECTS {
            let own = address::same_origin(&first, &request.url);
            request.token = token.clone().filter(|_| own);
            let response = self.send(&request).await?;
            if own {
                let word = response::linked(&response.headers);
                linked =
                    ExpectedContent { length: word.length.or(linked.length), sha256: word.sha256.or(linked.sha256) };
            }
            if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                let HttpResponse { status, headers, body } = response;
                let (pace, options) = (SlownessDetector::new(Instant::now()), self.options.clone());
                return Ok(FinalResponse {
                    status,
                    headers,
                    linked,
                    incoming: BodyStream { url: request.url, body, pace, options },
                });
            }
            request.url = self.redirect_target(&request.url, &response.headers)?;
        }
        let detail = format!("{} was redirected more than {MAX_REDIRECTS} times - check the address", redacted(&first));
        Err(TransferError::permanent(ErrorCode::TooManyRedirects, detail))
    }

    async fn send(&self, request: &HttpRequest) -> TransferResult<HttpResponse> {
        match tokio::time::timeout(self.options.idle, self.client.get(request)).await {
            Ok(response) => response.map_err(|failure| TransferError::from_http(&request.url, failure)),
            Err(_) => Err(silent(&request.url, &self.options)),
        }
    }

    fn redirect_target(&self, from: &Url, headers: &ResponseHeaders) -> TransferResult<Url> {
        let invalid = |reason: &str| {
            let detail = format!("{} has a broken redirect: {reason} - check the address", redacted(from));
            TransferError::permanent(ErrorCode::ResponseInvalid, detail)
        };
        let location = headers.location.as_deref().ok_or_else(|| invalid("it has no address"))?;
        let next = from.join(location).map_err(|_| invalid("its address is invalid"))?;
        if from.scheme() == "https" && next.scheme() != "https" {
            let detail = format!(
                "{} redirects to {}, which is not encrypted - do not trust this address",
                redacted(from),
                redacted(&next)
            );
            return Err(TransferError::permanent(ErrorCode::InsecureUrl, detail));
        }
        address::check(&next, self.options.allow_insecure)?;
        Ok(next)
    }

    /// Reads a small file completely, with retries. Fails with `ResponseInvalid` if it is longer than `limit` bytes.
    pub async fn read(&self, request: &HttpRequest, limit: usize) -> Result<SmallFile> {
        let mut failures = FailureCount::default();
        loop {
            match self.read_once(request, limit).await {
                Ok(small) => return Ok(small),
                Err(error) => {
                    tracing::debug!(code = ?error.error.code, "small request failed");
                    let wait = failures.next(error, &self.options.retry_policy, random())?;
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn read_once(&self, request: &HttpRequest, limit: usize) -> TransferResult<SmallFile> {
        let FinalResponse { status, headers, linked, mut incoming } = self.get(request.clone()).await?;
        let name = redacted(&request.url);
        if !matches!(status, 200 | 206) {
            return Err(status_error(&name, status, headers.retry_after.as_deref()));
        }
        response::check_encoding(&name, &headers)?;
        let mut bytes = Vec::new();
        while let Some(piece) = incoming.next().await? {
            if piece.len() > limit - bytes.len() {
                let detail = format!("the response for {name} is longer than {limit} bytes - check the address");
                return Err(TransferError::permanent(ErrorCode::ResponseInvalid, detail));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(SmallFile { bytes, status, headers, url: incoming.url, linked })
    }
}

/// A small file, read completely.
#[derive(Debug)]
pub struct SmallFile {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// The status code, 200 or 206.
    pub status: u16,
    /// Headers of the final response.
    pub headers: ResponseHeaders,
    /// The address that sent it.
    pub url: Url,
    /// What the first server said of the file.
    pub linked: ExpectedContent,
}

/// A random number in 0..1, good enough to spread retries.
pub fn random() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        error.error
    }
}
