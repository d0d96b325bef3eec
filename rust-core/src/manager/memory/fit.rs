//! Whether a load would fit, and if not, what would. A pure rule over estimates.

use crate::error::Result;
use crate::protocol::{FitVerdict, MemoryEstimate, MemoryFit};

/// Contexts that are tried are multiples of this many tokens,
const STEP: u32 = 256;
/// and at least this many of those: 512 tokens. With fewer a chat remembers nothing.
const LEAST_STEPS: u32 = 2;

/// Where the number of resident scopes comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manager) enum ResidentCount {
    /// From the caller: it stays.
    Asked,
    /// From a default: it shrinks before any context does. A caller that leaves `maxResident` out wants one long conversation
    /// rather than many.
    Automatic,
}

/// Compares what was asked for with what is free, and looks for the largest context that fits where it does not:
/// first with a smaller maxResident if they are automatic, then with less context, then with as many slots again as fit beside it.
/// `estimate` is asked about contextSize and slots; a few dozen times at most, and its error ends the search.
pub(in crate::manager) fn fit(
    asked: MemoryEstimate,
    count: ResidentCount,
    available: Option<u64>,
    mut estimate: impl FnMut(u32, u32) -> Result<MemoryEstimate>,
) -> Result<MemoryFit> {
    let fits = |estimate: &MemoryEstimate| available.is_none_or(|available| estimate.total() <= available);
    let verdict = |verdict, estimate| Ok(MemoryFit { verdict, estimate, available_bytes: available });
    if fits(&asked) {
        return verdict(FitVerdict::Fits, asked);
    }
    if asked.max_resident == 0 {
        // Weights alone: no option makes them smaller.
        return verdict(FitVerdict::DoesNotFit, asked);
    }
    let least_slots = match count {
        ResidentCount::Asked => asked.max_resident,
        ResidentCount::Automatic => 1,
    };
    let whole = if least_slots < asked.max_resident { Some(estimate(asked.context_size, least_slots)?) } else { None };
    let found = match whole.filter(fits) {
        Some(whole) => Some(whole),
        None => {
            let most_steps = asked.context_size.saturating_sub(1) / STEP;
            largest(LEAST_STEPS, most_steps, fits, |steps| estimate(steps * STEP, least_slots))?
        }
    };
    let Some(found) = found else { return verdict(FitVerdict::DoesNotFit, asked) };
    let more = largest(found.max_resident + 1, asked.max_resident, fits, |slots| estimate(found.context_size, slots))?;
    verdict(FitVerdict::FitsSmaller, more.unwrap_or(found))
}

/// The estimate of the largest number from `low` to `high` that fits, by halves. Only what was estimated to fit is given.
fn largest(
    mut low: u32,
    mut high: u32,
    fits: impl Fn(&MemoryEstimate) -> bool,
    mut estimate: impl FnMut(u32) -> Result<MemoryEstimate>,
) -> Result<Option<MemoryEstimate>> {
    let mut found = None;
    while low <= high {
        let middle = low + (high - low) / 2;
        let estimated = estimate(middle)?;
        if fits(&estimated) {
            found = Some(estimated);
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorCode};

    /// 1,000 bytes of weights, 10 of compute, 1 for each token of a slot.
    fn estimate(context_size: u32, slots: u32) -> Result<MemoryEstimate> {
        let kv_bytes = u64::from(context_size) * u64::from(slots);
        Ok(MemoryEstimate { weights_bytes: 1_000, kv_bytes, compute_bytes: 10, context_size, max_resident: slots })
    }

    fn verdict(context: u32, slots: u32, chosen: ResidentCount, available: Option<u64>) -> (FitVerdict, u32, u32) {
        let asked = estimate(context, slots).expect("this estimate never fails");
        let mut calls = 0;
        let counted = |context, slots| {
            calls += 1;
            estimate(context, slots)
        };
        let fit = fit(asked, chosen, available, counted).expect("this estimate never fails");
        assert_eq!(fit.available_bytes, available);
        assert!(calls <= 40, "{calls} estimates");
        assert!(fit.verdict == FitVerdict::DoesNotFit || available.is_none_or(|free| fit.estimate.total() <= free));
        (fit.verdict, fit.estimate.context_size, fit.estimate.max_resident)
    }

    #[test]
    fn verdicts() {
        use FitVerdict::{DoesNotFit, Fits, FitsSmaller};
        use ResidentCount::{Asked, Automatic};
        for (context, slots, chosen, available, expected) in [
            (4096, 2, Asked, None, (Fits, 4096, 2)),
            (4096, 2, Asked, Some(9_202), (Fits, 4096, 2)),
            (4096, 2, Asked, Some(9_201), (FitsSmaller, 3840, 2)),
            (4096, 2, Asked, Some(2_034), (FitsSmaller, 512, 2)),
            (4096, 2, Asked, Some(2_033), (DoesNotFit, 4096, 2)),
            (4096, 2, Asked, Some(0), (DoesNotFit, 4096, 2)),
            // Not a multiple of 256: the next one below is.
            (1000, 1, Asked, Some(2_009), (FitsSmaller, 768, 1)),
            // No context below 512 is offered, whatever was asked for.
            (512, 1, Asked, Some(1_500), (DoesNotFit, 512, 1)),
            (300, 1, Asked, Some(1_300), (DoesNotFit, 300, 1)),
            (16, 1, Asked, Some(1_000), (DoesNotFit, 16, 1)),
            // Slots that nobody asked for go first, and only as many as must.
            (4096, 4, Automatic, Some(13_299), (FitsSmaller, 4096, 3)),
            (4096, 4, Automatic, Some(5_106), (FitsSmaller, 4096, 1)),
            (4096, 4, Automatic, Some(5_105), (FitsSmaller, 3840, 1)),
            (4096, 4, Automatic, Some(1_522), (FitsSmaller, 512, 1)),
            (4096, 4, Automatic, Some(1_521), (DoesNotFit, 4096, 4)),
            (300, 4, Automatic, Some(1_650), (FitsSmaller, 300, 2)),
            (16_777_216, 16, Automatic, Some(1 << 20), (FitsSmaller, 1_047_552, 1)),
        ] {
            assert_eq!(
                verdict(context, slots, chosen, available),
                expected,
                "{context} × {slots} {chosen:?} in {available:?}"
            );
        }
    }

    #[test]
    fn weights_alone_fit_or_do_not() {
        let weights = MemoryEstimate { weights_bytes: 1_000, context_size: 512, ..MemoryEstimate::default() };
        for (available, expected) in
            [(None, FitVerdict::Fits), (Some(1_000), FitVerdict::Fits), (Some(999), FitVerdict::DoesNotFit)]
        {
            let fit =
                fit(weights, ResidentCount::Asked, available, |_, _| unreachable!("nothing smaller is looked for"));
            assert_eq!(fit.map(|fit| (fit.verdict, fit.estimate)), Ok((expected, weights)), "{available:?}");
        }
    }

    #[test]
    fn an_estimate_that_fails_ends_the_search() {
        let asked = estimate(4096, 1).expect("this estimate never fails");
        let gone = || Error::new(ErrorCode::ModelNotFound, "gone meanwhile");
        let result = fit(asked, ResidentCount::Asked, Some(0), |_, _| Err(gone()));
        assert_eq!(result, Err(gone()));
    }
}
