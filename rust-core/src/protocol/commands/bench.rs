//! The command `bench` and its report.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::check_id;
use crate::error::Result;
use crate::protocol::config::{ModelConfig, out_of_range};
use crate::protocol::snapshot::ModelInfo;

/// Measures the speed of prompts and answers as llama.cpp's `llama-bench` does: arbitrary tokens, one warm-up run of
/// each kind, then `repetitions` runs. Answered by `benched`; `benchProgress` reports each run. The command loads the
/// model and fails as `generate` does, and holds the model until the answer. No scope changes.
///
/// The bench waits until the model has nothing else to compute, and then has it to itself: turns, texts and prefills
/// that arrive meanwhile wait for its end. It uses a context of its own on the same weights, counted in the memory
/// budget and freed at the end. It fails as `outOfMemory` if that context does not fit, and as `cancelled` after
/// `cancelBench`. It ends with its client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BenchCommand {
    /// Made by the caller, 1 to 256 bytes. A second command with the id of a running bench joins it and gets the same
    /// answer.
    pub bench_id: String,
    /// The model to measure.
    pub model: ModelConfig,
    /// Tokens of the prompt in each repetition, 0 to 65,536; 0 measures no prompt.
    /// @default 512
    #[serde(default = "default_prompt_tokens")]
    #[ts(optional, as = "Option<u32>")]
    pub prompt_tokens: u32,
    /// Tokens generated in each repetition, one by one, behind no prompt, 0 to 65,536; 0 measures no answer.
    /// @default 128
    #[serde(default = "default_generated_tokens")]
    #[ts(optional, as = "Option<u32>")]
    pub generated_tokens: u32,
    /// Number of measured runs of each kind, 1 to 100.
    /// @default 5
    #[serde(default = "default_repetitions")]
    #[ts(optional, as = "Option<u32>")]
    pub repetitions: u32,
}

fn default_prompt_tokens() -> u32 {
    512
}

fn default_generated_tokens() -> u32 {
    128
}

fn default_repetitions() -> u32 {
    5
}

impl BenchCommand {
    pub(super) fn validate(&self) -> Result<()> {
        check_id("benchId", &self.bench_id)?;
        self.model.validate_others()?;
        if self.prompt_tokens == 0 && self.generated_tokens == 0 {
            return Err(out_of_range("promptTokens", "1 to 65536 of them, or of generatedTokens"));
        }
        Ok(())
    }
}

/// The speed of a model on this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BenchReport {
    /// Prompt processing, `pp` of `llama-bench`. Absent for 0 `promptTokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub prompt: Option<BenchSpeed>,
    /// Text generation, `tg` of `llama-bench`. Absent for 0 `generatedTokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub generation: Option<BenchSpeed>,
    /// The measured model: its `description`, size, parameters, and devices.
    pub info: ModelInfo,
    /// Compute threads in every repetition. `threads` of `info` is the number that turns had when the bench began.
    pub threads: u32,
    /// Most tokens of a prompt in one call.
    pub batch_size: u32,
}

/// Tokens per second, over all repetitions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BenchSpeed {
    /// Tokens of each repetition.
    pub tokens: u32,
    /// Tokens per second, the mean of all repetitions.
    pub mean: f64,
    /// Sample standard deviation of the repetitions; 0 for a single one.
    pub standard_deviation: f64,
    /// Tokens per second of each repetition, in their order.
    pub repetitions: Vec<f64>,
}

impl BenchSpeed {
    /// None if there are no repetitions.
    pub(crate) fn of(tokens: u32, repetitions: Vec<f64>) -> Option<Self> {
        if repetitions.is_empty() {
            return None;
        }
        let count = repetitions.len() as f64;
        let mean = repetitions.iter().sum::<f64>() / count;
        let squares = repetitions.iter().map(|speed| (speed - mean).powi(2)).sum::<f64>();
        let standard_deviation = if repetitions.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
        Some(Self { tokens, mean, standard_deviation, repetitions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_have_a_mean_and_the_deviation_of_a_sample() {
        for (repetitions, expected) in [
            (vec![], None),
            (vec![80.0], Some((80.0, 0.0))),
            (vec![50.0, 50.0, 50.0], Some((50.0, 0.0))),
            (vec![2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], Some((5.0, (32.0_f64 / 7.0).sqrt()))),
        ] {
            let speed = BenchSpeed::of(7, repetitions.clone());
            assert_eq!(speed.as_ref().map(|speed| (speed.mean, speed.standard_deviation)), expected);
            assert!(speed.is_none_or(|speed| (speed.tokens, speed.repetitions) == (7, repetitions)));
        }
    }
}
