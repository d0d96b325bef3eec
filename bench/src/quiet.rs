//! Detects other computation on this machine. Numbers measured beside a compiler say little about an engine, so the
//! bench waits for a quiet moment, and repeats disturbed measurements.

use std::time::{Duration, Instant};

/// The share of one core that other processes may use.
const QUIET_CORES: f64 = 0.12;
/// How long one look at the load takes.
const LOOK: Duration = Duration::from_millis(300);

/// A moment, and the CPU time that other processes had used by then.
pub struct Mark {
    at: Instant,
    others: Option<f64>,
}

impl Mark {
    pub fn now() -> Self {
        Self { at: Instant::now(), others: others_seconds() }
    }

    /// Whether no other process computed since then. True where the system does not say.
    pub fn was_quiet(&self) -> bool {
        let (Some(before), Some(now)) = (self.others, others_seconds()) else { return true };
        now - before < QUIET_CORES * self.at.elapsed().as_secs_f64()
    }
}

/// Waits until no other process computes, for at most `patience`.
pub fn wait(patience: Duration) {
    let began = Instant::now();
    while began.elapsed() < patience {
        let mark = Mark::now();
        std::thread::sleep(LOOK);
        if mark.was_quiet() {
            return;
        }
    }
}

/// CPU seconds of all other processes, from Linux's counters.
fn others_seconds() -> Option<f64> {
    let all = std::fs::read_to_string("/proc/stat").ok()?;
    let own = std::fs::read_to_string("/proc/self/stat").ok()?;
    Some((busy_ticks(&all)? - own_ticks(&own)?) as f64 / TICKS_PER_SECOND)
}

/// Linux reports in hundredths of a second, whatever its own clock.
const TICKS_PER_SECOND: f64 = 100.0;

/// Sums the line of all CPUs without idling and waiting for disks. Time stolen by a hypervisor counts as other
/// processes'.
fn busy_ticks(stat: &str) -> Option<i64> {
    let mut fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().map(str::parse::<i64>);
    let mut next = || fields.next()?.ok();
    let (user, nice, system, _idle, _disk) = (next()?, next()?, next()?, next()?, next()?);
    let (interrupts, soft_interrupts, stolen) = (next()?, next()?, next()?);
    Some(user + nice + system + interrupts + soft_interrupts + stolen)
}

/// The process's own time in user and system mode: fields 14 and 15, counted from after its name, which may contain
/// spaces.
fn own_ticks(stat: &str) -> Option<i64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).map(str::parse::<i64>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idling_and_waiting_is_not_busy() {
        let stat = "cpu  1 20 300 4000 50000 600000 7000000 80000000 0 0\ncpu0 9 9 9 9 9 9 9 9 9 9\n";
        assert_eq!(busy_ticks(stat), Some(87_600_321));
        assert_eq!(busy_ticks("intr 1 2 3"), None);
    }

    #[test]
    fn a_name_with_spaces_shifts_no_field() {
        let stat = "42 (a (b) c) R 1 2 3 4 5 6 7 8 9 10 700 31 0 0 20 0";
        assert_eq!(own_ticks(stat), Some(731));
        assert_eq!(own_ticks("42"), None);
    }
}
