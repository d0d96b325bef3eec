//! A component unmounts and mounts again within the keep-alive, against a component that owns its context.

use std::time::Instant;

use super::{Bench, milliseconds, prefilled_again};
use crate::Result;
use crate::bare::Bare;
use crate::ours::loaded;
use crate::stats::median;
use crate::table::Row;

const SCOPE: &str = "remounted";

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let (characters, answer) = (bench.scale.long_prompt, bench.scale.short_prompt as u32);
    let text = bench.text(characters);
    let first = bench.ours.turn(SCOPE, &text, answer)?;
    let held = bench.ours.cached_tokens(SCOPE)? as usize;
    let loads = loads(bench);
    let (mut took, mut ready, mut again) = (Vec::new(), true, 0);
    for _ in 0..bench.scale.rounds {
        bench.ours.release_own()?;
        bench.ours.reconnect();
        let mounted = Instant::now();
        ready &= loaded(&bench.ours.snapshot()).is_some();
        bench.ours.acquire_own()?;
        took.push(milliseconds(mounted.elapsed()));
        let before = bench.ours.cached_tokens(SCOPE)?;
        let text = bench.text(8);
        let turn = bench.ours.turn(SCOPE, &text, 8)?;
        again += prefilled_again(before, bench.ours.cached_tokens(SCOPE)?, &turn);
    }
    let loads = self::loads(bench) - loads;
    bench.ours.dispose(SCOPE)?;
    let old = old_pattern(bench, held)?;
    let state = if ready { "ready" } else { "not ready" };
    Ok(vec![Row {
        name: "remount within keep-alive".into(),
        measured: format!("{loads} loads, {again} again, {state}"),
        bar: "0 loads, 0 again, ready".into(),
        against: format!(
            "{:.1} ms; load and prefill of {} tokens, bare: {old:.0} ms",
            median(&took),
            first.outcome.usage.prompt_tokens
        ),
        passed: loads == 0 && again == 0 && ready,
    }])
}

fn loads(bench: &Bench) -> u32 {
    bench.ours.snapshot().models.iter().map(|model| model.loads).sum()
}

/// The cost of each mount of a component that owns its context: weights, one context, and the conversation again.
fn old_pattern(bench: &Bench, tokens: usize) -> Result<f64> {
    let mut info = bench.info.clone();
    info.max_resident = 1;
    let began = Instant::now();
    Bare::open(&bench.path, &info)?.prefill(0, tokens)?;
    Ok(milliseconds(began.elapsed()))
}
