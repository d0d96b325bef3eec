//! Progress of a transfer. Pure: the caller passes the time.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use ts_rs::TS;

use crate::error::ErrorCode;

/// The rate is an average over this long.
const WINDOW: Duration = Duration::from_secs(5);
const SAMPLE: Duration = Duration::from_millis(250);

/// What a transfer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", tag = "type")]
#[ts(rename = "DownloadPhase")]
pub enum Phase {
    /// It reads what an earlier attempt left, or waits for another transfer of the same files.
    Preparing,
    /// It waits for the server's response.
    Connecting,
    /// Bytes are arriving.
    Running,
    /// It waits after a failure, until the next attempt.
    #[serde(rename_all = "camelCase")]
    Waiting {
        /// The failure's code.
        code: ErrorCode,
        /// Milliseconds from this report to the next attempt.
        wait_ms: u32,
    },
    /// It is paused by a caller, or because the process is suspended.
    Paused,
    /// Every byte has arrived; the digest is compared and the file moved to its place.
    Verifying,
}

/// The progress of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "DownloadProgress")]
pub struct Progress {
    /// What the transfer is doing.
    pub phase: Phase,
    /// Bytes on the device, of all files.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Size of all files; absent until the servers have reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional)]
    pub total_bytes: Option<u64>,
    /// Average rate of the last seconds; absent while no bytes arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional)]
    pub bytes_per_second: Option<u64>,
    /// Remaining time at that rate; absent without a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional)]
    pub seconds_left: Option<u64>,
}

impl Progress {
    /// The state before anything is known.
    pub const NONE: Self =
        Self { phase: Phase::Preparing, bytes: 0, total_bytes: None, bytes_per_second: None, seconds_left: None };
}

/// Measures the rate of arriving bytes.
#[derive(Debug, Default)]
pub struct RateMeter {
    /// Time, and bytes that had arrived by then, oldest first.
    samples: VecDeque<(Instant, u64)>,
    received: u64,
}

impl RateMeter {
    /// Counts arrived bytes.
    pub fn add(&mut self, now: Instant, count: u64) {
        self.received += count;
        match self.samples.back() {
            Some((last, _)) if now.duration_since(*last) < SAMPLE => return,
            Some(_) | None => self.samples.push_back((now, self.received)),
        }
        while self.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            self.samples.pop_front();
        }
    }

    /// Bytes per second; `None` before there are two samples.
    pub fn rate(&self, now: Instant) -> Option<u64> {
        let (since, before) = self.samples.front()?;
        let elapsed = now.duration_since(*since);
        (elapsed >= SAMPLE).then(|| ((self.received - before) as f64 / elapsed.as_secs_f64()) as u64)
    }

    /// Leaves a pause out of the rate.
    pub fn interrupt(&mut self) {
        self.samples.clear();
    }
}

/// Seconds until the transfer is complete.
pub fn seconds_left(bytes: u64, total: Option<u64>, rate: Option<u64>) -> Option<u64> {
    let left = total?.saturating_sub(bytes);
    rate.filter(|&rate| rate > 0).map(|rate| left.div_ceil(rate))
}

/// Detects a server that is too slow to ever finish.
#[derive(Debug)]
pub struct SlownessDetector {
    since: Instant,
    received: u64,
}

impl SlownessDetector {
    /// Starts the first window.
    pub fn new(now: Instant) -> Self {
        Self { since: now, received: 0 }
    }

    /// Counts arrived bytes. Returns `true` once a whole window had fewer than `slowest` bytes per second.
    pub fn is_too_slow(&mut self, now: Instant, count: u64, slowest: u64, window: Duration) -> bool {
        self.received += count;
        let elapsed = now.duration_since(self.since);
        if elapsed < window {
            return false;
        }
        let enough = self.received as f64 >= slowest as f64 * elapsed.as_secs_f64();
        *self = Self::new(now);
        !enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut meter = RateMeter::default();
        assert_eq!(meter.rate(at(0)), None);
        // Fast at first, then 1 MB a second.
        meter.add(at(0), 0);
        meter.add(at(1_000), 100_000_000);
        assert_eq!(meter.rate(at(1_000)), Some(100_000_000));
        for second in 2..12 {
            meter.add(at(second * 1_000), 1_000_000);
        }
        assert_eq!(meter.rate(at(11_000)), Some(1_000_000));
        // It falls while nothing comes.
        assert_eq!(meter.rate(at(16_000)), Some(500_000));
        meter.interrupt();
        assert_eq!(meter.rate(at(16_000)), None);
        assert!(meter.samples.len() < 30);
    }

    #[test]
    fn time_left_follows_the_rate() {
        for (bytes, total, rate, expected) in [
            (0, Some(100), Some(10), Some(10)),
            (95, Some(100), Some(10), Some(1)),
            (100, Some(100), Some(10), Some(0)),
            (0, Some(100), Some(0), None),
            (0, Some(100), None, None),
            (0, None, Some(10), None),
        ] {
            assert_eq!(seconds_left(bytes, total, rate), expected);
        }
    }

    #[test]
    fn a_byte_a_second_is_too_slow() {
        let start = Instant::now();
        let window = Duration::from_secs(60);
        let mut pace = SlownessDetector::new(start);
        for second in 1..60 {
            assert!(!pace.is_too_slow(start + Duration::from_secs(second), 1, 1_024, window));
        }
        assert!(pace.is_too_slow(start + window, 1, 1_024, window));
        // The window begins anew, and a burst at its end is enough.
        assert!(!pace.is_too_slow(start + 2 * window, 61_440, 1_024, window));
    }
}
