//! Carries out what the governor advises: looks for a free core without touching the compute threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use super::EngineReport;
use super::governor::{Advice, Governor};
use crate::protocol::Heat;

/// How long a look takes, on a thread of its own: a few time slices of the usual schedulers.
const LOOK: Duration = Duration::from_millis(15);
/// Two looks at the clock that are this far apart had somebody else in between.
const GAP: Duration = Duration::from_micros(200);
/// A core is free if it was ours for this share of the time.
const FREE_SHARE: f64 = 0.9;

const UNKNOWN: u8 = 0;
const FREE: u8 = 1;
const TAKEN: u8 = 2;

/// A change that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) reason: &'static str,
}

impl Change {
    /// Tells of it, when it was made.
    pub(super) fn report(self, report: &dyn Fn(EngineReport)) {
        let Self { from, to, reason } = self;
        tracing::debug!(from, to, reason, "threads changed");
        report(EngineReport::ThreadsChanged { from, to, reason });
    }
}

pub(super) struct Threads {
    governor: Governor,
    since: Instant,
    look: Option<Arc<AtomicU8>>,
}

impl Threads {
    pub(super) fn new(threads: u32) -> Self {
        Self { governor: Governor::new(threads), since: Instant::now(), look: None }
    }

    /// Threads that compute now.
    pub(super) fn count(&self) -> u32 {
        self.governor.threads()
    }

    /// Learns of a decode step that ended `now`.
    pub(super) fn decoded(&mut self, rows: usize, took: Duration, now: Instant) -> Option<Change> {
        let from = self.governor.threads();
        let mut advice = self.governor.decoded(rows, took, now.saturating_duration_since(self.since));
        if advice.is_none()
            && let Some(free) = self.take_look()
        {
            advice = self.governor.core_seen(free);
        }
        match advice {
            None => None,
            Some(Advice::SetThreads { to, reason }) => Some(Change { from, to, reason }),
            Some(Advice::LookForCore) => {
                if self.look.is_none() {
                    self.look = start_look();
                }
                None
            }
        }
    }

    /// Learns how hot the device is.
    pub(super) fn heat(&mut self, heat: Heat) -> Option<Change> {
        let from = self.governor.threads();
        match self.governor.heat(heat) {
            Some(Advice::SetThreads { to, reason }) => Some(Change { from, to, reason }),
            Some(Advice::LookForCore) | None => None,
        }
    }

    /// The result of a look that has ended.
    fn take_look(&mut self) -> Option<bool> {
        let seen = self.look.as_ref()?.load(Ordering::Acquire);
        if seen == UNKNOWN {
            return None;
        }
        self.look = None;
        Some(seen == FREE)
    }
}

/// Starts a short-lived thread that keeps a core busy and notices when somebody else gets it. It ends by itself. None
/// if there is no thread to be had: then no core is free either.
fn start_look() -> Option<Arc<AtomicU8>> {
    let result = Arc::new(AtomicU8::new(UNKNOWN));
    let theirs = result.clone();
    let look = move || {
        let seen = if share_of_core(LOOK) >= FREE_SHARE { FREE } else { TAKEN };
        theirs.store(seen, Ordering::Release);
    };
    std::thread::Builder::new().name("llama-core-look".into()).spawn(look).ok()?;
    Some(result)
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
mod tests {
    use super::*;

    /// Threads that a load has brought down to one.
    fn reduced() -> (Threads, Instant) {
        let mut threads = Threads::new(2);
        let mut now = threads.since;
        for milliseconds in [4, 4, 4, 4, 4, 200, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6] {
            let took = Duration::from_millis(milliseconds);
            now += took;
            threads.decoded(1, took, now);
        }
        (threads, now)
    }

    #[test]
    fn a_look_ends_by_itself_with_an_answer() {
        let look = start_look().expect("a thread can be started");
        while look.load(Ordering::Acquire) == UNKNOWN {
            std::thread::yield_now();
        }
        assert!((0.0..=1.0).contains(&share_of_core(Duration::from_micros(500))));
    }

    #[test]
    fn a_free_core_is_used_and_a_taken_one_is_not() {
        let table = [([FREE, FREE], Some(2)), ([FREE, TAKEN], None), ([TAKEN, FREE], None), ([FREE, UNKNOWN], None)];
        for (looks, wanted) in table {
            let (mut threads, now) = reduced();
            let mut change = None;
            for seen in looks {
                threads.look = Some(Arc::new(AtomicU8::new(seen)));
                // The step after a free look asks for the next one, and the step after that reads it.
                for _ in 0..2 {
                    change = change.or(threads.decoded(1, Duration::from_millis(6), now + Duration::from_millis(6)));
                }
            }
            assert_eq!(change.map(|change| change.to), wanted, "{looks:?}");
        }
    }

    #[test]
    fn a_look_is_kept_until_it_has_ended() {
        let (mut threads, now) = reduced();
        let look = Arc::new(AtomicU8::new(UNKNOWN));
        threads.look = Some(look.clone());
        for _ in 0..3 {
            assert_eq!(threads.decoded(1, Duration::from_millis(6), now + Duration::from_millis(6)), None);
        }
        assert!(threads.look.is_some_and(|kept| Arc::ptr_eq(&kept, &look)));
    }
}
