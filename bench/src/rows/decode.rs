//! Concurrent answers of one, four and eight scopes, from the command to the last event, prompt and answer together.
//! Batches across the port are counted with eight.

use std::time::{Duration, Instant};

use super::{Bench, milliseconds};
use crate::Result;
use crate::stats::{largest, median, median_ratio};
use crate::table::Row;

pub fn one(bench: &mut Bench) -> Result<Vec<Row>> {
    at_once(bench, 1, 0.97)
}

pub fn four(bench: &mut Bench) -> Result<Vec<Row>> {
    at_once(bench, 4, 0.95)
}

pub fn eight(bench: &mut Bench) -> Result<Vec<Row>> {
    at_once(bench, 8, 0.95)
}

fn at_once(bench: &mut Bench, scopes: usize, bar: f64) -> Result<Vec<Row>> {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..bench.scale.rounds {
        let (speed, bare_speed) = bench.undisturbed(|bench| pair(bench, scopes))?;
        ours.push(speed);
        bare.push(bare_speed);
    }
    let against = format!("bare {:.0} tok/s, ours {:.0}", median(&bare), median(&ours));
    Ok(vec![Row::ratio(format!("decode x{scopes}"), median_ratio(&ours, &bare), bar, against)])
}

/// Tokens per second of all scopes together: ours, then bare with prompts and answers of the same lengths.
fn pair(bench: &mut Bench, scopes: usize) -> Result<(f64, f64)> {
    let answers = bench.answers(scopes, bench.scale.short_prompt, bench.scale.answer, Duration::MAX)?;
    let tokens = answers.output_tokens();
    let bare = bench.bare.answer(scopes, answers.prompt_tokens(), tokens)?;
    let speed = f64::from(answers.all_output_tokens()) / answers.took.as_secs_f64();
    Ok((speed, f64::from(tokens) * scopes as f64 / bare.as_secs_f64()))
}

/// Four scopes at once against one after another, both ours.
pub fn four_against_one(bench: &mut Bench) -> Result<Vec<Row>> {
    let (mut four, mut one) = (Vec::new(), Vec::new());
    for _ in 0..bench.scale.rounds {
        let speeds = bench.undisturbed(|bench| Ok((speed(bench, 4)?, speed(bench, 1)?)))?;
        four.push(speeds.0);
        one.push(speeds.1);
    }
    let against = format!("one after another {:.0} tok/s, at once {:.0}", median(&one), median(&four));
    Ok(vec![Row::ratio("four scopes at once", median_ratio(&four, &one), 1.0, against)])
}

fn speed(bench: &mut Bench, scopes: usize) -> Result<f64> {
    let answers = bench.answers(scopes, bench.scale.short_prompt, bench.scale.answer, Duration::MAX)?;
    Ok(f64::from(answers.all_output_tokens()) / answers.took.as_secs_f64())
}

/// Number of batches while eight scopes stream.
pub fn batches(bench: &mut Bench) -> Result<Vec<Row>> {
    let (mut per_frame, mut per_batch) = (Vec::new(), Vec::new());
    for _ in 0..bench.scale.rounds {
        let (before, began) = (bench.ours.batches(), Instant::now());
        let answers = bench.answers(8, bench.scale.short_prompt, bench.scale.answer, Duration::MAX)?;
        // The first batch of a series comes at once.
        let batches = f64::from((bench.ours.batches() - before).saturating_sub(1));
        per_frame.push(batches * 16.0 / milliseconds(began.elapsed()));
        per_batch.push(f64::from(answers.all_output_tokens()) / batches);
    }
    Ok(vec![Row {
        name: "batches to JavaScript".into(),
        measured: format!("{:.2} per 16 ms", largest(&per_frame)),
        bar: "<= 1 per 16 ms".into(),
        against: format!("eight streams, {:.1} tokens a batch", median(&per_batch)),
        passed: largest(&per_frame) <= 1.0,
    }])
}
