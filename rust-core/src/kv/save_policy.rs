//! Decides whether saving a KV pays off.

/// Assumed read rate of the disk, in bytes per second: sequential reads of a slow phone's flash (eMMC 5.1 promises 250
/// to 400 MB/s, UFS 3.1 two thousand). A faster disk only makes saving pay off more often.
const READ_BYTES_PER_SECOND: f64 = 400e6;

/// Whether reading `bytes` from disk is faster than prefilling `tokens` again. An unknown prefill rate counts as slow:
/// an unneeded file costs less than a minute of prefill.
pub(crate) fn is_cheaper_to_read(tokens: u32, bytes: u64, prefill_tokens_per_second: Option<f64>) -> bool {
    if tokens == 0 {
        return false;
    }
    match prefill_tokens_per_second {
        Some(rate) if rate > 0.0 => bytes as f64 / READ_BYTES_PER_SECOND < f64::from(tokens) / rate,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::is_cheaper_to_read;

    #[test]
    fn a_kv_is_saved_where_reading_it_is_faster_than_prefilling_again() {
        let cases = [
            // 1,000 tokens of 23 kB, a 135 M model: 57 ms to read.
            (1_000, 23_000_000, Some(900.0), true),
            (1_000, 23_000_000, Some(17_000.0), true),
            (1_000, 23_000_000, Some(18_000.0), false),
            // As many of 110 kB, a 3 B model, on a phone.
            (1_000, 110_000_000, Some(20.0), true),
            // A tiny model with a wide KV.
            (10, 40_000_000, Some(50_000.0), false),
            (1, 1, Some(f64::INFINITY), false),
        ];
        for (tokens, bytes, rate, expected) in cases {
            assert_eq!(is_cheaper_to_read(tokens, bytes, rate), expected, "{tokens} tokens, {bytes} bytes, {rate:?}");
        }
    }

    #[test]
    fn an_unknown_rate_counts_as_slow() {
        for rate in [None, Some(0.0), Some(-1.0), Some(f64::NAN)] {
            assert!(is_cheaper_to_read(1, u64::MAX, rate), "{rate:?}");
        }
    }

    #[test]
    fn nothing_is_not_worth_a_file() {
        assert!(!is_cheaper_to_read(0, 100, None));
        assert!(!is_cheaper_to_read(0, 0, Some(1.0)));
    }
}
