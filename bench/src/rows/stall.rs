//! The longest gap between two tokens of a running stream while eight other scopes are saved.

use std::time::{Duration, Instant};

use super::{Bench, milliseconds};
use crate::Result;
use crate::stats::{largest, median};
use crate::table::Row;

const STREAM: &str = "stream";
const OTHERS: usize = 8;
/// Interval for polling the text. Events would be too coarse: they come once per frame.
const LOOK: Duration = Duration::from_micros(500);
/// The longest allowed gap.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    bench.ours.keep_on_disk()?;
    let others: Vec<String> = (0..OTHERS).map(|scope| format!("other-{scope}")).collect();
    for other in &others {
        let text = bench.text(bench.scale.long_prompt);
        bench.ours.turn(other, &text, 1)?;
    }
    bench.bare.clear(0);
    let tokens = bench.ours.summary(&others[0])?.cached_tokens;
    bench.bare.prefill(0, tokens as usize)?;
    let (mut steps, mut alone, mut beside, mut copies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.scale.rounds {
        let (quiet, saving, copy) = bench.undisturbed(|bench| run(bench, &others))?;
        steps.push(median(&quiet));
        alone.push(largest(&quiet));
        beside.push(largest(&saving));
        copies.push(copy);
    }
    for other in &others {
        bench.ours.dispose(other)?;
    }
    bench.bare.clear(0);
    let (step, copy, gap) = (median(&steps), median(&copies), median(&beside));
    let times = gap / (step + copy);
    let against =
        format!("without {:.1} ms; step {step:.1}, bare get {copy:.1} ms: {times:.2} x their sum", median(&alone));
    Ok(vec![Row::noted("longest gap while 8 are saved", format!("{gap:.1} ms"), against)])
}

/// Milliseconds between the tokens of a stream alone, of one beside eight saves, and of a bare copy of one scope.
fn run(bench: &mut Bench, others: &[String]) -> Result<(Vec<f64>, Vec<f64>, f64)> {
    for other in others {
        bench.ours.may_be_saved_anew(other)?;
    }
    let alone = watch(bench, &[])?;
    let beside = watch(bench, others)?;
    for other in others {
        bench.ours.until_saved(other)?;
    }
    let copy = bench.bare.get_state(0, &mut Vec::new())?;
    Ok((alone, beside, milliseconds(copy)))
}

/// The gaps between an answer's tokens. All scopes are saved at once as soon as the answer runs.
fn watch(bench: &mut Bench, save: &[String]) -> Result<Vec<f64>> {
    let text = bench.text(bench.scale.short_prompt);
    let answer = 2 * bench.scale.answer;
    let generation = bench.ours.begin(STREAM, &text, answer);
    let (mut length, mut gaps, mut last) = (0, Vec::new(), None);
    let mut begun = false;
    while let Some(now_long) = bench.ours.text_so_far(&generation) {
        let now = Instant::now();
        if now_long > length {
            length = now_long;
            gaps.extend(last.map(|last| milliseconds(now - last)));
            last = Some(now);
        }
        if !begun && length > 0 {
            begun = true;
            bench.ours.begin_saving(save);
        }
        if last.is_some_and(|last| now - last > PATIENCE) {
            return Err("the stream stopped".into());
        }
        std::thread::sleep(LOOK);
    }
    bench.ours.finish_one(generation)?;
    bench.ours.settle();
    bench.ours.dispose(STREAM)?;
    Ok(gaps)
}
