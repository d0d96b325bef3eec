//! The governor on a simulated two-core machine, with the step times that were measured on a real one.

use super::*;

/// Numbers from 0 to 1 that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }
}

/// Milliseconds of a decode step beside `busy` processes in a session of their own.
fn two_cores(threads: u32, busy: u32, dice: &mut Dice) -> f64 {
    let mut either = |often: f64, usual: f64, rare: f64| if dice.roll() < often { usual } else { rare };
    let step = match (threads, busy) {
        (1, 0 | 1) => 6.1,
        (1, 2) => either(0.8, 6.1, 18.0),
        (1, _) => either(0.6, 6.1, 31.0),
        (_, 0) => 4.25,
        (_, 1) => either(0.5, 70.0, 150.0),
        (_, 2) => either(0.7, 5.0, 30.0),
        (_, _) => either(0.5, 6.0, 42.0),
    };
    step * (0.97 + 0.06 * dice.roll())
}

struct Machine {
    governor: Governor,
    dice: Dice,
    now_ms: f64,
    changes: Vec<(f64, u32)>,
}

/// The steps of a stretch of time.
struct Stretch {
    steps_per_second: f64,
    longest_ms: f64,
}

impl Machine {
    fn new(threads: u32) -> Self {
        Self { governor: Governor::new(threads), dice: Dice(7), now_ms: 0.0, changes: vec![] }
    }

    fn step(&mut self, rows: usize, took: f64, core_free: bool) {
        self.now_ms += took;
        let milliseconds = |ms: f64| Duration::from_secs_f64(ms / 1000.0);
        let mut advice = self.governor.decoded(rows, milliseconds(took), milliseconds(self.now_ms));
        if advice == Some(Advice::ProbeCore) {
            advice = self.governor.core_seen(core_free);
        }
        if let Some(Advice::SetThreads { to, .. }) = advice {
            self.changes.push((self.now_ms, to));
        }
    }

    /// Decodes beside `busy` processes for some seconds.
    fn run(&mut self, busy: u32, seconds: f64) -> Stretch {
        let begin = self.now_ms;
        let (mut steps, mut longest_ms) = (0.0, 0.0_f64);
        while self.now_ms < begin + seconds * 1000.0 {
            let took = two_cores(self.governor.threads(), busy, &mut self.dice);
            self.step(1, took, busy == 0);
            steps += 1.0;
            longest_ms = longest_ms.max(took);
        }
        Stretch { steps_per_second: steps * 1000.0 / (self.now_ms - begin), longest_ms }
    }
}

/// Steps per second with a thread count that never changes.
fn fixed(threads: u32, busy: u32) -> f64 {
    let mut dice = Dice(11);
    let total: f64 = (0..5000).map(|_| two_cores(threads, busy, &mut dice)).sum();
    5000.0 * 1000.0 / total
}

#[test]
fn alone_all_threads_stay() {
    let mut machine = Machine::new(2);
    let alone = machine.run(0, 20.0);
    assert!(machine.changes.is_empty());
    assert!(alone.steps_per_second >= 0.97 * fixed(2, 0));
}

#[test]
fn a_stutter_now_and_then_costs_little() {
    let mut machine = Machine::new(2);
    let mut steps = 0.0;
    for _ in 0..20 {
        machine.step(1, 60.0, true);
        steps += machine.run(0, 1.0).steps_per_second;
    }
    assert!(steps / 20.0 >= 0.9 * fixed(2, 0), "{}", steps / 20.0);
    assert_eq!(machine.governor.threads(), 2);
}

#[test]
fn beside_busy_processes_the_best_number_is_reached_within_a_second() {
    for busy in [1, 2, 4] {
        for warm in [true, false] {
            let mut machine = Machine::new(2);
            if warm {
                machine.run(0, 1.0);
            }
            machine.run(busy, 1.0);
            let stretch = machine.run(busy, 10.0);
            let best = fixed(1, busy).max(fixed(2, busy));
            let share = stretch.steps_per_second / best;
            assert!(share >= 0.85, "{busy} busy, warm {warm}: {share:.2} of the best fixed number");
            assert!(stretch.longest_ms <= 100.0, "{busy} busy, warm {warm}: a step of {} ms", stretch.longest_ms);
        }
    }
}

#[test]
fn threads_come_back_within_a_few_seconds_after_the_load_has_gone() {
    for busy in [1, 2, 4] {
        let mut machine = Machine::new(2);
        machine.run(0, 1.0);
        machine.run(busy, 20.0);
        machine.run(0, 2.5);
        assert_eq!(machine.governor.threads(), 2, "{busy} busy before");
        assert!(machine.run(0, 10.0).steps_per_second >= 0.97 * fixed(2, 0), "{busy} busy before");
    }
}

#[test]
fn steps_that_start_slow_and_even_are_compared_with_one_thread_once() {
    let mut machine = Machine::new(2);
    for _ in 0..100 {
        // A large model: one thread is slower.
        let took = if machine.governor.threads() == 2 { 300.0 } else { 560.0 };
        machine.step(1, took, true);
    }
    assert_eq!(machine.changes.len(), 2, "down once, and back: {:?}", machine.changes);

    let mut machine = Machine::new(2);
    for _ in 0..20 {
        // A small one beside a busy process from its first step on.
        let took = if machine.governor.threads() == 2 { 110.0 } else { 6.1 };
        machine.step(1, took, false);
    }
    assert_eq!((machine.governor.threads(), machine.changes.len()), (1, 1));
    assert!(machine.changes[0].0 <= 1000.0);
}

#[test]
fn a_growing_context_is_no_contention() {
    let mut machine = Machine::new(2);
    for step in 0..4000 {
        let took = 4.25 * (1.0 + f64::from(step) / 1000.0);
        machine.step(1, took, true);
    }
    assert!(machine.changes.is_empty(), "{:?}", machine.changes);
}

#[test]
fn more_rows_are_no_contention() {
    let mut machine = Machine::new(2);
    for step in 0..2000 {
        let rows = [1, 8, 2, 16, 4][step / 7 % 5];
        machine.step(rows, 4.0 + 2.0 * rows as f64, true);
    }
    assert!(machine.changes.is_empty(), "{:?}", machine.changes);
}

#[test]
fn steps_that_grew_for_all_thread_counts_keep_all_threads() {
    // A long conversation after a short one, or heat.
    let mut machine = Machine::new(2);
    machine.run(0, 1.0);
    for _ in 0..2000 {
        let took = if machine.governor.threads() == 2 { 20.0 } else { 30.0 };
        machine.step(1, took, true);
    }
    assert_eq!(machine.changes.iter().map(|(_, to)| *to).collect::<Vec<u32>>(), [1, 2]);
}

#[test]
fn one_thread_more_is_taken_back_at_its_first_bad_step_and_tried_ever_less_often() {
    let mut machine = Machine::new(2);
    machine.run(0, 1.0);
    machine.run(1, 1.0);
    assert_eq!(machine.governor.threads(), 1);
    machine.changes.clear();
    let mut bad = 0;
    // Every probe is fooled.
    while machine.now_ms < 62_000.0 {
        let took = two_cores(machine.governor.threads(), 1, &mut machine.dice);
        bad += u32::from(machine.governor.threads() == 2);
        machine.step(1, took, true);
    }
    assert_eq!(bad as usize * 2, machine.changes.len(), "each trial had one step");
    assert!((4..=8).contains(&bad), "{bad} trials in a minute");
}

#[test]
fn a_trial_that_loses_its_comparison_ends_with_the_smaller_number() {
    for (step, wanted) in [(40.0, 1), (4.0, 2)] {
        let mut machine = Machine::new(2);
        machine.run(0, 0.5);
        machine.step(1, step, false);
        machine.step(2, step, false);
        machine.step(2, 5.0, false);
        assert_eq!(machine.governor.threads(), wanted);
    }
}

#[test]
fn four_threads_go_down_to_what_the_load_leaves() {
    let step = |threads: u32, free: u32| 16.0 / f64::from(threads) * if threads > free { 20.0 } else { 1.0 };
    for free in 1..=4 {
        let mut machine = Machine::new(4);
        for _ in 0..100 {
            let took = step(machine.governor.threads(), 4);
            machine.step(1, took, false);
        }
        let begin = machine.now_ms;
        while machine.governor.threads() > free && machine.now_ms < begin + 60_000.0 {
            let took = step(machine.governor.threads(), free);
            machine.step(1, took, false);
        }
        assert!(machine.now_ms - begin < 1500.0, "{free} free: {} ms", machine.now_ms - begin);
        for _ in 0..200 {
            let took = step(machine.governor.threads(), free);
            machine.step(1, took, machine.governor.threads() < free);
        }
        assert_eq!(machine.governor.threads(), free);
        for _ in 0..2000 {
            let took = step(machine.governor.threads(), 4);
            machine.step(1, took, true);
        }
        assert_eq!(machine.governor.threads(), 4, "{free} were free before");
    }
}

#[test]
fn one_thread_is_left_alone() {
    let mut machine = Machine::new(1);
    for step in 0..100 {
        machine.step(1, f64::from(step % 10) * 50.0, true);
    }
    assert!(machine.changes.is_empty());
}

#[test]
fn heat_takes_threads_away() {
    let table = [
        (Heat::Nominal, [1, 2, 3, 8]),
        (Heat::Fair, [1, 2, 3, 8]),
        (Heat::Serious, [1, 1, 2, 4]),
        (Heat::Critical, [1, 1, 1, 1]),
    ];
    for (heat, wanted) in table {
        let threads = [1, 2, 3, 8].map(|most| {
            let mut governor = Governor::new(most);
            governor.heat(heat);
            governor.threads()
        });
        assert_eq!(threads, wanted, "{heat:?}");
    }
}

#[test]
fn a_free_core_is_left_alone_while_the_device_is_hot_and_used_when_it_is_not() {
    let mut machine = Machine::new(2);
    machine.run(0, 1.0);
    machine.governor.heat(Heat::Critical);
    machine.run(0, 60.0);
    assert_eq!(machine.governor.threads(), 1);
    machine.governor.heat(Heat::Nominal);
    machine.run(0, 2.5);
    assert_eq!(machine.governor.threads(), 2);
}

#[test]
fn heat_ends_a_trial_that_would_go_back_to_more_threads() {
    let mut machine = Machine::new(4);
    for took in [4.0, 4.0, 4.0, 4.0, 4.0, 200.0] {
        machine.step(1, took, false);
    }
    assert_eq!(machine.governor.threads(), 3, "on trial");
    machine.governor.heat(Heat::Serious);
    for _ in 0..100 {
        // Fewer are slower: without heat it would go back to four.
        machine.step(1, 400.0, false);
    }
    assert!(machine.governor.threads() <= 2, "{:?}", machine.changes);
}
