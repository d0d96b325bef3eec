//! Rust's declarations of `shim.h`, and the owned forms of what it hands out.

use std::ffi::{CStr, c_char};

use llama_cpp_sys_2 as sys;

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub data: *mut c_char,
    pub length: usize,
}

impl Text {
    /// For calls that only read it, and return before `text` goes.
    pub fn of(text: &str) -> Self {
        Self { data: text.as_ptr().cast_mut().cast(), length: text.len() }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct RawTexts {
    items: *mut Text,
    count: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct RawTokens {
    items: *mut i32,
    count: usize,
}

#[repr(C)]
pub(super) struct Sampling {
    pub temperature: f32,
    pub top_k: i32,
    pub top_p: f32,
    pub min_p: f32,
    pub typical_p: f32,
    pub top_n_sigma: f32,
    pub xtc_probability: f32,
    pub xtc_threshold: f32,
    pub dry_multiplier: f32,
    pub dry_base: f32,
    pub dry_allowed_length: i32,
    pub dry_penalty_window: i32,
    pub dry_breakers: *const Text,
    pub dry_breaker_count: usize,
    pub mirostat: i32,
    pub mirostat_tau: f32,
    pub mirostat_eta: f32,
    pub repeat_penalty: f32,
    pub frequency_penalty: f32,
    pub presence_penalty: f32,
    pub penalty_window: i32,
    pub logit_bias: *const sys::llama_logit_bias,
    pub logit_bias_count: usize,
    pub seed: u32,
    pub reasoning_budget: i32,
}

/// Values of `shim_tool_choice`.
pub(super) const TOOLS_AUTO: i32 = 0;
pub(super) const TOOLS_REQUIRED: i32 = 1;
pub(super) const TOOLS_NONE: i32 = 2;

#[repr(C)]
pub(super) struct Request {
    pub messages: Text,
    pub tools: Text,
    pub json_schema: Text,
    pub grammar: Text,
    pub triggers: *const Text,
    pub trigger_count: usize,
    pub tool_choice: i32,
    pub parallel_tool_calls: bool,
    pub reasoning: bool,
}

/// Values of `shim_rendered`.
pub(super) const RENDERED: i32 = 0;
pub(super) const REFUSED_TEMPLATE: i32 = 1;

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct RawMemory {
    pub weights: u64,
    pub kv: u64,
    pub compute: u64,
    pub whole: bool,
}

/// Chat templates on the C++ side.
pub(super) enum RawChat {}
/// The form of an answer on the C++ side.
pub(super) enum RawAnswer {}
/// A sampler on the C++ side.
pub(super) enum RawSampler {}

/// What `shim_decode` returns when llama.cpp threw.
pub(super) const THREW: i32 = i32::MIN;

unsafe extern "C" {
    fn shim_error_free(error: *mut c_char);
    fn shim_texts_free(texts: RawTexts);
    fn shim_tokens_free(tokens: RawTokens);

    pub(super) fn shim_quiet_common_log();
    pub(super) fn shim_performance_cores() -> i32;
    pub(super) fn shim_rest();

    pub(super) fn shim_simulate(
        path: *const c_char,
        model_params: *const sys::llama_model_params,
        context_params: *const sys::llama_context_params,
        vocabulary_key: *const c_char,
        vocabulary: i64,
        result: *mut RawMemory,
        error: *mut *mut c_char,
    ) -> bool;
    pub(super) fn shim_model_load(
        path: *const c_char,
        params: *const sys::llama_model_params,
        error: *mut *mut c_char,
    ) -> *mut sys::llama_model;
    pub(super) fn shim_model_device_count(model: *const sys::llama_model) -> i32;
    pub(super) fn shim_model_device(model: *const sys::llama_model, index: i32) -> sys::ggml_backend_dev_t;
    pub(super) fn shim_context_new(
        model: *mut sys::llama_model,
        params: *const sys::llama_context_params,
        error: *mut *mut c_char,
    ) -> *mut sys::llama_context;

    pub(super) fn shim_chat_new(model: *const sys::llama_model, source: Text, error: *mut *mut c_char) -> *mut RawChat;
    pub(super) fn shim_chat_free(chat: *mut RawChat);
    pub(super) fn shim_chat_render(
        chat: *const RawChat,
        request: *const Request,
        result: *mut RawTexts,
        answer: *mut *mut RawAnswer,
        error: *mut *mut c_char,
    ) -> i32;

    pub(super) fn shim_answer_free(answer: *mut RawAnswer);
    pub(super) fn shim_answer_parse(
        answer: *const RawAnswer,
        raw: Text,
        complete: bool,
        result: *mut RawTexts,
        error: *mut *mut c_char,
    ) -> bool;
    pub(super) fn shim_answer_preserved(
        answer: *const RawAnswer,
        result: *mut RawTokens,
        error: *mut *mut c_char,
    ) -> bool;

    pub(super) fn shim_state_is_plain(context: *const sys::llama_context) -> bool;
    pub(super) fn shim_state_size(
        context: *mut sys::llama_context,
        sequence: sys::llama_seq_id,
        error: *mut *mut c_char,
    ) -> usize;
    pub(super) fn shim_state_get(
        context: *mut sys::llama_context,
        sequence: sys::llama_seq_id,
        pieces: *const Text,
        count: usize,
        error: *mut *mut c_char,
    ) -> usize;
    pub(super) fn shim_state_set(
        context: *mut sys::llama_context,
        sequence: sys::llama_seq_id,
        pieces: *const Text,
        count: usize,
        error: *mut *mut c_char,
    ) -> usize;

    pub(super) fn shim_tokenize(
        vocab: *const sys::llama_vocab,
        text: *const c_char,
        length: usize,
        whole: bool,
        special: bool,
        result: *mut RawTokens,
        error: *mut *mut c_char,
    ) -> bool;

    pub(super) fn shim_decode(
        context: *mut sys::llama_context,
        batch: *const sys::llama_batch,
        error: *mut *mut c_char,
    ) -> i32;

    pub(super) fn shim_sampler_new(
        model: *const sys::llama_model,
        options: *const Sampling,
        answer: *const RawAnswer,
        error: *mut *mut c_char,
    ) -> *mut RawSampler;
    pub(super) fn shim_sampler_free(sampler: *mut RawSampler);
    pub(super) fn shim_sample(
        sampler: *mut RawSampler,
        context: *mut sys::llama_context,
        row: i32,
        error: *mut *mut c_char,
    ) -> i32;
}

/// Where a shim call leaves its error text.
pub(super) struct ErrorText(*mut c_char);

impl ErrorText {
    pub fn new() -> Self {
        Self(std::ptr::null_mut())
    }

    pub fn slot(&mut self) -> *mut *mut c_char {
        &raw mut self.0
    }

    /// The text, or `otherwise` when the call failed without one.
    pub fn take(self, otherwise: &str) -> String {
        if self.0.is_null() {
            return otherwise.to_owned();
        }
        // SAFETY: a pointer that is not null was set by the shim to a NUL-terminated text, which `drop` frees.
        unsafe { CStr::from_ptr(self.0) }.to_string_lossy().into_owned()
    }
}

impl Drop for ErrorText {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the shim made the text for us to free, and nobody else holds it.
            unsafe { shim_error_free(self.0) }
        }
    }
}

/// Texts that a shim call handed out.
pub(super) struct Texts(RawTexts);

impl Texts {
    pub fn none() -> Self {
        Self(RawTexts { items: std::ptr::null_mut(), count: 0 })
    }

    pub fn slot(&mut self) -> *mut RawTexts {
        &raw mut self.0
    }

    /// Copies the texts. What is not UTF-8 becomes U+FFFD.
    pub fn to_strings(&self) -> Vec<String> {
        (0..self.0.count)
            .map(|index| {
                // SAFETY: the shim filled `count` items, each with `length` readable bytes; they live until `drop`.
                let bytes = unsafe {
                    let text = &*self.0.items.add(index);
                    std::slice::from_raw_parts(text.data.cast::<u8>(), text.length)
                };
                String::from_utf8_lossy(bytes).into_owned()
            })
            .collect()
    }
}

impl Drop for Texts {
    fn drop(&mut self) {
        // SAFETY: the texts are the shim's, or none, which it accepts; nobody uses them after this owner.
        unsafe { shim_texts_free(self.0) }
    }
}

/// Tokens that a shim call handed out.
pub(super) struct Tokens(RawTokens);

impl Tokens {
    pub fn none() -> Self {
        Self(RawTokens { items: std::ptr::null_mut(), count: 0 })
    }

    pub fn slot(&mut self) -> *mut RawTokens {
        &raw mut self.0
    }

    pub fn as_slice(&self) -> &[i32] {
        if self.0.count == 0 {
            return &[];
        }
        // SAFETY: the shim filled `count` tokens, which live until `drop`.
        unsafe { std::slice::from_raw_parts(self.0.items, self.0.count) }
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        // SAFETY: the tokens are the shim's, or none, which it accepts; nobody uses them after this owner.
        unsafe { shim_tokens_free(self.0) }
    }
}
