//! Decides how many rows a chunk gets, so that a long prompt never stalls a running stream. A pure policy.

use std::time::Duration;

/// The time of a chunk while streams decode.
const BESIDE_STREAMS: Duration = Duration::from_millis(80);
/// The time of a chunk otherwise: the engine looks at a new request only after it.
const ALONE: Duration = Duration::from_secs(1);
/// A chunk of fewer rows costs more than it gains.
const FEWEST: usize = 16;
/// llama.cpp's own micro batch: more rows gain nothing.
const MOST: usize = 512;
/// Rows of a chunk before any has been measured.
const FIRST_BESIDE_STREAMS: usize = 32;

/// The measured speed of chunks.
#[derive(Debug, Default)]
pub(in crate::engine) struct ChunkPace {
    rows_per_second: Option<f64>,
}

impl ChunkPace {
    /// Rows of the next chunk.
    pub(in crate::engine) fn rows(&self, beside_streams: bool) -> usize {
        let budget = if beside_streams { BESIDE_STREAMS } else { ALONE };
        let first = if beside_streams { FIRST_BESIDE_STREAMS } else { MOST };
        let rows = self.rows_per_second.map_or(first, |speed| (speed * budget.as_secs_f64()) as usize);
        rows.clamp(FEWEST, MOST)
    }

    /// Learns from a finished chunk. Every chunk has a fixed cost too, so the speed at the latest size counts most.
    /// Over several chunks the size settles where a chunk takes its budget.
    pub(in crate::engine) fn measured(&mut self, rows: usize, took: Duration) {
        // The short tail of a prompt says little about a chunk.
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
        let mut pace = ChunkPace::default();
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
        assert_eq!(ChunkPace::default().rows(true), FIRST_BESIDE_STREAMS);
        assert_eq!(ChunkPace::default().rows(false), MOST);
        assert_eq!(settled(true, 0.0, 100.0).0, FEWEST);
        assert_eq!(settled(true, 0.0, 0.001).0, MOST);
        assert_eq!(settled(false, 50.0, 1.1).0, MOST);
        assert_eq!(settled(false, 0.0, 10.0).0, 100);
    }

    #[test]
    fn the_tail_of_a_prompt_teaches_nothing() {
        let mut pace = ChunkPace::default();
        pace.measured(128, Duration::from_millis(200));
        let before = pace.rows(true);
        pace.measured(1, Duration::from_millis(200));
        assert_eq!(pace.rows(true), before);
    }
}
