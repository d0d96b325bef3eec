//! Decodes beside eight idle scopes of a thousand tokens, against decoding alone.

use std::time::Duration;

use super::Bench;
use crate::Result;
use crate::bare::Limit;
use crate::stats::median;
use crate::table::Row;

const IDLE: usize = 8;

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let (mut ours, mut bare) = (Ratios::default(), Ratios::default());
    let blocks = if bench.scale.rounds > 1 { 3 } else { 1 };
    for _ in 0..blocks {
        let alone = bench.undisturbed(speeds)?;
        fill(bench)?;
        let beside = bench.undisturbed(speeds)?;
        empty(bench)?;
        ours.push(beside.0, alone.0);
        bare.push(beside.1, alone.1);
    }
    let against = format!("alone {:.0} tok/s, beside {:.0}; bare {:.3} x", ours.alone(), ours.beside(), bare.ratio());
    Ok(vec![Row::ratio("beside 8 idle scopes of 1k", ours.ratio(), 0.95, against)])
}

#[derive(Default)]
struct Ratios {
    beside: Vec<f64>,
    alone: Vec<f64>,
}

impl Ratios {
    fn push(&mut self, beside: f64, alone: f64) {
        self.beside.push(beside);
        self.alone.push(alone);
    }

    fn beside(&self) -> f64 {
        median(&self.beside)
    }

    fn alone(&self) -> f64 {
        median(&self.alone)
    }

    fn ratio(&self) -> f64 {
        crate::stats::median_ratio(&self.beside, &self.alone)
    }
}

/// Tokens per second of one active scope: ours and bare.
fn speeds(bench: &mut Bench) -> Result<(f64, f64)> {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..bench.scale.rounds.min(3) {
        let answers = bench.answers(1, bench.scale.short_prompt, bench.scale.answer, Duration::MAX)?;
        ours.extend(answers.answers.iter().map(|answer| answer.decode_speed()));
        bench.bare.clear(0);
        bench.bare.prefill(0, answers.prompt_tokens())?;
        bare.push(bench.bare.decode(1, Limit { tokens: answers.output_tokens(), time: Duration::MAX })?);
    }
    Ok((median(&ours), median(&bare)))
}

fn fill(bench: &mut Bench) -> Result<()> {
    for scope in 1..=IDLE {
        let characters = bench.scale.long_prompt;
        let text = bench.text(characters);
        let answer = bench.ours.turn(&format!("idle-{scope}"), &text, 1)?;
        bench.bare.clear(scope);
        bench.bare.prefill(scope, answer.outcome.usage.prompt_tokens as usize)?;
    }
    Ok(())
}

fn empty(bench: &mut Bench) -> Result<()> {
    for scope in 1..=IDLE {
        bench.ours.dispose(&format!("idle-{scope}"))?;
        bench.bare.clear(scope);
    }
    Ok(())
}
