//! Decides how many threads compute. A pure policy over step times: it sees durations and answers with advice.
//!
//! A compute thread that must share its core stalls every step at every barrier. Measured on two cores beside one busy
//! process, steps of two threads grow from 4 ms to 110 ms and more, while those of one thread do not suffer. So when
//! steps grow far past their best, the governor *tries* one thread less, and keeps that only if the mean step becomes
//! shorter. Upward it does not try blindly, because one such step can exceed a frame budget: first a probe finds out
//! whether a core is free (`core_probe.rs`), then the governor tries one thread more, and takes it back at the first
//! bad step.
//!
//! Steps are compared only with steps of as many rows. The best time forgets slowly, so that a growing context does not
//! count as contention. A false alarm costs four slower steps.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::protocol::Heat;

/// Steps that count as recent.
const WINDOW: usize = 8;
/// A step is bad when it takes this many times the best, and `BAD_MS` more.
const BAD_RATIO: f64 = 2.5;
const BAD_MS: f64 = 2.0;
/// One step like this is enough to act.
const SEVERE_RATIO: f64 = 8.0;
const SEVERE_MS: f64 = 30.0;
/// Steps this long justify one trial with one thread less, even without a comparison.
const UNPROVEN_MS: f64 = 40.0;
/// The best time grows by this factor with every step.
const FORGET: f64 = 1.003;
/// Steps of a trial; fewer if they are long.
const TRIAL_STEPS: usize = 4;
const LONG_TRIAL_STEPS: usize = 2;
/// A tried number of threads stays if its mean step is shorter by this factor.
const GAIN: f64 = 0.96;
const FIRST_PROBE: Duration = Duration::from_millis(250);
const LAST_PROBE: Duration = Duration::from_secs(2);
/// A single probe may hit a moment in which a taken core is idle, and a trial on a taken core costs a long step.
const FREE_PROBES: usize = 2;
const FIRST_REST: Duration = Duration::from_secs(1);
const LAST_REST: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    SetThreads {
        to: u32,
        reason: &'static str,
    },
    /// Find out whether another core is free, and call `core_seen`.
    ProbeCore,
}

pub(super) struct Governor {
    most: u32,
    /// `most`, or fewer while the device is hot.
    ceiling: u32,
    threads: u32,
    /// Milliseconds of the last steps of `rows` rows with `threads` threads.
    recent: VecDeque<f64>,
    rows: usize,
    /// By number of rows: the best milliseconds with `threads` threads.
    best: BTreeMap<usize, f64>,
    trial: Option<Trial>,
    /// Whether this number of threads has been compared with fewer.
    proven: bool,
    /// The time of the next probe, and the pause after that.
    probe_at: Duration,
    probe_pause: Duration,
    /// Probes in a row that found a core free.
    free_probes: usize,
    /// No trial before this time; and the pause after a trial that failed.
    rest_until: Duration,
    rest_pause: Duration,
}

/// Another number of threads, on trial.
struct Trial {
    from: u32,
    /// The mean step, and the best ones, with `from` threads.
    before: f64,
    best_before: BTreeMap<usize, f64>,
    rows: usize,
    /// The first step pays for the change and does not count.
    started: bool,
    steps: usize,
    total: f64,
}

impl Governor {
    /// Begins with `threads`, which is also the maximum.
    pub(super) fn new(threads: u32) -> Self {
        Self {
            most: threads,
            ceiling: threads,
            threads,
            recent: VecDeque::with_capacity(WINDOW),
            rows: 0,
            best: BTreeMap::new(),
            trial: None,
            proven: false,
            probe_at: Duration::ZERO,
            probe_pause: FIRST_PROBE,
            free_probes: 0,
            rest_until: Duration::ZERO,
            rest_pause: FIRST_REST,
        }
    }

    pub(super) fn threads(&self) -> u32 {
        self.threads
    }

    /// Learns of a decode step that ended `now`, on any monotonic clock.
    pub(super) fn decoded(&mut self, rows: usize, took: Duration, now: Duration) -> Option<Advice> {
        if self.most < 2 {
            return None;
        }
        let took = took.as_secs_f64() * 1000.0;
        if let Some(trial) = self.trial.take() {
            return self.judge(trial, rows, took, now);
        }
        if rows != self.rows {
            self.rows = rows;
            self.recent.clear();
        }
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(took);
        let best = self.best.entry(rows).or_insert(took);
        *best = (*best * FORGET).min(took);
        let best = *best;

        if self.threads > 1 && now >= self.rest_until && self.suffers(took, best) {
            return Some(self.begin(self.threads - 1, "steps grew past their best"));
        }
        if self.threads < self.ceiling && now >= self.probe_at {
            self.probe_at = now + self.probe_pause;
            self.probe_pause = (self.probe_pause * 2).min(LAST_PROBE);
            return Some(Advice::ProbeCore);
        }
        None
    }

    /// Learns whether there is a free core besides those in use.
    pub(super) fn core_seen(&mut self, free: bool) -> Option<Advice> {
        self.free_probes = if free { self.free_probes + 1 } else { 0 };
        if (1..FREE_PROBES).contains(&self.free_probes) {
            self.probe_at = Duration::ZERO;
            return None;
        }
        let ready = free && self.trial.is_none() && self.threads < self.ceiling && self.recent.len() >= TRIAL_STEPS;
        self.free_probes = 0;
        ready.then(|| self.begin(self.threads + 1, "a core is free"))
    }

    /// Learns how hot the device is. Threads that it allows again are probed for and tried, as after any change.
    pub(super) fn heat(&mut self, heat: Heat) -> Option<Advice> {
        self.ceiling = match heat {
            Heat::Nominal | Heat::Fair => self.most,
            Heat::Serious => self.most.div_ceil(2),
            Heat::Critical => 1,
        };
        self.probe_at = Duration::ZERO;
        self.probe_pause = FIRST_PROBE;
        // A trial that would go back above the ceiling is dropped.
        self.trial.take_if(|trial| trial.from > self.ceiling);
        if self.threads <= self.ceiling {
            return None;
        }
        // Nothing has been measured with so few threads.
        self.trial = None;
        self.best.clear();
        self.proven = false;
        Some(self.switch(self.ceiling, "the device is hot"))
    }

    fn suffers(&self, took: f64, best: f64) -> bool {
        let severe = took > best * SEVERE_RATIO && took > best + SEVERE_MS;
        let bad = self.recent.iter().filter(|step| is_bad(**step, best)).count();
        let unproven = !self.proven && self.recent.len() >= LONG_TRIAL_STEPS && best > UNPROVEN_MS;
        severe || bad >= 2 || unproven
    }

    fn begin(&mut self, to: u32, reason: &'static str) -> Advice {
        let best_before = std::mem::take(&mut self.best);
        // Downward, only the steps since the first bad one tell what staying would cost.
        let best = best_before.get(&self.rows).copied().unwrap_or(f64::MAX);
        let onset = self.recent.iter().position(|step| is_bad(*step, best)).filter(|_| to < self.threads);
        let before = mean(self.recent.iter().skip(onset.unwrap_or(0)));
        self.trial = Some(Trial {
            from: self.threads,
            before,
            best_before,
            rows: self.rows,
            started: false,
            steps: 0,
            total: 0.0,
        });
        self.switch(to, reason)
    }

    fn judge(&mut self, mut trial: Trial, rows: usize, took: f64, now: Duration) -> Option<Advice> {
        let upward = self.threads > trial.from;
        if rows != trial.rows {
            // There is nothing left to compare with, and the smaller number is the safe one.
            return if upward { Some(self.go_back(trial, now)) } else { self.stay(trial, None, now) };
        }
        if upward && is_bad(took, trial.before) {
            return Some(self.go_back(trial, now));
        }
        if std::mem::replace(&mut trial.started, true) {
            trial.steps += 1;
            trial.total += took;
        }
        let wanted = if took > UNPROVEN_MS { LONG_TRIAL_STEPS } else { TRIAL_STEPS };
        if trial.steps < wanted {
            self.trial = Some(trial);
            return None;
        }
        let after = trial.total / trial.steps as f64;
        let ideal = trial.best_before.get(&rows).map(|best| best * f64::from(trial.from) / f64::from(self.threads));
        if !upward && self.threads > 1 && ideal.is_some_and(|ideal| is_bad(after, ideal)) {
            // Still stalling: the gain of fewer threads shows only once each of them has a core.
            let to = self.threads - 1;
            self.trial = Some(Trial { started: false, steps: 0, total: 0.0, ..trial });
            return Some(self.switch(to, "steps are still far past their best"));
        }
        if after < trial.before * GAIN { self.stay(trial, Some(after), now) } else { Some(self.go_back(trial, now)) }
    }

    /// Keeps the tried number.
    fn stay(&mut self, trial: Trial, after: Option<f64>, now: Duration) -> Option<Advice> {
        // The expected times of the other row counts, until they are measured.
        let scale = f64::from(trial.from) / f64::from(self.threads);
        self.best = trial.best_before.into_iter().map(|(rows, best)| (rows, best * scale)).collect();
        if let Some(after) = after {
            // The expected time may be out of reach; the measured one is not.
            let expected = self.best.entry(trial.rows).or_insert(after);
            *expected = expected.min(after);
        }
        self.recent.clear();
        self.proven = self.threads > trial.from;
        self.rest_pause = FIRST_REST;
        self.probe_pause = FIRST_PROBE;
        self.probe_at = now + FIRST_PROBE;
        None
    }

    /// Returns to the number before. Its step time is then the best to be had.
    fn go_back(&mut self, trial: Trial, now: Duration) -> Advice {
        let upward = self.threads > trial.from;
        self.best = trial.best_before;
        if !upward {
            self.proven = true;
            let best = self.best.entry(trial.rows).or_insert(trial.before);
            *best = best.max(trial.before);
        }
        self.rest_until = now + self.rest_pause;
        self.probe_at = self.rest_until;
        self.rest_pause = (self.rest_pause * 2).min(LAST_REST);
        self.switch(trial.from, if upward { "one thread more was slower" } else { "one thread less was slower" })
    }

    fn switch(&mut self, to: u32, reason: &'static str) -> Advice {
        self.threads = to;
        self.recent.clear();
        Advice::SetThreads { to, reason }
    }
}

fn is_bad(step: f64, best: f64) -> bool {
    step > best * BAD_RATIO && step > best + BAD_MS
}

fn mean<'a>(steps: impl Iterator<Item = &'a f64>) -> f64 {
    let (count, total) = steps.fold((0.0, 0.0), |(count, total), step| (count + 1.0, total + step));
    total / f64::max(count, 1.0)
}

#[cfg(test)]
mod tests;
