//! Decodes beside busy processes, against the best fixed thread count.

use std::time::Duration;

use super::Bench;
use crate::Result;
use crate::bare::Limit;
use crate::busy::Neighbours;
use crate::quiet;
use crate::stats::{largest, median};
use crate::table::Row;

const BAR: f64 = 0.85;
const LONGEST_STEP_MS: f64 = 100.0;
/// The thread counts among which the governor has to find the best one.
const FIRST_SECOND: Duration = Duration::from_secs(1);

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    [1, 2, 4].into_iter().map(|busy| beside(bench, busy)).collect()
}

fn beside(bench: &mut Bench, busy: usize) -> Result<Row> {
    let time = bench.scale.contention;
    let counts = bench.info.threads;
    let mut fixed = vec![Vec::new(); counts as usize];
    let (mut ours, mut longest) = (Vec::new(), Vec::new());

    quiet::wait(bench.scale.patience);
    let neighbours = Neighbours::start(busy)?;
    decode(bench, FIRST_SECOND.min(time))?;
    for _ in 0..bench.scale.rounds.min(3) {
        for threads in 1..=counts {
            bench.bare.set_threads(threads);
            bench.bare.clear(0);
            bench.bare.prefill(0, bench.scale.short_prompt)?;
            let limit = Limit { tokens: bench.longest_answer(), time };
            fixed[threads as usize - 1].push(bench.bare.decode(1, limit)?);
        }
        let (speed, pause) = decode(bench, time)?;
        ours.push(speed);
        longest.push(pause);
    }
    drop(neighbours);
    bench.bare.set_threads(counts);

    let fixed: Vec<f64> = fixed.iter().map(|speeds| median(speeds)).collect();
    let (speed, pause) = (median(&ours), largest(&longest));
    let ratio = speed / largest(&fixed);
    let names: Vec<String> =
        fixed.iter().enumerate().map(|(index, speed)| format!("{} thr. {speed:.0}", index + 1)).collect();
    let row = Row::ratio(format!("decode beside {busy} busy"), ratio, BAR, "");
    Ok(Row {
        measured: format!("{} ({speed:.0} tok/s), step {pause:.0} ms", row.measured),
        bar: format!("{}, step <= {LONGEST_STEP_MS:.0} ms", row.bar),
        against: format!("bare, tok/s: {}", names.join(", ")),
        passed: row.passed && pause <= LONGEST_STEP_MS,
        ..row
    })
}

/// Tokens per second of one scope that decodes for this long, and the longest pause between two texts.
fn decode(bench: &mut Bench, time: Duration) -> Result<(f64, f64)> {
    let answers = bench.answers(1, bench.scale.short_prompt, bench.longest_answer(), time)?;
    let speeds: Vec<f64> = answers.answers.iter().map(|answer| answer.decode_speed()).collect();
    let pauses: Vec<f64> = answers.answers.iter().map(|answer| answer.longest_pause_ms()).collect();
    Ok((median(&speeds), largest(&pauses)))
}

impl Bench {
    /// As many tokens as the context holds beside a short prompt.
    fn longest_answer(&self) -> u32 {
        self.scale.context_size - 2 * self.scale.short_prompt as u32 - 32
    }
}
