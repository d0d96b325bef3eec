//! Asks servers by the store's rules: redirects are bounded and never leave https, a token stays with its own server, and
//! nothing is waited for without end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use url::Url;

use super::address::{self, shown};
use super::answer::{self, Expected};
use super::progress::Pace;
use super::retry::{Failures, Patience, status_trouble};
use super::transfer::{Body, Headers, Request, Response, Transfer};
use super::trouble::{Tried, Trouble};
use crate::error::{Error, ErrorCode, Result};

const MAX_REDIRECTS: usize = 10;

/// The rules for everything that is asked of a network.
#[derive(Debug, Clone)]
pub struct NetworkOptions {
    /// Whether `http:` may leave this device.
    pub allow_insecure: bool,
    /// How long failures are borne.
    pub patience: Patience,
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
            patience: Patience::default(),
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
    transfer: Arc<dyn Transfer>,
    options: Arc<NetworkOptions>,
}

/// The last answer of a chain of redirects.
pub struct Answer {
    /// For example 206.
    pub status: u16,
    /// Its own.
    pub headers: Headers,
    /// What the server that was asked first said of the file.
    pub linked: Expected,
    /// What comes.
    pub incoming: Incoming,
}

/// A body that must come at a pace.
pub struct Incoming {
    /// Who sends it.
    pub url: Url,
    body: Box<dyn Body>,
    pace: Pace,
    options: Arc<NetworkOptions>,
}

impl Incoming {
    /// The next bytes; `None` at the end. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Tried<Option<Bytes>> {
        let piece = match tokio::time::timeout(self.options.idle, self.body.next()).await {
            Ok(piece) => piece.map_err(|failure| Trouble::on_the_way(&self.url, failure))?,
            Err(_) => return Err(silent(&self.url, &self.options)),
        };
        let count = piece.as_ref().map_or(0, Bytes::len) as u64;
        let NetworkOptions { slowest_bytes_per_s, slowest_for, .. } = *self.options;
        if piece.is_some() && self.pace.is_too_slow(Instant::now(), count, slowest_bytes_per_s, slowest_for) {
            let url = shown(&self.url);
            let detail = format!(
                "{url} comes at less than {slowest_bytes_per_s} bytes a second - try again on a better network"
            );
            return Err(Trouble::passing(ErrorCode::TooSlow, detail));
        }
        Ok(piece)
    }
}

fn silent(url: &Url, options: &NetworkOptions) -> Trouble {
    let (seconds, url) = (options.idle.as_secs_f32(), shown(url));
    let detail = format!("nothing came for {url} in {seconds} s - try again on a better network");
    Trouble::passing(ErrorCode::TooSlow, detail)
}

impl Network {
    /// Over a transfer of one's own, or over [`Http`](super::http::Http).
    pub fn new(transfer: Arc<dyn Transfer>, options: NetworkOptions) -> Self {
        Self { transfer, options: Arc::new(options) }
    }

    /// The rules.
    pub fn options(&self) -> &NetworkOptions {
        &self.options
    }

    /// Asks, and follows where the server leads. The token goes no further than its own server.
    pub async fn get(&self, mut request: Request) -> Tried<Answer> {
        address::check(&request.url, self.options.allow_insecure)?;
        let first = request.url.clone();
        let token = request.token.take();
        let mut linked = Expected::default();
        for _ in 0..=MAX_REDIRECTS {
            let own = address::same_origin(&first, &request.url);
            request.token = token.clone().filter(|_| own);
            let response = self.ask(&request).await?;
            if own {
                let word = answer::linked(&response.headers);
                linked = Expected { length: word.length.or(linked.length), sha256: word.sha256.or(linked.sha256) };
            }
            if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                let Response { status, headers, body } = response;
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
        Err(Trouble::last(ErrorCode::TooManyRedirects, detail))
    }

    async fn ask(&self, request: &Request) -> Tried<Response> {
        match tokio::time::timeout(self.options.idle, self.transfer.get(request)).await {
            Ok(response) => response.map_err(|failure| Trouble::on_the_way(&request.url, failure)),
            Err(_) => Err(silent(&request.url, &self.options)),
        }
    }

    fn next(&self, from: &Url, headers: &Headers) -> Tried<Url> {
        let invalid = |reason: &str| {
            let detail = format!("{} leads nowhere: {reason} - check the address", shown(from));
            Trouble::last(ErrorCode::ResponseInvalid, detail)
        };
        let location = headers.location.as_deref().ok_or_else(|| invalid("a redirect without an address"))?;
        let next = from.join(location).map_err(|_| invalid("a redirect to what is no address"))?;
        if from.scheme() == "https" && next.scheme() != "https" {
            let detail = format!(
                "{} leads to {}, which is not encrypted - do not trust this address",
                shown(from),
                shown(&next)
            );
            return Err(Trouble::last(ErrorCode::InsecureUrl, detail));
        }
        address::check(&next, self.options.allow_insecure)?;
        Ok(next)
    }

    /// Asks for something small, again after passing failures: all of it or none. `ResponseInvalid` for more than `limit`
    /// bytes.
    pub async fn read(&self, request: &Request, limit: usize) -> Result<Small> {
        let mut failures = Failures::default();
        loop {
            match self.read_once(request, limit).await {
                Ok(small) => return Ok(small),
                Err(trouble) => {
                    tracing::debug!(code = ?trouble.error.code, "small request failed");
                    let wait = failures.next(trouble, &self.options.patience, random())?;
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn read_once(&self, request: &Request, limit: usize) -> Tried<Small> {
        let Answer { status, headers, linked, mut incoming } = self.get(request.clone()).await?;
        let name = shown(&request.url);
        if !matches!(status, 200 | 206) {
            return Err(status_trouble(&name, status, headers.retry_after.as_deref()));
        }
        answer::check_encoding(&name, &headers)?;
        let mut bytes = Vec::new();
        while let Some(piece) = incoming.next().await? {
            if piece.len() > limit - bytes.len() {
                let detail = format!("the answer for {name} is longer than {limit} bytes - check the address");
                return Err(Trouble::last(ErrorCode::ResponseInvalid, detail));
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
    pub headers: Headers,
    /// Who gave it.
    pub url: Url,
    /// What the server that was asked first said of the file.
    pub linked: Expected,
}

/// In 0..1; only spreads retries.
pub fn random() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        trouble.error
    }
}
