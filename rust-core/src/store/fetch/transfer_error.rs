//! What ended one attempt, and whether another one may help.

use std::time::Duration;

use url::Url;

use super::address::shown;
use super::http_client::HttpError;
use crate::error::{Error, ErrorCode};

/// Why an attempt ended without the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferError {
    /// What the caller hears if no other attempt is made.
    pub error: Error,
    /// What may help.
    pub advice: RetryAdvice,
}

/// What may help after an attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryAdvice {
    /// Nothing that can be done here.
    None,
    /// The same again, after a while; not before the server's own word, where it gave one.
    Wait {
        /// The server's `Retry-After`.
        at_least: Option<Duration>,
    },
    /// The same again, if this server was reached before: else the device is offline, which an app shows at once.
    WaitIfReached,
    /// The file has changed: from its first byte, at once.
    StartOver,
}

impl TransferError {
    /// No other attempt helps.
    pub fn last(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { error: Error::new(code, detail), advice: RetryAdvice::None }
    }

    /// Another attempt may go well.
    pub fn passing(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { error: Error::new(code, detail), advice: RetryAdvice::Wait { at_least: None } }
    }

    /// What happened on the way to `url`, or back.
    pub fn on_the_way(url: &Url, error: HttpError) -> Self {
        let host = url.host_str().unwrap_or_default();
        let url = shown(url);
        match error {
            HttpError::Unreachable(reason) => Self {
                error: Error::new(
                    ErrorCode::Offline,
                    format!("could not reach {host}: {reason} - connect this device to a network and try again"),
                ),
                advice: RetryAdvice::WaitIfReached,
            },
            HttpError::Tls(reason) => {
                Self::last(ErrorCode::TlsFailed, format!("no secure connection to {host}: {reason}"))
            }
            HttpError::Lost(reason) => {
                let detail =
                    format!("the connection for {url} was lost: {reason} - try again: it goes on where it was");
                Self::passing(ErrorCode::ConnectionLost, detail)
            }
            HttpError::Invalid(reason) => {
                let detail = format!("{host} gave an answer for {url} that is not HTTP: {reason} - check the address");
                Self::passing(ErrorCode::ResponseInvalid, detail)
            }
        }
    }
}

impl From<Error> for TransferError {
    fn from(error: Error) -> Self {
        Self { error, advice: RetryAdvice::None }
    }
}

/// What an attempt gives.
pub type TransferResult<T> = std::result::Result<T, TransferError>;
