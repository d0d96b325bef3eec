//! Cancels the prefill of a prompt that nearly fills the context: time from the command to the event that it has ended.

use std::time::{Duration, Instant};

use llama_rs_core::protocol::FinishReason;

use super::{Bench, milliseconds};
use crate::Result;
use crate::stats::{largest, median};
use crate::table::Row;

const BAR_MS: f64 = 50.0;

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..bench.scale.cancels {
        // Hits another place within a chunk each time.
        let after = Duration::from_millis(20 + 37 * u64::from(round));
        let times = bench.undisturbed(|bench| Ok((cancel(bench, after)?, abort(bench, after)?)))?;
        if let (Some(cancelled), Some(aborted)) = times {
            ours.push(cancelled);
            bare.push(aborted);
        }
    }
    let worst = largest(&ours);
    Ok(vec![Row {
        name: "cancel in a 4k prefill".into(),
        measured: format!("{:.0} ms, worst {worst:.0} ms", median(&ours)),
        bar: format!("worst <= {BAR_MS:.0} ms"),
        against: format!("bare abort callback {:.0} ms, worst {:.0} ms", median(&bare), largest(&bare)),
        passed: !ours.is_empty() && worst <= BAR_MS,
    }])
}

/// Milliseconds from the command to the end, as the client sees it; `None` if the prefill was over by then.
fn cancel(bench: &mut Bench, after: Duration) -> Result<Option<f64>> {
    let characters = bench.scale.longest_prompt;
    let text = bench.text(characters);
    let generation = bench.ours.begin("cancelled", &text, 1);
    if bench.ours.until_prefilling(&generation)? {
        std::thread::sleep(after);
    }
    let cancelled = Instant::now();
    bench.ours.cancel(&generation);
    let answers = bench.ours.finish(&[generation], Duration::MAX)?;
    bench.ours.dispose("cancelled")?;
    let answer = answers.first().filter(|answer| answer.outcome.reason == FinishReason::Cancelled);
    Ok(answer.map(|answer| milliseconds(answer.finished_at - cancelled)))
}

/// The same with llama.cpp's own abort callback.
fn abort(bench: &mut Bench, after: Duration) -> Result<Option<f64>> {
    Ok(bench.bare.abort_prefill(bench.scale.longest_prompt, after)?.map(milliseconds))
}
