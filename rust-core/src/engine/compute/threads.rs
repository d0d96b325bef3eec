//! The compute threads of one engine: carries out what the governor advises.

use std::time::{Duration, Instant};

use super::core_probe::CoreProbe;
use super::governor::{Advice, Governor};
use crate::engine::report::EngineReport;
use crate::protocol::Heat;

/// A change of the number of threads, for the loop to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct ThreadChange {
    pub(in crate::engine) from: u32,
    pub(in crate::engine) to: u32,
    pub(in crate::engine) reason: &'static str,
}

impl ThreadChange {
    /// Reports the change, once it is made.
    pub(in crate::engine) fn report(self, report: &dyn Fn(EngineReport)) {
        let Self { from, to, reason } = self;
        tracing::debug!(from, to, reason, "threads changed");
        report(EngineReport::ThreadsChanged { from, to, reason });
    }
}

pub(in crate::engine) struct ComputeThreads {
    governor: Governor,
    since: Instant,
    probe: Option<CoreProbe>,
}

impl ComputeThreads {
    pub(in crate::engine) fn new(threads: u32) -> Self {
        Self { governor: Governor::new(threads), since: Instant::now(), probe: None }
    }

    /// The number of threads that compute now.
    pub(in crate::engine) fn count(&self) -> u32 {
        self.governor.threads()
    }

    /// Learns of a decode step that ended `now`.
    pub(in crate::engine) fn decoded(&mut self, rows: usize, took: Duration, now: Instant) -> Option<ThreadChange> {
        let from = self.governor.threads();
        let mut advice = self.governor.decoded(rows, took, now.saturating_duration_since(self.since));
        if advice.is_none()
            && let Some(free) = self.take_probe_result()
        {
            advice = self.governor.core_seen(free);
        }
        match advice {
            None => None,
            Some(Advice::SetThreads { to, reason }) => Some(ThreadChange { from, to, reason }),
            Some(Advice::ProbeCore) => {
                if self.probe.is_none() {
                    self.probe = CoreProbe::start();
                }
                None
            }
        }
    }

    /// Learns how hot the device is.
    pub(in crate::engine) fn heat(&mut self, heat: Heat) -> Option<ThreadChange> {
        let from = self.governor.threads();
        match self.governor.heat(heat) {
            Some(Advice::SetThreads { to, reason }) => Some(ThreadChange { from, to, reason }),
            Some(Advice::ProbeCore) | None => None,
        }
    }

    /// The result of a probe that is over.
    fn take_probe_result(&mut self) -> Option<bool> {
        let free = self.probe.as_ref()?.result()?;
        self.probe = None;
        Some(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Threads that a load has brought down to one.
    fn reduced() -> (ComputeThreads, Instant) {
        let mut threads = ComputeThreads::new(2);
        let mut now = threads.since;
        for milliseconds in [4, 4, 4, 4, 4, 200, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6] {
            let took = Duration::from_millis(milliseconds);
            now += took;
            threads.decoded(1, took, now);
        }
        (threads, now)
    }

    #[test]
    fn a_free_core_is_used_and_a_taken_one_is_not() {
        let (free, taken, unknown) = (Some(true), Some(false), None);
        let table = [([free, free], Some(2)), ([free, taken], None), ([taken, free], None), ([free, unknown], None)];
        for (results, wanted) in table {
            let (mut threads, now) = reduced();
            let mut change = None;
            for result in results {
                threads.probe = Some(CoreProbe::of(result));
                // The step after a free probe asks for the next one, and the step after that reads it.
                for _ in 0..2 {
                    change = change.or(threads.decoded(1, Duration::from_millis(6), now + Duration::from_millis(6)));
                }
            }
            assert_eq!(change.map(|change| change.to), wanted, "{results:?}");
        }
    }

    #[test]
    fn a_probe_is_kept_until_it_is_over() {
        let (mut threads, now) = reduced();
        let probe = CoreProbe::of(None);
        threads.probe = Some(probe.clone());
        for _ in 0..3 {
            assert_eq!(threads.decoded(1, Duration::from_millis(6), now + Duration::from_millis(6)), None);
        }
        assert!(threads.probe.is_some_and(|kept| kept.is_same(&probe)));
    }
}
