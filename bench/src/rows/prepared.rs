//! Time to the first token of a message that was prefilled while it was spoken, except for its last word, against a
//! message that came at once.

use super::Bench;
use crate::Result;
use crate::stats::{median, median_ratio};
use crate::table::Row;

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let (mut prepared, mut whole, mut computed) = (Vec::new(), Vec::new(), (0, 0));
    for _ in 0..bench.scale.rounds {
        let (with, without) = bench.undisturbed(|bench| Ok((first_token(bench, true)?, first_token(bench, false)?)))?;
        prepared.push(with.0);
        whole.push(without.0);
        computed = (with.1, without.1);
    }
    let against = format!(
        "first token {:.0} ms, {} prefilled; not prepared {:.0} ms, {}",
        median(&prepared),
        computed.0,
        median(&whole),
        computed.1
    );
    let ratio = format!("{:.3} x", median_ratio(&prepared, &whole));
    Ok(vec![Row::noted(format!("spoken message of {}", bench.scale.spoken), ratio, against)])
}

/// Milliseconds to the first token of a conversation's second turn, and its number of prefilled tokens.
fn first_token(bench: &mut Bench, prepares: bool) -> Result<(f64, u32)> {
    let (scope, opening, spoken) = ("spoken", bench.text(bench.scale.short_prompt), bench.text(bench.scale.spoken));
    bench.ours.turn(scope, &opening, 4)?;
    if prepares {
        bench.ours.prefill(scope, &spoken)?;
    }
    let answer = bench.ours.turn(scope, &spoken, 4)?;
    bench.ours.dispose(scope)?;
    Ok((answer.outcome.timings.first_token_ms, answer.outcome.usage.prefilled_tokens))
}
