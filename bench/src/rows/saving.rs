//! Saves a scope of a thousand tokens to disk and reads it back, against llama.cpp's state calls and against prefilling
//! the tokens again.

use super::{Bench, milliseconds};
use crate::Result;
use crate::stats::{median, median_ratio};
use crate::table::Row;

const SCOPE: &str = "saved";

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    bench.ours.keep_on_disk()?;
    let mut runs = Vec::new();
    for _ in 0..bench.scale.rounds {
        runs.push(bench.undisturbed(run)?);
    }
    let of = |value: fn(&Run) -> f64| runs.iter().map(value).collect::<Vec<f64>>();
    let (save, read, get, set) = (of(|run| run.save), of(|run| run.read), of(|run| run.get), of(|run| run.set));
    let prefill = of(|run| run.prefill);
    let against = |bare: &[f64], ours: &[f64], call: &str| {
        let faster = median_ratio(&prefill, ours);
        format!("bare {call} {:.1} ms, prefill {:.0} ms: {faster:.1} x as long", median(bare), median(&prefill))
    };
    let measured =
        |ours: &[f64], bare: &[f64]| format!("{:.1} ms, {:.1} x bare", median(ours), median_ratio(ours, bare));
    Ok(vec![
        Row::noted("save of 1k tokens to disk", measured(&save, &get), against(&get, &save, "get")),
        Row::noted("restore of 1k tokens from disk", measured(&read, &set), against(&set, &read, "set")),
    ])
}

/// Milliseconds.
struct Run {
    save: f64,
    read: f64,
    get: f64,
    set: f64,
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

    bench.ours.may_be_saved(SCOPE)?;
    let save = milliseconds(bench.ours.save(SCOPE)?);
    let get = milliseconds(bench.bare.get_state(0, &mut memory)?);
    bench.ours.leave_on_disk(SCOPE)?;
    let read = milliseconds(bench.ours.restore(SCOPE)?);
    let set = milliseconds(bench.bare.set_state(0, &memory)?);
    bench.ours.dispose(SCOPE)?;
    bench.bare.clear(0);
    Ok(Run { save, read, get, set, prefill: answer.outcome.timings.prefill_ms })
}
