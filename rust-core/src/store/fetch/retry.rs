//! Decides when a transfer is tried again. Pure: the caller passes the random number.

use std::time::Duration;

use super::transfer_error::{RetryAdvice, TransferError};
use crate::error::{Error, ErrorCode};

/// When to retry.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Failed attempts in a row, without a block of progress in between, before giving up.
    pub attempts: u32,
    /// The wait after the first failure. It doubles with each further one.
    pub first_wait: Duration,
    /// Upper limit of the wait.
    pub longest_wait: Duration,
    /// The longest `Retry-After` to wait for. A longer one ends the transfer, and the error says so.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 8,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            longest_retry_after: Duration::from_secs(300),
        }
    }
}

/// Failures of a transfer since its last progress.
#[derive(Debug, Default)]
pub struct FailureCount {
    in_a_row: u32,
    reached: bool,
    started_over: u32,
}

/// Limit for a server whose file changes each time.
const MAX_STARTS_OVER: u32 = 3;

impl FailureCount {
    /// The server has responded.
    pub fn reached(&mut self) {
        self.reached = true;
    }

    /// A block has arrived.
    pub fn progressed(&mut self) {
        self.in_a_row = 0;
    }

    /// How long to wait before the next attempt, or the error if there is none. `random` is in 0..1 and keeps many
    /// devices from returning to a failed server at once.
    pub fn next(&mut self, error: TransferError, policy: &RetryPolicy, random: f64) -> Result<Duration, Error> {
        self.in_a_row += 1;
        match error.advice {
            RetryAdvice::None => Err(error.error),
            RetryAdvice::WaitIfReached if !self.reached => Err(error.error),
            RetryAdvice::StartOver => {
                self.started_over += 1;
                if self.started_over > MAX_STARTS_OVER { Err(error.error) } else { Ok(Duration::ZERO) }
            }
            RetryAdvice::Wait { .. } | RetryAdvice::WaitIfReached if self.in_a_row >= policy.attempts => {
                Err(error.error)
            }
            RetryAdvice::Wait { at_least: Some(at_least) } if at_least > policy.longest_retry_after => {
                let mut error = error.error;
                error.detail += &format!("; the server asks to wait {} s", at_least.as_secs());
                Err(error)
            }
            RetryAdvice::Wait { at_least } => Ok(self.backoff(policy, random).max(at_least.unwrap_or_default())),
            RetryAdvice::WaitIfReached => Ok(self.backoff(policy, random)),
        }
    }

    /// A random wait between half and all of the doubled wait.
    fn backoff(&self, policy: &RetryPolicy, random: f64) -> Duration {
        let doublings = (self.in_a_row - 1).min(30);
        let whole = policy.first_wait.saturating_mul(1 << doublings).min(policy.longest_wait);
        whole.mul_f64(0.5 + random / 2.0)
    }
}

/// Parses a `Retry-After` in seconds. Ignores dates, because this device's clock may be wrong.
pub fn retry_after(header: Option<&str>) -> Option<Duration> {
    header?.trim().parse().ok().map(Duration::from_secs)
}

/// Whether a status says that the failure is temporary.
pub fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// The error for a failure status.
pub fn status_error(shown: &str, status: u16, header: Option<&str>) -> TransferError {
    match status {
        401 | 403 => TransferError::permanent(
            ErrorCode::AccessDenied,
            format!(
                "{shown} was refused with status {status} - it may be private or gated: give a token that may read it"
            ),
        ),
        404 | 410 => TransferError::permanent(
            ErrorCode::ModelNotFound,
            format!("there is no {shown} (status {status}) - check the address"),
        ),
        _ if is_temporary(status) => TransferError {
            error: Error::new(
                ErrorCode::HttpStatus,
                format!("the server is overloaded or broken: status {status} for {shown} - try again later"),
            ),
            advice: RetryAdvice::Wait { at_least: retry_after(header) },
        },
        _ => TransferError::permanent(
            ErrorCode::HttpStatus,
            format!("the server answered {shown} with status {status} - check the address"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> TransferError {
        TransferError::temporary(ErrorCode::ConnectionLost, "lost")
    }

    fn waits(random: f64, count: usize) -> Vec<Result<u64, ErrorCode>> {
        let mut failures = FailureCount::default();
        let policy = RetryPolicy { attempts: 6, longest_wait: Duration::from_secs(3), ..RetryPolicy::default() };
        let wait = |_| failures.next(lost(), &policy, random);
        (0..count).map(wait).map(|wait| wait.map(|wait| wait.as_millis() as u64).map_err(|error| error.code)).collect()
    }

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        assert_eq!(
            waits(1.0, 6),
            [Ok(500), Ok(1_000), Ok(2_000), Ok(3_000), Ok(3_000), Err(ErrorCode::ConnectionLost)]
        );
        assert_eq!(waits(0.0, 3), [Ok(250), Ok(500), Ok(1_000)]);
    }

    #[test]
    fn progress_begins_the_count_anew() {
        let mut failures = FailureCount::default();
        let policy = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
        for _ in 0..100 {
            assert!(failures.next(lost(), &policy, 0.5).is_ok());
            failures.progressed();
        }
        assert!(failures.next(lost(), &policy, 0.5).is_ok());
        assert!(failures.next(lost(), &policy, 0.5).is_err());
    }

    #[test]
    fn a_device_that_never_reached_the_server_is_told_at_once() {
        let unreachable =
            TransferError { error: Error::new(ErrorCode::Offline, "offline"), advice: RetryAdvice::WaitIfReached };
        let mut failures = FailureCount::default();
        assert!(failures.next(unreachable.clone(), &RetryPolicy::default(), 0.5).is_err());
        failures.reached();
        assert!(failures.next(unreachable, &RetryPolicy::default(), 0.5).is_ok());
    }

    #[test]
    fn the_servers_own_wait_is_kept_within_bounds() {
        let busy = |seconds: &str| status_error("https://example.org/a", 503, Some(seconds));
        let mut failures = FailureCount::default();
        let policy = RetryPolicy::default();
        assert_eq!(failures.next(busy("7"), &policy, 0.5), Ok(Duration::from_secs(7)));
        assert_eq!(failures.next(busy("0"), &policy, 1.0), Ok(Duration::from_secs(1)));
        let error = failures.next(busy("86400"), &policy, 0.5).expect_err("too long");
        assert_eq!(error.code, ErrorCode::HttpStatus);
        assert!(error.detail.contains("86400 s"));
        assert_eq!(retry_after(Some("Fri, 31 Dec 1999 23:59:59 GMT")), None);
    }

    #[test]
    fn a_file_that_is_another_one_each_time_is_given_up() {
        let changed =
            TransferError { error: Error::new(ErrorCode::ResponseInvalid, "changed"), advice: RetryAdvice::StartOver };
        let mut failures = FailureCount::default();
        for _ in 0..MAX_STARTS_OVER {
            assert_eq!(failures.next(changed.clone(), &RetryPolicy::default(), 0.5), Ok(Duration::ZERO));
        }
        assert!(failures.next(changed, &RetryPolicy::default(), 0.5).is_err());
    }

    #[test]
    fn a_status_says_what_to_do() {
        for (status, code, passing) in [
            (401, ErrorCode::AccessDenied, false),
            (403, ErrorCode::AccessDenied, false),
            (404, ErrorCode::ModelNotFound, false),
            (418, ErrorCode::HttpStatus, false),
            (429, ErrorCode::HttpStatus, true),
            (503, ErrorCode::HttpStatus, true),
        ] {
            let error = status_error("https://example.org/a", status, None);
            assert_eq!((error.error.code, error.advice != RetryAdvice::None), (code, passing), "{status}");
        }
    }
}
