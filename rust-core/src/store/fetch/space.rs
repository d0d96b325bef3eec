//! Checks free disk space. Pure.

use crate::error::{Error, ErrorCode, Result};
use crate::human_bytes;

/// Fails with `DiskFull` unless `needed` and `spare` bytes fit into the free ones.
pub fn check(needed: u64, spare: u64, free: Option<u64>) -> Result<()> {
    let wanted = needed.saturating_add(spare);
    match free {
        Some(free) if free < wanted => {
            let (needed, free, missing) =
                (human_bytes::format(needed), human_bytes::format(free), human_bytes::format(wanted - free));
            let detail = format!("the download needs {needed} more and {free} are free - free {missing} and try again");
            Err(Error::new(ErrorCode::DiskFull, detail))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_needs_room_and_leaves_some() {
        for (needed, spare, free, fits) in [
            (1_000, 0, Some(1_000), true),
            (1_000, 1, Some(1_000), false),
            (1_000, 0, Some(999), false),
            (u64::MAX, 1, Some(u64::MAX - 1), false),
            (1_000, 1_000, None, true),
        ] {
            assert_eq!(check(needed, spare, free).is_ok(), fits, "{needed} {spare} {free:?}");
        }
        let detail = check(3_000_000_000, 0, Some(1_000_000_000)).expect_err("too little").detail;
        assert_eq!(detail, "the download needs 3.0 GB more and 1.0 GB are free - free 2.0 GB and try again");
    }
}
