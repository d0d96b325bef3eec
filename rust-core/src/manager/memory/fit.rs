//! Decides whether a load would fit, and if not, which smaller one would. A pure rule over estimates.

use crate::error::Result;
use crate::protocol::{FitVerdict, MemoryEstimate, MemoryFit};

/// Smaller contexts are multiples of this many tokens.
const STEP: u32 = 256;
/// Fewest steps of a smaller context: 512 tokens. With fewer a chat remembers nothing.
const LEAST_STEPS: u32 = 2;

/// Where the number of resident scopes comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manager) enum ResidentCount {
    /// From the caller. It stays.
    Requested,
    /// From a default. It shrinks before the context does, because a caller that omits `maxResident` wants one long
    /// conversation rather than many.
    Automatic,
}

/// Compares the requested load with the free memory. If it does not fit, looks for the largest context that does: first
/// with fewer resident scopes if their number is automatic, then with less context. Then adds as many resident scopes
/// again as fit. `estimate` takes contextSize and maxResident. It is called a few dozen times at most, and its error
/// ends the search.
pub(in crate::manager) fn fit(
    requested: MemoryEstimate,
    count: ResidentCount,
    available: Option<u64>,
    mut estimate: impl FnMut(u32, u32) -> Result<MemoryEstimate>,
) -> Result<MemoryFit> {
    let fits = |estimate: &MemoryEstimate| available.is_none_or(|available| estimate.total() <= available);
    let verdict = |verdict, estimate| Ok(MemoryFit { verdict, estimate, available_bytes: available });
    if fits(&requested) {
        return verdict(FitVerdict::Fits, requested);
    }
    if requested.max_resident == 0 {
        // An estimate of weights alone: no option makes them smaller.
        return verdict(FitVerdict::DoesNotFit, requested);
    }
    let least_resident = match count {
        ResidentCount::Requested => requested.max_resident,
        ResidentCount::Automatic => 1,
    };
    let narrow = if least_resident < requested.max_resident {
        Some(estimate(requested.context_size, least_resident)?)
    } else {
        None
    };
    let smaller = match narrow.filter(fits) {
        Some(narrow) => Some(narrow),
        None => {
            let most_steps = requested.context_size.saturating_sub(1) / STEP;
            largest(LEAST_STEPS, most_steps, fits, |steps| estimate(steps * STEP, least_resident))?
        }
    };
    let Some(smaller) = smaller else { return verdict(FitVerdict::DoesNotFit, requested) };
    let more = largest(smaller.max_resident + 1, requested.max_resident, fits, |max_resident| {
        estimate(smaller.context_size, max_resident)
    })?;
    verdict(FitVerdict::FitsSmaller, more.unwrap_or(smaller))
}

/// The estimate of the largest number from `low` to `high` that fits, by binary search.
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

    /// 1,000 bytes of weights, 10 of compute, 1 for each token of a resident scope.
    fn estimate(context_size: u32, max_resident: u32) -> Result<MemoryEstimate> {
        let kv_bytes = u64::from(context_size) * u64::from(max_resident);
        Ok(MemoryEstimate { weights_bytes: 1_000, kv_bytes, compute_bytes: 10, context_size, max_resident })
    }

    fn verdict(
        context: u32,
        max_resident: u32,
        count: ResidentCount,
        available: Option<u64>,
    ) -> (FitVerdict, u32, u32) {
        let requested = estimate(context, max_resident).expect("this estimate never fails");
        let mut calls = 0;
        let counted = |context, max_resident| {
            calls += 1;
            estimate(context, max_resident)
        };
        let fit = fit(requested, count, available, counted).expect("this estimate never fails");
        assert_eq!(fit.available_bytes, available);
        assert!(calls <= 40, "{calls} estimates");
        assert!(fit.verdict == FitVerdict::DoesNotFit || available.is_none_or(|free| fit.estimate.total() <= free));
        (fit.verdict, fit.estimate.context_size, fit.estimate.max_resident)
    }

    #[test]
    fn verdicts() {
        use FitVerdict::{DoesNotFit, Fits, FitsSmaller};
        use ResidentCount::{Automatic, Requested};
        for (context, max_resident, count, available, expected) in [
            (4096, 2, Requested, None, (Fits, 4096, 2)),
            (4096, 2, Requested, Some(9_202), (Fits, 4096, 2)),
            (4096, 2, Requested, Some(9_201), (FitsSmaller, 3840, 2)),
            (4096, 2, Requested, Some(2_034), (FitsSmaller, 512, 2)),
            (4096, 2, Requested, Some(2_033), (DoesNotFit, 4096, 2)),
            (4096, 2, Requested, Some(0), (DoesNotFit, 4096, 2)),
            // Not a multiple of 256: the next one below is.
            (1000, 1, Requested, Some(2_009), (FitsSmaller, 768, 1)),
            // No context below 512 is offered.
            (512, 1, Requested, Some(1_500), (DoesNotFit, 512, 1)),
            (300, 1, Requested, Some(1_300), (DoesNotFit, 300, 1)),
            (16, 1, Requested, Some(1_000), (DoesNotFit, 16, 1)),
            // An automatic maxResident shrinks first, and no further than it must.
            (4096, 4, Automatic, Some(13_299), (FitsSmaller, 4096, 3)),
            (4096, 4, Automatic, Some(5_106), (FitsSmaller, 4096, 1)),
            (4096, 4, Automatic, Some(5_105), (FitsSmaller, 3840, 1)),
            (4096, 4, Automatic, Some(1_522), (FitsSmaller, 512, 1)),
            (4096, 4, Automatic, Some(1_521), (DoesNotFit, 4096, 4)),
            (300, 4, Automatic, Some(1_650), (FitsSmaller, 300, 2)),
            (16_777_216, 16, Automatic, Some(1 << 20), (FitsSmaller, 1_047_552, 1)),
        ] {
            assert_eq!(
                verdict(context, max_resident, count, available),
                expected,
                "{context} × {max_resident} {count:?} in {available:?}"
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
                fit(weights, ResidentCount::Requested, available, |_, _| unreachable!("nothing smaller is looked for"));
            assert_eq!(fit.map(|fit| (fit.verdict, fit.estimate)), Ok((expected, weights)), "{available:?}");
        }
    }

    #[test]
    fn an_estimate_that_fails_ends_the_search() {
        let requested = estimate(4096, 1).expect("this estimate never fails");
        let gone = || Error::new(ErrorCode::ModelNotFound, "gone meanwhile");
        let result = fit(requested, ResidentCount::Requested, Some(0), |_, _| Err(gone()));
        assert_eq!(result, Err(gone()));
    }
}
