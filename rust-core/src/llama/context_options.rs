//! The options of a context: its purpose, its size, and llama.cpp's form of them.

use llama_cpp_sys_2 as sys;

use crate::engine::{Attention, EMBEDDING_ROWS};

/// The most rows of one decode.
const MAX_ROWS: u32 = 512;

/// llama.cpp allots KV memory in blocks of this many tokens.
const KV_BLOCK: u32 = 256;

/// The type of keys and of values.
pub(super) const KV_TYPE: sys::ggml_type = sys::GGML_TYPE_F16;

const MOST_EMBEDDING_ROWS: u32 = EMBEDDING_ROWS as u32;

/// The purpose of a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Conversations,
    /// For a model with this attention.
    Embeddings(Attention),
}

/// The options of a context, with every "auto" resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct ContextOptions {
    /// Tokens per sequence.
    pub context_size: u32,
    pub slots: u32,
    pub threads: u32,
    pub purpose: Purpose,
}

impl ContextOptions {
    /// Tokens that llama.cpp allots to each sequence for this `context_size`.
    pub fn allotted(&self) -> u32 {
        self.context_size.div_ceil(KV_BLOCK).saturating_mul(KV_BLOCK)
    }

    /// Tokens that llama.cpp allots to all sequences. Texts to embed share one memory: one long text, or several short
    /// ones.
    pub fn cells(&self) -> u64 {
        match self.purpose {
            Purpose::Conversations => u64::from(self.allotted()) * u64::from(self.slots),
            Purpose::Embeddings(_) => u64::from(self.allotted()),
        }
    }

    /// The most rows of one decode.
    pub fn rows(&self) -> u32 {
        match self.purpose {
            Purpose::Conversations => MAX_ROWS,
            Purpose::Embeddings(Attention::Causal) => MOST_EMBEDDING_ROWS,
            Purpose::Embeddings(Attention::Bidirectional) => self.context_size.max(MOST_EMBEDDING_ROWS),
        }
    }

    /// The most rows of one decode that may want logits. With a large vocabulary they take most of the compute buffer.
    pub fn outputs(&self) -> u32 {
        match self.purpose {
            Purpose::Conversations => self.slots,
            Purpose::Embeddings(_) => self.rows(),
        }
    }
}

/// llama.cpp's form of the options. None for more tokens of context than llama.cpp can count.
pub(super) fn params(options: ContextOptions) -> Option<sys::llama_context_params> {
    let threads = i32::try_from(options.threads).unwrap_or(1);
    // SAFETY: a plain function without arguments.
    let mut params = unsafe { sys::llama_context_default_params() };
    params.n_ctx = u32::try_from(options.cells()).ok()?;
    params.n_seq_max = options.slots;
    params.n_batch = options.rows();
    params.n_ubatch = options.rows();
    params.n_outputs_max = options.outputs();
    params.n_threads = threads;
    params.n_threads_batch = threads;
    params.type_k = KV_TYPE;
    params.type_v = KV_TYPE;
    params.flash_attn_type = sys::LLAMA_FLASH_ATTN_TYPE_ENABLED;
    // Separate streams: an idle neighbour costs the active scope nothing.
    params.kv_unified = options.purpose != Purpose::Conversations;
    params.embeddings = options.purpose != Purpose::Conversations;
    // Each token's own output: llama.cpp would pool each call by itself, but a text may take several calls.
    params.pooling_type = sys::LLAMA_POOLING_TYPE_NONE;
    params.no_perf = true;
    Some(params)
}
