//! A llama.cpp context: KV memory and compute buffers of one model, for any purpose. Used on one thread, the engine's.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use llama_cpp_sys_2 as sys;

use super::batch::Batch;
use super::context_options::{ContextOptions, KV_TYPE, Purpose, params};
use super::global;
use super::model::Model;
use super::refusal::Refusal;
use super::sampler::LlamaSampler;
use super::shim::{self, ShimError, THREW};
use super::threadpool::Threadpool;
use crate::engine::{Attention, CancelFlag, DecodeError, Row, Sequence, Token};
use crate::error::{Error, ErrorCode, Result};

/// An owner of a `llama_context`.
pub(super) struct LlamaContext {
    pub(super) raw: NonNull<sys::llama_context>,
    /// Null under bidirectional attention, which needs no memory. llama.cpp takes null for an empty memory.
    pub(super) memory: sys::llama_memory_t,
    pub(super) model: Arc<Model>,
    pub(super) options: ContextOptions,
    batch: Batch,
    /// Whether states can be saved in the one-stream form of `state_form.rs`.
    pub(super) has_plain_states: bool,
    /// Freed after the context, which computes with it.
    threads: Threadpool,
}

impl Drop for LlamaContext {
    fn drop(&mut self) {
        // SAFETY: the pointer came from shim_context_new and is freed here alone; `model` is dropped after this.
        unsafe { sys::llama_free(self.raw.as_ptr()) }
    }
}

impl LlamaContext {
    /// Allocates the KV memory and the compute buffers.
    pub fn new(model: &Arc<Model>, options: ContextOptions) -> std::result::Result<Self, Refusal> {
        let too_many = || Refusal::out_of_memory("more than 4,294,967,295 tokens of context");
        let params = params(options).ok_or_else(too_many)?;
        let no_threads = || Refusal::out_of_memory("there is no memory for its compute threads");
        let threads = Threadpool::new(options.threads).ok_or_else(no_threads)?;
        let mut error = ShimError::new();
        // SAFETY: the model is alive and not shared with another thread yet; the parameters outlive the call.
        let (raw, logged) = global::with_logged_error(|| unsafe {
            shim::shim_context_new(model.as_ptr(), &raw const params, error.slot())
        });
        let Some(raw) = NonNull::new(raw) else {
            return Err(error.refusal(logged));
        };
        // SAFETY: the context was made just now.
        let memory = unsafe { sys::llama_get_memory(raw.as_ptr()) };
        // SAFETY: the context is alive; the function only reads.
        let has_plain_states = unsafe { shim::shim_state_is_plain(raw.as_ptr()) };
        let batch = Batch::with_capacity(options.rows() as usize);
        // SAFETY: the context computes nothing yet, and is freed before its fields are dropped.
        unsafe { threads.attach(raw) };
        let context = Self { raw, memory, model: Arc::clone(model), options, batch, has_plain_states, threads };
        // SAFETY: the context is alive; the function only reads.
        let is_causal = !context.memory.is_null() && unsafe { sys::llama_get_causal_attn(raw.as_ptr()) };
        if !is_causal && options.purpose != Purpose::Embeddings(Attention::Bidirectional) {
            return Err(Refusal::other("the model reads a text as a whole, and has no memory for a conversation"));
        }
        // SAFETY: the context is alive; the function only reads.
        let per_sequence = unsafe { sys::llama_n_ctx_seq(raw.as_ptr()) };
        if per_sequence < options.context_size {
            let asked = options.context_size;
            return Err(Refusal::other(format!("llama.cpp allotted {per_sequence} tokens instead of {asked}")));
        }
        Ok(context)
    }

    /// Everything that a state depends on besides the weights, for the fingerprint.
    pub fn state_form(&self) -> String {
        // An opaque state holds the number of slots, and llama.cpp refuses another one.
        let form = if self.has_plain_states {
            "one stream".to_owned()
        } else {
            format!("opaque, {} slots", self.options.slots)
        };
        format!("{form}; keys and values of type {KV_TYPE}; flash attention; no adapters")
    }

    pub fn options(&self) -> ContextOptions {
        self.options
    }

    /// The size of the vocabulary.
    pub fn token_count(&self) -> usize {
        self.model.token_count()
    }

    /// Returns when the last decode is computed: a GPU may still compute when `decode` returns.
    pub fn synchronize(&mut self) {
        // SAFETY: the context is alive and used by this thread alone.
        unsafe { sys::llama_synchronize(self.raw.as_ptr()) }
    }

    /// The model's output for row `row` of the last decode, in a context for embeddings.
    pub fn embedding(&mut self, row: usize) -> Option<Vec<f32>> {
        let index = i32::try_from(row).ok().filter(|_| self.options.purpose != Purpose::Conversations)?;
        if !self.batch.has_logits(row) {
            return None;
        }
        // SAFETY: the context is alive, and the last decode left an output for this row.
        let output = unsafe { sys::llama_get_embeddings_ith(self.raw.as_ptr(), index) };
        if output.is_null() {
            return None;
        }
        // SAFETY: llama.cpp's outputs are as long as the model says, and stay until the next decode.
        Some(unsafe { std::slice::from_raw_parts(output, self.model.embedding_length()) }.to_vec())
    }

    /// Checks what llama.cpp would assert: an assertion would end the process.
    fn check(&self, rows: &[Row]) -> std::result::Result<(), String> {
        let most = self.options.rows();
        if rows.is_empty() || rows.len() > most as usize {
            return Err(format!("a batch of {} rows - use 1 to {most}", rows.len()));
        }
        let outputs = rows.iter().filter(|row| row.wants_logits).count();
        let most = self.options.outputs();
        if outputs > most as usize {
            return Err(format!("{outputs} rows want logits, but there is room for {most}"));
        }
        for row in rows {
            if row.sequence >= self.options.slots {
                return Err(format!("sequence {} of {}", row.sequence, self.options.slots));
            }
            if !self.model.has_token(row.token) {
                return Err(format!("token {} is not in the vocabulary", row.token));
            }
        }
        Ok(())
    }

    fn arm(&self, abort: Option<&CancelFlag>) {
        let (callback, data): (sys::ggml_abort_callback, *mut c_void) = match abort {
            Some(flag) => (Some(is_cancelled), std::ptr::from_ref(flag).cast_mut().cast()),
            None => (None, std::ptr::null_mut()),
        };
        // SAFETY: the context is alive. `decode` disarms before it returns, so the flag outlives its use.
        unsafe { sys::llama_set_abort_callback(self.raw.as_ptr(), callback, data) }
    }

    pub(super) fn seq_id(&self, sequence: Sequence) -> Option<sys::llama_seq_id> {
        // llama.cpp asserts the range.
        (sequence < self.options.slots).then(|| i32::try_from(sequence).expect("slots are at most 256"))
    }

    /// Decodes as `InferenceContext::decode` does.
    pub fn decode(&mut self, rows: &[Row], abort: Option<&CancelFlag>) -> std::result::Result<(), DecodeError> {
        self.batch.clear();
        self.check(rows).map_err(DecodeError::Failed)?;
        if rows.iter().any(|row| row.position >= self.options.context_size) {
            return Err(DecodeError::Full);
        }
        self.batch.fill(rows);
        let mut error = ShimError::new();
        self.arm(abort);
        // SAFETY: the context is alive and used by this thread alone; the batch's arrays hold `rows.len()` entries
        // each.
        let (status, logged) = global::with_logged_error(|| unsafe {
            shim::shim_decode(self.raw.as_ptr(), &raw const *self.batch.as_raw(), error.slot())
        });
        if abort.is_some() {
            self.arm(None);
        }
        if status == 0 {
            return Ok(());
        }
        self.batch.clear();
        if self.model.is_recurrent() {
            // A recurrent state cannot be rewound to where the batch began, and llama.cpp's count of its tokens is
            // wrong now.
            for row in rows {
                self.clear(row.sequence);
            }
        }
        match status {
            1 => Err(DecodeError::Full),
            2 => Err(DecodeError::Aborted),
            THREW => Err(DecodeError::Failed(error.text("llama.cpp threw"))),
            status => {
                let Refusal { reason, .. } = error.refusal(logged);
                Err(DecodeError::Failed(format!("{reason} (status {status})")))
            }
        }
    }

    /// Chooses the next token from the logits of row `row` of the last decode.
    pub fn sample(&mut self, row: usize, sampler: &mut LlamaSampler) -> Result<Token> {
        let failed = |detail: String| Error::new(ErrorCode::InferenceFailed, detail);
        if !self.batch.has_logits(row) {
            return Err(failed(format!("row {row} of the last decode has no logits")));
        }
        let row = i32::try_from(row).map_err(|error| failed(error.to_string()))?;
        // SAFETY: the context is alive. The caller's samplers are made for this context's model.
        unsafe { sampler.sample(self.raw.as_ptr(), row) }
    }

    /// One logit for each token of the vocabulary, after row `row` of the last decode.
    pub fn logits(&mut self, row: usize) -> Option<Vec<f32>> {
        let index = i32::try_from(row).ok().filter(|_| self.batch.has_logits(row))?;
        // SAFETY: the context is alive, and the last decode left logits for this row.
        let logits = unsafe { sys::llama_get_logits_ith(self.raw.as_ptr(), index) };
        if logits.is_null() {
            return None;
        }
        // SAFETY: llama.cpp's logits are one for each token of the vocabulary, and stay until the next decode.
        Some(unsafe { std::slice::from_raw_parts(logits, self.model.token_count()) }.to_vec())
    }

    /// Tokens that `sequence` holds.
    pub fn length(&self, sequence: Sequence) -> u32 {
        let Some(id) = self.seq_id(sequence) else {
            return 0;
        };
        // SAFETY: the memory lives as long as the context, and the id is in range.
        let last = unsafe { sys::llama_memory_seq_pos_max(self.memory, id) };
        u32::try_from(last + 1).unwrap_or(0)
    }

    /// Forgets everything from `length` on. False if this memory cannot be cut there.
    pub fn truncate(&mut self, sequence: Sequence, length: u32) -> bool {
        let (Some(id), Ok(position)) = (self.seq_id(sequence), i32::try_from(length)) else {
            return false;
        };
        if length >= self.length(sequence) {
            return true;
        }
        let window = self.model.window();
        if window > 0 && length > 0 {
            // A layer may have overwritten cells beyond its window that the shorter conversation needs. llama.cpp would
            // cut all the same, and answer from what is left. SAFETY: the memory lives as long as the context, and the
            // id is in range.
            let first = unsafe { sys::llama_memory_seq_pos_min(self.memory, id) };
            if i64::from(first) > (i64::from(length) - i64::from(window)).max(0) {
                return false;
            }
        }
        self.remove_from(sequence, position)
    }

    /// Whether `truncate` succeeds at any length.
    pub fn can_cut(&self) -> bool {
        !self.model.is_recurrent() && self.model.window() == 0
    }

    /// Forgets all tokens of `sequence`.
    pub fn clear(&mut self, sequence: Sequence) {
        self.remove_from(sequence, -1);
    }

    /// Computes with this many threads from the next decode on.
    pub fn set_threads(&mut self, threads: u32) {
        // A pool of exactly this size: threads that a graph does not use would occupy a core while they wait for the
        // next graph.
        if let Some(pool) = Threadpool::new(threads) {
            // SAFETY: the context computes nothing, since `&mut self`. The old pool is dropped after it is replaced.
            unsafe { pool.attach(self.raw) };
            self.threads = pool;
        }
        let threads = i32::try_from(threads.max(1)).unwrap_or(i32::MAX);
        // SAFETY: the context is alive and not decoding, since `&mut self`.
        unsafe { sys::llama_set_n_threads(self.raw.as_ptr(), threads, threads) }
    }

    fn remove_from(&mut self, sequence: Sequence, position: i32) -> bool {
        let Some(id) = self.seq_id(sequence) else {
            return false;
        };
        // SAFETY: the memory lives as long as the context, and the id is in range.
        unsafe { sys::llama_memory_seq_rm(self.memory, id, position, -1) }
    }
}

unsafe extern "C" fn is_cancelled(data: *mut c_void) -> bool {
    // SAFETY: `arm` passed a flag that outlives the decode. Flags may be read from any thread.
    unsafe { &*data.cast::<CancelFlag>() }.is_cancelled()
}
