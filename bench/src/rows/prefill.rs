//! Prefills a prompt of a thousand tokens: time from the command to the first token's event.

use std::time::Duration;

use super::Bench;
use crate::Result;
use crate::stats::{median, median_ratio};
use crate::table::Row;

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..bench.scale.rounds {
        let speeds = bench.undisturbed(|bench| {
            let answers = bench.answers(1, bench.scale.long_prompt, 1, Duration::MAX)?;
            let tokens = answers.prompt_tokens();
            let bare = bench.bare.answer(1, tokens, 1)?;
            Ok((tokens as f64 / answers.took.as_secs_f64(), tokens as f64 / bare.as_secs_f64()))
        })?;
        ours.push(speeds.0);
        bare.push(speeds.1);
    }
    let against = format!("bare {:.0} tok/s, ours {:.0}", median(&bare), median(&ours));
    Ok(vec![Row::ratio("prefill of 1k tokens", median_ratio(&ours, &bare), 0.97, against)])
}
