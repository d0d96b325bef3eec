//! How a token is chosen: llama.cpp's `common_sampler`, one per generation.

use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;

use llama_cpp_sys_2 as sys;

use super::model::Model;
use super::shim::{self, ErrorText, RawSampler, Sampling};
use crate::engine::{Sampler, Token};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::GenerateOptions;

/// The sampling state of one generation.
pub(super) struct LlamaSampler {
    raw: NonNull<RawSampler>,
    /// The sampler refers to the model's vocabulary.
    _model: Arc<Model>,
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
    pub fn new(model: &Arc<Model>, options: &GenerateOptions) -> Result<Self> {
        options.validate()?;
        let sampling = sampling_of(options);
        let mut error = ErrorText::new();
        // SAFETY: the model is alive, and the options outlive the call.
        let raw = unsafe { shim::shim_sampler_new(model.as_ptr(), &raw const sampling, error.slot()) };
        match NonNull::new(raw) {
            Some(raw) => Ok(Self { raw, _model: Arc::clone(model) }),
            None => Err(Error::new(ErrorCode::InvalidOptions, error.take("llama.cpp refused the sampling options"))),
        }
    }

    /// Chooses from the logits of a batch row, and remembers the choice.
    ///
    /// # Safety
    ///
    /// `context` is alive and of the sampler's model.
    pub unsafe fn sample(&mut self, context: *mut sys::llama_context, row: i32) -> Result<Token> {
        let mut error = ErrorText::new();
        // SAFETY: the caller keeps the context alive; the sampler is ours.
        let token = unsafe { shim::shim_sample(self.raw.as_ptr(), context, row, error.slot()) };
        if token >= 0 {
            return Ok(token);
        }
        Err(Error::new(ErrorCode::InferenceFailed, error.take("llama.cpp chose no token")))
    }
}

/// What llama.cpp calls LLAMA_DEFAULT_SEED.
const RANDOM_SEED: u32 = u32::MAX;

/// The protocol's defaults, where an option was left out.
fn sampling_of(options: &GenerateOptions) -> Sampling {
    let count = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    Sampling {
        temperature: options.temperature.unwrap_or(0.8),
        top_k: count(options.top_k.unwrap_or(40)),
        top_p: options.top_p.unwrap_or(0.95),
        min_p: options.min_p.unwrap_or(0.05),
        repeat_penalty: options.repeat_penalty.unwrap_or(1.0),
        frequency_penalty: options.frequency_penalty.unwrap_or(0.0),
        presence_penalty: options.presence_penalty.unwrap_or(0.0),
        penalty_window: count(options.penalty_window.unwrap_or(64)),
        // llama.cpp reads the largest seed as "random", so a caller who asks for that one gets its neighbour.
        seed: options.seed.map_or(RANDOM_SEED, |seed| seed.min(RANDOM_SEED - 1)),
    }
}
