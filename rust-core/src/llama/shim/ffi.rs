//! Rust's declarations of `shim.h`.

use std::ffi::c_char;

use llama_cpp_sys_2 as sys;

/// Values of `shim_failure`; 0 is none.
pub(super) const OUT_OF_MEMORY: i32 = 2;

#[repr(C)]
#[derive(Clone, Copy)]
pub(in crate::llama) struct RawError {
    pub(super) kind: i32,
    pub(super) text: *mut c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(in crate::llama) struct Text {
    pub data: *mut c_char,
    pub length: usize,
}

impl Text {
    /// For calls that only read the text, and return before it is dropped.
    pub fn of(text: &str) -> Self {
        Self { data: text.as_ptr().cast_mut().cast(), length: text.len() }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(in crate::llama) struct RawTexts {
    pub(super) items: *mut Text,
    pub(super) count: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(in crate::llama) struct RawTokens {
    pub(super) items: *mut i32,
    pub(super) count: usize,
}

#[repr(C)]
pub(in crate::llama) struct Sampling {
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
pub(in crate::llama) const TOOLS_AUTO: i32 = 0;
pub(in crate::llama) const TOOLS_REQUIRED: i32 = 1;
pub(in crate::llama) const TOOLS_NONE: i32 = 2;

#[repr(C)]
pub(in crate::llama) struct ChatRequest {
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
pub(in crate::llama) const RENDERED: i32 = 0;
pub(in crate::llama) const REFUSED_TEMPLATE: i32 = 1;

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(in crate::llama) struct RawMemory {
    pub weights: u64,
    pub kv: u64,
    pub compute: u64,
    pub is_bidirectional: bool,
}

/// Chat templates on the C++ side.
pub(in crate::llama) enum RawChat {}
/// An answer format on the C++ side.
pub(in crate::llama) enum RawAnswerFormat {}
/// A sampler on the C++ side.
pub(in crate::llama) enum RawSampler {}

/// The result of `shim_decode` after an exception.
pub(in crate::llama) const THREW: i32 = i32::MIN;

unsafe extern "C" {
    pub(super) fn shim_error_free(error: RawError);
    pub(super) fn shim_texts_free(texts: RawTexts);
    pub(super) fn shim_tokens_free(tokens: RawTokens);

    pub(in crate::llama) fn shim_quiet_common_log();
    pub(in crate::llama) fn shim_performance_cores() -> i32;
    pub(in crate::llama) fn shim_rest();

    pub(in crate::llama) fn shim_simulate(
        path: *const c_char,
        model_params: *const sys::llama_model_params,
        context_params: *const sys::llama_context_params,
        vocabulary_key: *const c_char,
        vocabulary: i64,
        result: *mut RawMemory,
        error: *mut RawError,
    ) -> bool;
    pub(in crate::llama) fn shim_model_load(
        path: *const c_char,
        params: *const sys::llama_model_params,
        error: *mut RawError,
    ) -> *mut sys::llama_model;
    pub(in crate::llama) fn shim_model_device_count(model: *const sys::llama_model) -> i32;
    pub(in crate::llama) fn shim_model_device(model: *const sys::llama_model, index: i32) -> sys::ggml_backend_dev_t;
    pub(in crate::llama) fn shim_context_new(
        model: *mut sys::llama_model,
        params: *const sys::llama_context_params,
        error: *mut RawError,
    ) -> *mut sys::llama_context;

    pub(in crate::llama) fn shim_chat_new(
        model: *const sys::llama_model,
        source: Text,
        error: *mut RawError,
    ) -> *mut RawChat;
    pub(in crate::llama) fn shim_chat_free(chat: *mut RawChat);
    pub(in crate::llama) fn shim_chat_render(
        chat: *const RawChat,
        request: *const ChatRequest,
        result: *mut RawTexts,
        format: *mut *mut RawAnswerFormat,
        error: *mut RawError,
    ) -> i32;

    pub(in crate::llama) fn shim_answer_format_free(format: *mut RawAnswerFormat);
    pub(in crate::llama) fn shim_answer_format_parse(
        format: *const RawAnswerFormat,
        raw: Text,
        complete: bool,
        result: *mut RawTexts,
        error: *mut RawError,
    ) -> bool;
    pub(in crate::llama) fn shim_answer_format_preserved(
        format: *const RawAnswerFormat,
        result: *mut RawTokens,
        error: *mut RawError,
    ) -> bool;

    pub(in crate::llama) fn shim_state_is_plain(context: *const sys::llama_context) -> bool;
    pub(in crate::llama) fn shim_state_size(
        context: *mut sys::llama_context,
        sequence: sys::llama_seq_id,
        error: *mut RawError,
    ) -> usize;
    pub(in crate::llama) fn shim_state_get(
        context: *mut sys::llama_context,
        sequence: sys::llama_seq_id,
        pieces: *const Text,
        count: usize,
        error: *mut RawError,
    ) -> usize;
    pub(in crate::llama) fn shim_state_set(
        context: *mut sys::llama_context,
        sequence: sys::llama_seq_id,
        pieces: *const Text,
        count: usize,
        error: *mut RawError,
    ) -> usize;

    pub(in crate::llama) fn shim_tokenize(
        vocab: *const sys::llama_vocab,
        text: *const c_char,
        length: usize,
        add_special: bool,
        parse_special: bool,
        result: *mut RawTokens,
        error: *mut RawError,
    ) -> bool;

    pub(in crate::llama) fn shim_decode(
        context: *mut sys::llama_context,
        batch: *const sys::llama_batch,
        error: *mut RawError,
    ) -> i32;

    pub(in crate::llama) fn shim_sampler_new(
        model: *const sys::llama_model,
        options: *const Sampling,
        format: *const RawAnswerFormat,
        error: *mut RawError,
    ) -> *mut RawSampler;
    pub(in crate::llama) fn shim_sampler_free(sampler: *mut RawSampler);
    pub(in crate::llama) fn shim_sample(
        sampler: *mut RawSampler,
        context: *mut sys::llama_context,
        row: i32,
        error: *mut RawError,
    ) -> i32;
}
