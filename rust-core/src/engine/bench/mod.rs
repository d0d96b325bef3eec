//! Benches: how fast a model reads and writes on this device.
//!
//! The measurement is that of llama.cpp's `llama-bench` (tools/llama-bench in its sources): of each kind one run to
//! warm up, then the measured runs, each from an empty memory. Only the time of the calls counts.

mod plan;
mod run;

pub(super) use self::run::{BenchQueue, BenchStep};
