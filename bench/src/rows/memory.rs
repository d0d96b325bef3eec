//! Memory growth after a thousand lives of a component, and of a scope.

use std::time::Duration;

use llama_rs_core::protocol::Mount;

use super::Bench;
use crate::Result;
use crate::dirty::private_dirty_bytes;
use crate::table::Row;

const BAR_BYTES: f64 = 1e6;
const LEASE: &str = "component";
const SCOPE: &str = "component";

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    growth(bench, "lives", mounted)
}

/// The same for scopes that are parked, restored, saved, forked and deleted.
pub fn moved(bench: &mut Bench) -> Result<Vec<Row>> {
    bench.ours.keep_on_disk()?;
    growth(bench, "moved scopes", |bench, _| {
        let text = bench.text(8);
        bench.ours.turn(SCOPE, &text, 8)?;
        bench.ours.whole_life(SCOPE, "fork")
    })
}

fn growth(bench: &mut Bench, what: &str, cycle: fn(&mut Bench, u32) -> Result<()>) -> Result<Vec<Row>> {
    let cycles = bench.scale.cycles;
    // One-time allocations on first use are not growth.
    (0..cycles / 5).try_for_each(|number| cycle(bench, number))?;
    let Some(before) = private_dirty_bytes() else {
        println!("memory growth: this system does not tell a process what memory is its own");
        return Ok(Vec::new());
    };
    (0..cycles).try_for_each(|number| cycle(bench, number))?;
    let after = private_dirty_bytes().unwrap_or(before);
    let growth = after as f64 - before as f64;
    Ok(vec![Row {
        name: format!("growth over {cycles} {what}"),
        measured: format!("{:.2} MB", growth / 1e6),
        bar: format!("<= {:.0} MB", BAR_BYTES / 1e6),
        against: format!("{:.0} MB private and dirty before", before as f64 / 1e6),
        passed: growth <= BAR_BYTES,
    }])
}

/// Mounts, generates, cancels every other answer, unmounts.
fn mounted(bench: &mut Bench, number: u32) -> Result<()> {
    let text = bench.text(8);
    let ours = &mut bench.ours;
    ours.record(Mount::Mounted)?;
    ours.acquire(LEASE)?;
    let generation = ours.begin(SCOPE, &text, 8);
    if number.is_multiple_of(2) {
        ours.cancel(&generation);
    }
    ours.finish(&[generation], Duration::MAX)?;
    ours.release(LEASE)?;
    ours.record(Mount::Unmounted)?;
    ours.dispose(SCOPE)
}
