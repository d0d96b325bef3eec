//! Byte counts for people, as error texts show them.

/// Formats a byte count: "3.1 GB".
pub(crate) fn format(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        // Tenths are cut, not rounded, so that "free" is never overstated.
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        for (count, text) in [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (3_199_999_999, "3.1 GB")] {
            assert_eq!(format(count), text);
        }
    }
}
