//! How many rows a prefill chunk gets, so that a long prompt never stalls a running stream. A pure policy.

use std::time::Duration;

/// What a chunk may take while other streams decode.
const BESIDE_STREAMS: Duration = Duration::from_millis(80);
/// What a chunk may take otherwise: a new request is not looked at before it ends.
const ALONE: Duration = Duration::from_secs(1);
/// Below this, a chunk costs more than it brings.
const FEWEST: usize = 16;
/// llama.cpp's own micro batch: more brings nothing.
const MOST: usize = 512;
/// Before anything was measured.
const FIRST_BESIDE_STREAMS: usize = 32;

/// The measured speed of prefilling.
#[derive(Debug, Default)]
pub(super) struct Pace {
    rows_per_second: Option<f64>,
}

impl Pace {
    /// Rows of the next chunk.
    pub(super) fn rows(&self, beside_streams: bool) -> usize {
        let budget = if beside_streams { BESIDE_STREAMS } else { ALONE };
        let first = if beside_streams { FIRST_BESIDE_STREAMS } else { MOST };
        let rows = self.rows_per_second.map_or(first, |speed| (speed * budget.as_secs_f64()) as usize);
        rows.clamp(FEWEST, MOST)
    }

    /// Learns from a chunk that finished. Every chunk has a fixed cost too, so the speed of the last size counts most;
    /// repeated, it settles where a chunk takes its budget.
    pub(super) fn measured(&mut self, rows: usize, took: Duration) {
        // The tail of a prompt says little about a chunk.
        if rows < FEWEST || took.is_zero() {
            return;
        }
        let speed = rows as f64 / took.as_secs_f64();
        self.rows_per_second = Some(self.rows_per_second.map_or(speed, |before| (before + 2.0 * speed) / 3.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(beside_streams: bool, fixed_ms: f64, row_ms: f64) -> (usize, f64) {
        let mut pace = Pace::default();
        for _ in 0..30 {
            let rows = pace.rows(beside_streams);
            pace.measured(rows, Duration::from_secs_f64((fixed_ms + row_ms * rows as f64) / 1000.0));
        }
        let rows = pace.rows(beside_streams);
        (rows, fixed_ms + row_ms * rows as f64)
    }

    #[test]
    fn a_chunk_beside_streams_settles_at_its_budget() {
        for (fixed, row) in [(0.0, 0.5), (50.0, 1.1), (20.0, 2.0)] {
            let (rows, took) = settled(true, fixed, row);
            assert!((75.0..=81.0).contains(&took) || rows == FEWEST, "{fixed} + {row} n: {rows} rows took {took}");
        }
    }

    #[test]
    fn chunks_have_bounds() {
        assert_eq!(Pace::default().rows(true), FIRST_BESIDE_STREAMS);
        assert_eq!(Pace::default().rows(false), MOST);
        assert_eq!(settled(true, 0.0, 100.0).0, FEWEST);
        assert_eq!(settled(true, 0.0, 0.001).0, MOST);
        assert_eq!(settled(false, 50.0, 1.1).0, MOST);
        assert_eq!(settled(false, 0.0, 10.0).0, 100);
    }

    #[test]
    fn the_tail_of_a_prompt_teaches_nothing() {
        let mut pace = Pace::default();
        pace.measured(128, Duration::from_millis(200));
        let before = pace.rows(true);
        pace.measured(1, Duration::from_millis(200));
        assert_eq!(pace.rows(true), before);
    }
}
