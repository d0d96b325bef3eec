//! Time to the first token of a conversation whose system prompt another one has already, against one with a new system
//! prompt.

use llama_rs_core::protocol::{Message, Role};

use super::Bench;
use crate::Result;
use crate::stats::{median, median_ratio};
use crate::table::Row;

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let (mut shared, mut own, mut prefilled) = (Vec::new(), Vec::new(), 0);
    let system = bench.text(bench.scale.system_prompt);
    first_token(bench, "first", &system)?;
    for _ in 0..bench.scale.rounds {
        let (with, without) = bench.undisturbed(|bench| {
            let with = first_token(bench, "second", &system)?;
            bench.ours.dispose("second")?;
            let other = bench.text(bench.scale.system_prompt);
            let without = first_token(bench, "third", &other)?;
            bench.ours.dispose("third")?;
            Ok((with, without))
        })?;
        shared.push(with.0);
        prefilled = with.1;
        own.push(without.0);
    }
    bench.ours.dispose("first")?;
    let against =
        format!("first token {:.0} ms, {prefilled} prefilled; not shared {:.0} ms", median(&shared), median(&own));
    Ok(vec![Row::noted("shared system prompt of 500", format!("{:.3} x", median_ratio(&shared, &own)), against)])
}

/// Milliseconds to the first token of a new scope, and its number of prefilled tokens.
fn first_token(bench: &mut Bench, scope: &str, system: &str) -> Result<(f64, u32)> {
    let message = |role, content: &str| Message::new(role, content);
    let user = bench.text(bench.scale.short_prompt);
    let messages = vec![message(Role::System, system), message(Role::User, &user)];
    let generation = bench.ours.begin_with(scope, messages, 4);
    let answer = bench.ours.finish_one(generation)?;
    Ok((answer.outcome.timings.first_token_ms, answer.outcome.usage.prefilled_tokens))
}
