//! Errors of single attempts, with advice on retrying.

use std::time::Duration;

use url::Url;

use super::address::redacted;
use super::http_client::HttpError;
use crate::error::{Error, ErrorCode};

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferError {
    /// The error for the caller, if there is no further attempt.
    pub error: Error,
    /// Whether a further attempt may help.
    pub advice: RetryAdvice,
}

/// Whether and when a further attempt may help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryAdvice {
    /// It will not.
    None,
    /// The same request may succeed after a wait.
    Wait {
        /// The server's `Retry-After`, a lower limit for the wait.
        at_least: Option<Duration>,
    },
    /// The same request may succeed after a wait, if this server was reached before. Otherwise the device is offline,
    /// which the app should show at once.
    WaitIfReached,
    /// The file has changed: start over from its first byte, at once.
    StartOver,
}

impl TransferError {
    /// An error that no further attempt mends.
    pub fn permanent(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { error: Error::new(code, detail), advice: RetryAdvice::None }
    }

    /// An error that may not occur again.
    pub fn temporary(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { error: Error::new(code, detail), advice: RetryAdvice::Wait { at_least: None } }
    }

    /// Converts an error of the request to `url`, or of its response.
    pub fn from_http(url: &Url, error: HttpError) -> Self {
        let host = url.host_str().unwrap_or_default();
        let url = redacted(url);
        let (code, advice, detail) = match &error {
            HttpError::Unreachable(reason) => (
                ErrorCode::Offline,
                RetryAdvice::WaitIfReached,
                format!("could not reach {host}: {reason} - connect this device to a network and try again"),
            ),
            HttpError::Tls(reason) => {
                (ErrorCode::TlsFailed, RetryAdvice::None, format!("could not connect securely to {host}: {reason}"))
            }
            HttpError::Lost(reason) => (
                ErrorCode::ConnectionLost,
                RetryAdvice::Wait { at_least: None },
                format!("the connection for {url} was lost: {reason} - try again to resume the download"),
            ),
            HttpError::Invalid(reason) => (
                ErrorCode::ResponseInvalid,
                RetryAdvice::Wait { at_least: None },
                format!("{host} did not answer {url} with valid HTTP: {reason} - check the address"),
            ),
        };
        Self { error: Error::new(code, detail).with_source(error), advice }
    }
}

impl From<Error> for TransferError {
    fn from(error: Error) -> Self {
        Self { error, advice: RetryAdvice::None }
    }
}

/// The result of an attempt.
pub type TransferResult<T> = std::result::Result<T, TransferError>;
