//! A scripted memory for measurements, which checks what the seam promises.

use super::{Point, Script};
use crate::engine::{CancelFlag, DecodeError, Gauge};

/// Tokens of one call.
pub(crate) const GAUGE_BATCH: u32 = 8;

pub(super) struct ScriptedGauge {
    script: Script,
    size: u32,
    held: u32,
}

impl ScriptedGauge {
    pub(super) fn new(script: Script, size: u32) -> Self {
        script.lock().counts.live_gauges += 1;
        Self { script, size, held: 0 }
    }
}

impl Gauge for ScriptedGauge {
    fn batch_size(&self) -> u32 {
        GAUGE_BATCH
    }

    fn compute(&mut self, position: u32, count: u32, abort: &CancelFlag) -> Result<(), DecodeError> {
        assert!((1..=GAUGE_BATCH).contains(&count), "{count} tokens");
        assert_eq!(position, self.held, "positions have no gap");
        let call = {
            let mut state = self.script.lock();
            state.counts.gauge_calls += 1;
            state.counts.gauge_calls
        };
        self.script.pass(Point::Measure(call))?;
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
        self.script.lock().gauge_threads.push(threads);
    }
}

impl Drop for ScriptedGauge {
    fn drop(&mut self) {
        self.script.lock().counts.live_gauges -= 1;
    }
}
