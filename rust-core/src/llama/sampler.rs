//! Chooses tokens: llama.cpp's `common_sampler`, one per generation.

use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;

use llama_cpp_sys_2 as sys;

use super::answer_format::LlamaAnswerFormat;
use super::model::Model;
use super::shim::{self, RawSampler, Sampling, ShimError, Text};
use crate::engine::{Format, Sampler, Token};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{GenerateOptions, LogitBias};

/// The sampling state of one generation.
pub(super) struct LlamaSampler {
    raw: NonNull<RawSampler>,
    /// The sampler refers to the model's vocabulary and to the answer format.
    _model: Arc<Model>,
    _format: Option<Format>,
}

// SAFETY: a sampler is plain memory without ties to a thread, and `&mut` keeps its users one at a time.
unsafe impl Send for LlamaSampler {}

impl Drop for LlamaSampler {
    fn drop(&mut self) {
        // SAFETY: the pointer came from shim_sampler_new and is freed here alone.
        unsafe { shim::shim_sampler_free(self.raw.as_ptr()) }
    }
}

impl Sampler for LlamaSampler {
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl LlamaSampler {
    pub fn new(model: &Arc<Model>, options: &GenerateOptions, format: Option<&Format>) -> Result<Self> {
        options.validate()?;
        let breakers: Option<Vec<Text>> =
            options.dry_sequence_breakers.as_ref().map(|texts| texts.iter().map(|text| Text::of(text)).collect());
        let biases: Vec<_> = options.logit_bias.iter().map(bias_of).collect();
        let sampling = sampling_of(options, breakers.as_deref(), &biases);
        let raw_format = format.and_then(LlamaAnswerFormat::of).map_or(std::ptr::null(), LlamaAnswerFormat::as_ptr);
        let mut error = ShimError::new();
        // SAFETY: the model is alive, the options and the memory that they point to outlive the call, and `_format`
        // keeps the answer format alive longer than the sampler.
        let raw = unsafe { shim::shim_sampler_new(model.as_ptr(), &raw const sampling, raw_format, error.slot()) };
        match NonNull::new(raw) {
            Some(raw) => Ok(Self { raw, _model: Arc::clone(model), _format: format.cloned() }),
            None => Err(Error::new(ErrorCode::InvalidOptions, error.text("llama.cpp refused the sampling options"))),
        }
    }

    /// Chooses a token from the logits of a batch row, and remembers the choice.
    ///
    /// # Safety
    ///
    /// `context` is alive and of the sampler's model.
    pub unsafe fn sample(&mut self, context: *mut sys::llama_context, row: i32) -> Result<Token> {
        let mut error = ShimError::new();
        // SAFETY: the caller keeps the context alive; the sampler is ours.
        let token = unsafe { shim::shim_sample(self.raw.as_ptr(), context, row, error.slot()) };
        if token >= 0 {
            return Ok(token);
        }
        Err(Error::new(ErrorCode::InferenceFailed, error.text("llama.cpp chose no token")))
    }
}

fn bias_of(bias: &LogitBias) -> sys::llama_logit_bias {
    sys::llama_logit_bias { token: i32::try_from(bias.token).unwrap_or(i32::MAX), bias: bias.bias }
}

/// llama.cpp's LLAMA_DEFAULT_SEED.
const RANDOM_SEED: u32 = u32::MAX;

/// The options, with the protocol's default for each that was left out.
fn sampling_of(options: &GenerateOptions, breakers: Option<&[Text]>, biases: &[sys::llama_logit_bias]) -> Sampling {
    let count = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    Sampling {
        temperature: options.temperature.unwrap_or(0.8),
        top_k: count(options.top_k.unwrap_or(40)),
        top_p: options.top_p.unwrap_or(0.95),
        min_p: options.min_p.unwrap_or(0.05),
        typical_p: options.typical_p.unwrap_or(1.0),
        top_n_sigma: options.top_n_sigma.unwrap_or(-1.0),
        xtc_probability: options.xtc_probability.unwrap_or(0.0),
        xtc_threshold: options.xtc_threshold.unwrap_or(0.1),
        dry_multiplier: options.dry_multiplier.unwrap_or(0.0),
        dry_base: options.dry_base.unwrap_or(1.75),
        dry_allowed_length: count(options.dry_allowed_length.unwrap_or(2)),
        dry_penalty_window: count(options.dry_penalty_window.unwrap_or(64)),
        dry_breakers: breakers.map_or(std::ptr::null(), <[Text]>::as_ptr),
        dry_breaker_count: breakers.map_or(0, <[Text]>::len),
        mirostat: count(options.mirostat.unwrap_or(0)),
        mirostat_tau: options.mirostat_tau.unwrap_or(5.0),
        mirostat_eta: options.mirostat_eta.unwrap_or(0.1),
        repeat_penalty: options.repeat_penalty.unwrap_or(1.0),
        frequency_penalty: options.frequency_penalty.unwrap_or(0.0),
        presence_penalty: options.presence_penalty.unwrap_or(0.0),
        penalty_window: count(options.penalty_window.unwrap_or(64)),
        logit_bias: biases.as_ptr(),
        logit_bias_count: biases.len(),
        reasoning_budget: options.reasoning_budget_tokens.map_or(-1, count),
        // llama.cpp reads the largest seed as "random", so a request for that one gets its neighbour.
        seed: options.seed.map_or(RANDOM_SEED, |seed| seed.min(RANDOM_SEED - 1)),
    }
}
