//! Finds out whether a core is free, without touching the compute threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// How long a probe takes, on a thread of its own: a few time slices of the usual schedulers.
const PROBE: Duration = Duration::from_millis(15);
/// Between two readings of the clock that are this far apart, another thread had the core.
const GAP: Duration = Duration::from_micros(200);
/// A core is free if the probe had it for this share of the time.
const FREE_SHARE: f64 = 0.9;

const UNKNOWN: u8 = 0;
const FREE: u8 = 1;
const TAKEN: u8 = 2;

/// One probe, running or over. Ends by itself.
#[derive(Clone)]
pub(super) struct CoreProbe(Arc<AtomicU8>);

impl CoreProbe {
    /// Starts a short-lived thread that keeps a core busy and notices when another thread gets it. None if no thread
    /// can be started: then no core is free either.
    pub(super) fn start() -> Option<Self> {
        let probe = Self(Arc::new(AtomicU8::new(UNKNOWN)));
        let theirs = probe.clone();
        let run = move || {
            let seen = if share_of_core(PROBE) >= FREE_SHARE { FREE } else { TAKEN };
            theirs.0.store(seen, Ordering::Release);
        };
        std::thread::Builder::new().name("llama-core-look".into()).spawn(run).ok()?;
        Some(probe)
    }

    /// Whether the core was free. None while the probe is running.
    pub(super) fn result(&self) -> Option<bool> {
        match self.0.load(Ordering::Acquire) {
            UNKNOWN => None,
            seen => Some(seen == FREE),
        }
    }
}

fn share_of_core(time: Duration) -> f64 {
    let begin = Instant::now();
    let (mut last, mut lost) = (begin, Duration::ZERO);
    loop {
        let now = Instant::now();
        if now - last > GAP {
            lost += now - last;
        }
        last = now;
        if now - begin >= time {
            return 1.0 - lost.as_secs_f64() / (now - begin).as_secs_f64();
        }
        std::hint::spin_loop();
    }
}

#[cfg(test)]
impl CoreProbe {
    /// A probe with this result.
    pub(super) fn of(result: Option<bool>) -> Self {
        Self(Arc::new(AtomicU8::new(result.map_or(UNKNOWN, |free| if free { FREE } else { TAKEN }))))
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_ends_by_itself_with_a_result() {
        let probe = CoreProbe::start().expect("a thread can be started");
        while probe.result().is_none() {
            std::thread::yield_now();
        }
        assert!((0.0..=1.0).contains(&share_of_core(Duration::from_micros(500))));
    }
}
