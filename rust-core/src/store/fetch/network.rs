//! Asks servers by the store's rules: redirects are bounded and never leave https, a token stays with its own server, and
//! nothing is waited for without end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use url::Url;

use super::address::{self, shown};
use super::http_client::{HttpClient, HttpRequest, HttpResponse, ResponseBody, ResponseHeaders};
use super::progress::Pace;
use super::response::{self, ExpectedContent};
use super::retry::{Failures, RetryPolicy, status_trouble};
use super::transfer_error::{TransferError, TransferResult};
use crate::error::{Error, ErrorCode, Result};

const MAX_REDIRECTS: usize = 10;

/// The rules for everything that is asked of a network.
#[derive(Debug, Clone)]
pub struct NetworkOptions {
    /// Whether `http:` may leave this device.
    pub allow_insecure: bool,
    /// How long failures are borne.
    pub retry_policy: RetryPolicy,
    /// The longest silence of a server, before its answer and between its bytes.
    pub idle: Duration,
    /// A server that sends less than this, over [`slowest_for`](Self::slowest_for), is left.
    pub slowest_bytes_per_s: u64,
    /// How long a server may be too slow.
    pub slowest_for: Duration,
    /// Bytes of the disk that no download takes.
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

/// The store's way to servers.
#[derive(Clone)]
pub struct Network {
    transfer: Arc<dyn HttpClient>,
    options: Arc<NetworkOptions>,
}

/// The last answer of a chain of redirects.
pub struct Answer {
    /// For example 206.
    pub status: u16,
    /// Its own.
    pub headers: ResponseHeaders,
    /// What the server that was asked first said of the file.
    pub linked: ExpectedContent,
    /// What comes.
    pub incoming: Incoming,
}

/// A body that must come at a pace.
pub struct Incoming {
    /// Who sends it.
    pub url: Url,
    body: Box<dyn ResponseBody>,
    pace: Pace,
    options: Arc<NetworkOptions>,
}

impl Incoming {
    /// The next bytes; `None` at the end. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> TransferResult<Option<Bytes>> {
        let piece = match tokio::time::timeout(self.options.idle, self.body.next()).await {
            Ok(piece) => piece.map_err(|failure| TransferError::on_the_way(&self.url, failure))?,
            Err(_) => return Err(silent(&self.url, &self.options)),
        };
        let count = piece.as_ref().map_or(0, Bytes::len) as u64;
        let NetworkOptions { slowest_bytes_per_s, slowest_for, .. } = *self.options;
        if piece.is_some() && self.pace.is_too_slow(Instant::now(), count, slowest_bytes_per_s, slowest_for) {
            let url = shown(&self.url);
            let detail = format!(
                "{url} comes at less than {slowest_bytes_per_s} bytes a second - try again on a better network"
            );
            return Err(TransferError::passing(ErrorCode::TooSlow, detail));
        }
        Ok(piece)
    }
}

fn silent(url: &Url, options: &NetworkOptions) -> TransferError {
    let (seconds, url) = (options.idle.as_secs_f32(), shown(url));
    let detail = format!("nothing came for {url} in {seconds} s - try again on a better network");
    TransferError::passing(ErrorCode::TooSlow, detail)
}

impl Network {
    /// Over a transfer of one's own, or over [`Http`](super::http::Http).
    pub fn new(transfer: Arc<dyn HttpClient>, options: NetworkOptions) -> Self {
        Self { transfer, options: Arc::new(options) }
    }

    /// The rules.
    pub fn options(&self) -> &NetworkOptions {
        &self.options
    }

    /// Asks, and follows where the server leads. The token goes no further than its own server.
    pub async fn get(&self, mut request: HttpRequest) -> TransferResult<Answer> {
        address::check(&request.url, self.options.allow_insecure)?;
        let first = request.url.clone();
        let token = request.token.take();
        let mut linked = ExpectedContent::default();
        for _ in 0..=MAX_REDIRECTS {
            let own = address::same_origin(&first, &request.url);
            request.token = token.clone().filter(|_| own);
            let response = self.ask(&request).await?;
            if own {
                let word = response::linked(&response.headers);
                linked =
                    ExpectedContent { length: word.length.or(linked.length), sha256: word.sha256.or(linked.sha256) };
            }
            if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                let HttpResponse { status, headers, body } = response;
                let (pace, options) = (Pace::new(Instant::now()), self.options.clone());
                return Ok(Answer {
                    status,
                    headers,
                    linked,
                    incoming: Incoming { url: request.url, body, pace, options },
                });
            }
            request.url = self.next(&request.url, &response.headers)?;
        }
        let detail = format!("{} was redirected {MAX_REDIRECTS} times and more - check the address", shown(&first));
        Err(TransferError::last(ErrorCode::TooManyRedirects, detail))
    }

    async fn ask(&self, request: &HttpRequest) -> TransferResult<HttpResponse> {
        match tokio::time::timeout(self.options.idle, self.transfer.get(request)).await {
            Ok(response) => response.map_err(|failure| TransferError::on_the_way(&request.url, failure)),
            Err(_) => Err(silent(&request.url, &self.options)),
        }
    }

    fn next(&self, from: &Url, headers: &ResponseHeaders) -> TransferResult<Url> {
        let invalid = |reason: &str| {
            let detail = format!("{} leads nowhere: {reason} - check the address", shown(from));
            TransferError::last(ErrorCode::ResponseInvalid, detail)
        };
        let location = headers.location.as_deref().ok_or_else(|| invalid("a redirect without an address"))?;
        let next = from.join(location).map_err(|_| invalid("a redirect to what is no address"))?;
        if from.scheme() == "https" && next.scheme() != "https" {
            let detail = format!(
                "{} leads to {}, which is not encrypted - do not trust this address",
                shown(from),
                shown(&next)
            );
            return Err(TransferError::last(ErrorCode::InsecureUrl, detail));
        }
        address::check(&next, self.options.allow_insecure)?;
        Ok(next)
    }

    /// Asks for something small, again after passing failures: all of it or none. `ResponseInvalid` for more than `limit`
    /// bytes.
    pub async fn read(&self, request: &HttpRequest, limit: usize) -> Result<Small> {
        let mut failures = Failures::default();
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

    async fn read_once(&self, request: &HttpRequest, limit: usize) -> TransferResult<Small> {
        let Answer { status, headers, linked, mut incoming } = self.get(request.clone()).await?;
        let name = shown(&request.url);
        if !matches!(status, 200 | 206) {
            return Err(status_trouble(&name, status, headers.retry_after.as_deref()));
        }
        response::check_encoding(&name, &headers)?;
        let mut bytes = Vec::new();
        while let Some(piece) = incoming.next().await? {
            if piece.len() > limit - bytes.len() {
                let detail = format!("the answer for {name} is longer than {limit} bytes - check the address");
                return Err(TransferError::last(ErrorCode::ResponseInvalid, detail));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Small { bytes, status, headers, url: incoming.url, linked })
    }
}

/// A small answer, whole.
#[derive(Debug)]
pub struct Small {
    /// The body.
    pub bytes: Vec<u8>,
    /// 200 or 206.
    pub status: u16,
    /// The last server's.
    pub headers: ResponseHeaders,
    /// Who gave it.
    pub url: Url,
    /// What the server that was asked first said of the file.
    pub linked: ExpectedContent,
}

/// In 0..1; only spreads retries.
pub fn random() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        error.error
    }
}
