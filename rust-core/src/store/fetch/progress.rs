//! How far a transfer is. Pure: the caller brings the time.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use ts_rs::TS;

use crate::error::ErrorCode;

/// The rate is that of the last few seconds.
const WINDOW: Duration = Duration::from_secs(5);
const SAMPLE: Duration = Duration::from_millis(250);

/// What a transfer does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", tag = "type")]
#[ts(rename = "DownloadPhase")]
pub enum Phase {
    /// Reads what an earlier attempt left, or waits for another transfer of the same files.
    Preparing,
    /// Waits for the server's answer.
    Connecting,
    /// Bytes come.
    Running,
    /// After a failure, until the next attempt.
    #[serde(rename_all = "camelCase")]
    Waiting {
        /// Of the failure.
        code: ErrorCode,
        /// Until the next attempt, in milliseconds, from when this was said.
        wait_ms: u32,
    },
    /// On request, or because the process is suspended.
    Paused,
    /// Every byte has come; the digest is compared, and the file given its name.
    Verifying,
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "DownloadProgress")]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// What is on the device, of all its files.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Of all its files; absent before a server has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional)]
    pub total_bytes: Option<u64>,
    /// Of the last seconds; absent while no bytes come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional)]
    pub bytes_per_second: Option<u64>,
    /// At that rate; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional)]
    pub seconds_left: Option<u64>,
}

impl Progress {
    /// Of a transfer of which nothing is known.
    pub const NONE: Self =
        Self { phase: Phase::Preparing, bytes: 0, total_bytes: None, bytes_per_second: None, seconds_left: None };
}

/// Measures the rate at which bytes come.
#[derive(Debug, Default)]
pub struct Meter {
    /// When, and how many bytes had come in this run: the oldest first.
    samples: VecDeque<(Instant, u64)>,
    come: u64,
}

impl Meter {
    /// So many bytes have come.
    pub fn add(&mut self, now: Instant, count: u64) {
        self.come += count;
        match self.samples.back() {
            Some((last, _)) if now.duration_since(*last) < SAMPLE => return,
            Some(_) | None => self.samples.push_back((now, self.come)),
        }
        while self.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            self.samples.pop_front();
        }
    }

    /// Bytes a second; `None` before a second sample.
    pub fn rate(&self, now: Instant) -> Option<u64> {
        let (since, before) = self.samples.front()?;
        let elapsed = now.duration_since(*since);
        (elapsed >= SAMPLE).then(|| ((self.come - before) as f64 / elapsed.as_secs_f64()) as u64)
    }

    /// Nothing comes for a while, and that does not count.
    pub fn interrupt(&mut self) {
        self.samples.clear();
    }
}

/// Seconds that the rest takes.
pub fn seconds_left(bytes: u64, total: Option<u64>, rate: Option<u64>) -> Option<u64> {
    let left = total?.saturating_sub(bytes);
    rate.filter(|&rate| rate > 0).map(|rate| left.div_ceil(rate))
}

/// Notices a server that sends too little to ever end.
#[derive(Debug)]
pub struct Pace {
    since: Instant,
    come: u64,
}

impl Pace {
    /// From now on.
    pub fn new(now: Instant) -> Self {
        Self { since: now, come: 0 }
    }

    /// So many bytes have come. `true` once less than `slowest` a second came for as long as `window`.
    pub fn is_too_slow(&mut self, now: Instant, count: u64, slowest: u64, window: Duration) -> bool {
        self.come += count;
        let elapsed = now.duration_since(self.since);
        if elapsed < window {
            return false;
        }
        let enough = self.come as f64 >= slowest as f64 * elapsed.as_secs_f64();
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
        let mut meter = Meter::default();
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
        let mut pace = Pace::new(start);
        for second in 1..60 {
            assert!(!pace.is_too_slow(start + Duration::from_secs(second), 1, 1_024, window));
        }
        assert!(pace.is_too_slow(start + window, 1, 1_024, window));
        // The window begins anew, and a burst at its end is enough.
        assert!(!pace.is_too_slow(start + 2 * window, 61_440, 1_024, window));
    }
}
