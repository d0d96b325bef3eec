//! The scripted context of a bench. It checks what the seam promises.

use super::{Point, Script};
use crate::engine::backend::{BenchContext, DecodeError};
use crate::engine::cancel_flag::CancelFlag;

/// Tokens of one call.
pub(crate) const BENCH_BATCH: u32 = 8;

pub(super) struct ScriptedBenchContext {
    script: Script,
    size: u32,
    held: u32,
}

impl ScriptedBenchContext {
    pub(super) fn new(script: Script, size: u32) -> Self {
        script.lock().counts.live_bench_contexts += 1;
        Self { script, size, held: 0 }
    }
}

impl BenchContext for ScriptedBenchContext {
    fn batch_size(&self) -> u32 {
        BENCH_BATCH
    }

    fn compute(&mut self, position: u32, count: u32, abort: &CancelFlag) -> Result<(), DecodeError> {
        assert!((1..=BENCH_BATCH).contains(&count), "{count} tokens");
        assert_eq!(position, self.held, "positions have no gap");
        let call = {
            let mut state = self.script.lock();
            state.counts.bench_calls += 1;
            state.counts.bench_calls
        };
        self.script.pass(Point::Bench(call))?;
        if abort.is_cancelled() {
            return Err(DecodeError::Aborted);
        }
        self.held += count;
        assert!(self.held <= self.size, "{} tokens in room for {}", self.held, self.size);
        Ok(())
    }

    fn clear(&mut self) {
        self.held = 0;
    }

    fn set_threads(&mut self, threads: u32) {
        self.script.lock().bench_threads.push(threads);
    }
}

impl Drop for ScriptedBenchContext {
    fn drop(&mut self) {
        self.script.lock().counts.live_bench_contexts -= 1;
    }
}
