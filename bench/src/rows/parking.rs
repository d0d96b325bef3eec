//! Parks and restores a scope of a thousand tokens, against llama.cpp's state calls alone and against prefilling the
//! tokens again.

use super::{Bench, milliseconds};
use crate::Result;
use crate::stats::{median, median_ratio};
use crate::table::Row;

const SCOPE: &str = "parked";

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let mut runs = Vec::new();
    for _ in 0..bench.scale.rounds {
        runs.push(bench.undisturbed(run)?);
    }
    let of = |value: fn(&Run) -> f64| runs.iter().map(value).collect::<Vec<f64>>();
    let (ours, bare) = (of(|run| run.park + run.restore), of(|run| run.get + run.set));
    let moves = format!(
        "park {:.1} ms, restore {:.1}; bare get {:.1} ({:.1} into new memory), set {:.1}",
        median(&of(|run| run.park)),
        median(&of(|run| run.restore)),
        median(&of(|run| run.get)),
        median(&of(|run| run.get_new)),
        median(&of(|run| run.set)),
    );
    let prefill = of(|run| run.prefill);
    let again = format!("prefill {:.0} ms, park and restore {:.1} ms", median(&prefill), median(&ours));
    Ok(vec![
        Row::at_most("park + restore of 1k tokens", median_ratio(&ours, &bare), 1.2, moves),
        Row::ratio("the same, against prefilling", median_ratio(&prefill, &ours), 50.0, again),
    ])
}

/// Milliseconds, medians of several moves of one scope.
struct Run {
    park: f64,
    restore: f64,
    get: f64,
    /// The state calls with newly allocated memory, which parking needs too.
    get_new: f64,
    set: f64,
    /// One prefill of the whole scope.
    prefill: f64,
}

fn run(bench: &mut Bench) -> Result<Run> {
    let text = bench.text(bench.scale.long_prompt);
    let answer = bench.ours.turn(SCOPE, &text, 1)?;
    let tokens = bench.ours.summary(SCOPE)?.cached_tokens as usize;
    bench.bare.clear(0);
    bench.bare.prefill(0, tokens)?;
    let mut memory = Vec::new();
    bench.bare.get_state(0, &mut memory)?;
    let (mut park, mut restore) = (Vec::new(), Vec::new());
    let (mut get, mut get_new, mut set) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.scale.moves {
        park.push(milliseconds(bench.ours.park(SCOPE)?));
        restore.push(milliseconds(bench.ours.restore(SCOPE)?));
        bench.ours.settle();
        get.push(milliseconds(bench.bare.get_state(0, &mut memory)?));
        bench.ours.settle();
        set.push(milliseconds(bench.bare.set_state(0, &memory)?));
        bench.ours.settle();
        get_new.push(milliseconds(bench.bare.get_state(0, &mut Vec::new())?));
    }
    bench.ours.dispose(SCOPE)?;
    bench.bare.clear(0);
    Ok(Run {
        park: median(&park),
        restore: median(&restore),
        get: median(&get),
        get_new: median(&get_new),
        set: median(&set),
        prefill: answer.outcome.timings.prefill_ms,
    })
}
