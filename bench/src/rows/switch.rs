//! Continues a conversation: its second turn, and returning to it after another one.

use super::{Bench, prefilled_again};
use crate::Result;
use crate::ours::Answer;
use crate::stats::{median, median_ratio};
use crate::table::Row;

const ANSWER: u32 = 16;

/// The second turn of a conversation of a thousand tokens, against a bare prefill of its new tokens.
pub fn second_turn(bench: &mut Bench) -> Result<Vec<Row>> {
    let (mut ours, mut bare, mut again, mut new) = (Vec::new(), Vec::new(), 0, 0);
    for round in 0..bench.scale.rounds {
        let scope = format!("conversation-{round}");
        let (long, short) = (bench.scale.long_prompt, bench.scale.short_prompt);
        let text = bench.text(long);
        bench.ours.turn(&scope, &text, ANSWER)?;
        let before = bench.ours.cached_tokens(&scope)?;
        let text = bench.text(short);
        let turn = bench.ours.turn(&scope, &text, ANSWER)?;
        again += prefilled_again(before, bench.ours.cached_tokens(&scope)?, &turn);
        ours.push(turn.outcome.timings.first_token_ms);
        new = turn.outcome.usage.prefilled_tokens as usize;
        bench.ours.dispose(&scope)?;
        bench.bare.clear(0);
        bench.bare.prefill(0, before as usize)?;
        bare.push(bench.bare_first_token(new)?);
    }
    Ok(vec![Row {
        name: "second turn".into(),
        measured: format!("{again} prefilled again"),
        bar: "0 prefilled again".into(),
        against: format!(
            "first of {new} new after {:.0} ms; bare prefill of them {:.0} ms",
            median(&ours),
            median(&bare)
        ),
        passed: again == 0,
    }])
}

/// Turns that alternate between two scopes, against turns that stay in one.
pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let long = bench.scale.long_prompt;
    for scope in ["here", "there"] {
        let text = bench.text(long);
        bench.ours.turn(scope, &text, ANSWER)?;
    }
    let (mut stayed, mut switched, mut again) = (Vec::new(), Vec::new(), 0);
    for round in 0..bench.scale.rounds {
        let (this, other) = if round % 2 == 0 { ("here", "there") } else { ("there", "here") };
        // The first turn sets the scope, the second stays, the third switches.
        next_turn(bench, this)?;
        let stay = next_turn(bench, this)?;
        let switch = next_turn(bench, other)?;
        stayed.push(stay.0.outcome.timings.first_token_ms);
        switched.push(switch.0.outcome.timings.first_token_ms);
        again += stay.1 + switch.1;
    }
    for scope in ["here", "there"] {
        bench.ours.dispose(scope)?;
    }
    let ratio = median_ratio(&switched, &stayed);
    Ok(vec![Row {
        name: "switch between resident scopes".into(),
        measured: format!("{again} prefilled again"),
        bar: "0 prefilled again".into(),
        against: format!("first token {:.0} ms, {ratio:.2} x that of staying", median(&switched)),
        passed: again == 0,
    }])
}

/// A short turn, and its number of recomputed tokens.
fn next_turn(bench: &mut Bench, scope: &str) -> Result<(Answer, u32)> {
    let before = bench.ours.cached_tokens(scope)?;
    let short = bench.scale.short_prompt;
    let text = bench.text(short);
    let turn = bench.ours.turn(scope, &text, 4)?;
    let again = prefilled_again(before, bench.ours.cached_tokens(scope)?, &turn);
    Ok((turn, again))
}

impl Bench {
    /// Milliseconds until a bare loop has prefilled this many more tokens on sequence 0 and sampled the next.
    fn bare_first_token(&mut self, tokens: usize) -> Result<f64> {
        let began = std::time::Instant::now();
        self.bare.prefill(0, tokens)?;
        Ok(super::milliseconds(began.elapsed()))
    }
}
