//! Whether anybody else computes on this machine. What is measured beside a compiler says little about an engine, so
//! the bench waits for a quiet moment, and measures again what was disturbed.

use std::time::{Duration, Instant};

/// Others may use so much of one core.
const QUIET_CORES: f64 = 0.12;
/// What a look at the load takes.
const LOOK: Duration = Duration::from_millis(300);

/// A moment, with the CPU time that was spent until then.
pub struct Mark {
    at: Instant,
    others: Option<f64>,
}

impl Mark {
    pub fn now() -> Self {
        Self { at: Instant::now(), others: others_seconds() }
    }

    /// Whether nobody else computed since then. True where the system does not tell.
    pub fn was_quiet(&self) -> bool {
        let (Some(before), Some(now)) = (self.others, others_seconds()) else { return true };
        now - before < QUIET_CORES * self.at.elapsed().as_secs_f64()
    }
}

/// Waits until nobody else computes, for at most `patience`.
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

/// CPU seconds of everybody but this process, from Linux's counters.
fn others_seconds() -> Option<f64> {
    let all = std::fs::read_to_string("/proc/stat").ok()?;
    let own = std::fs::read_to_string("/proc/self/stat").ok()?;
    Some((busy_ticks(&all)? - own_ticks(&own)?) as f64 / TICKS_PER_SECOND)
}

/// Linux counts for programs in hundredths of a second, whatever its own clock.
const TICKS_PER_SECOND: f64 = 100.0;

/// Everything in the line of all CPUs but idling and waiting for a disk. Time that a hypervisor took is somebody else's
/// too.
fn busy_ticks(stat: &str) -> Option<i64> {
    let mut fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().map(str::parse::<i64>);
    let mut next = || fields.next()?.ok();
    let (user, nice, system, _idle, _disk) = (next()?, next()?, next()?, next()?, next()?);
    let (interrupts, soft_interrupts, stolen) = (next()?, next()?, next()?);
    Some(user + nice + system + interrupts + soft_interrupts + stolen)
}

/// The process's own time in user and system mode: fields 14 and 15, counted from behind its name, which may hold
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
