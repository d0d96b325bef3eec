//! What a context is made with: what it is for, how much it holds, and how that is said to llama.cpp.

use llama_cpp_sys_2 as sys;

use crate::engine::{EMBEDDER_ROWS, Reading};

/// The most rows of one decode.
const MAX_ROWS: u32 = 512;

/// llama.cpp allots KV memory in blocks of this many tokens.
const KV_BLOCK: u32 = 256;

/// Of keys and values alike.
pub(super) const KV_TYPE: sys::ggml_type = sys::GGML_TYPE_F16;

const MOST_EMBEDDER_ROWS: u32 = EMBEDDER_ROWS as u32;

/// What a context computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::llama) enum Purpose {
    Conversations,
    /// Of texts that are read in this way.
    Embeddings(Reading),
}

/// What a context is made with, every "auto" resolved.
#[derive(Debug, Clone, Copy)]
pub(in crate::llama) struct ContextOptions {
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

    /// Tokens that llama.cpp allots to all sequences. Those of embeddings share one memory: one long text, or several short ones.
    pub fn cells(&self) -> u64 {
        match self.purpose {
            Purpose::Conversations => u64::from(self.allotted()) * u64::from(self.slots),
            Purpose::Embeddings(_) => u64::from(self.allotted()),
        }
    }

    /// Rows of one decode at most.
    pub fn rows(&self) -> u32 {
        match self.purpose {
            Purpose::Conversations => MAX_ROWS,
            Purpose::Embeddings(Reading::Pieces) => MOST_EMBEDDER_ROWS,
            Purpose::Embeddings(Reading::Whole) => self.context_size.max(MOST_EMBEDDER_ROWS),
        }
    }

    /// Rows of one decode that may want logits. With a large vocabulary they are most of the compute buffer.
    pub fn outputs(&self) -> u32 {
        match self.purpose {
            Purpose::Conversations => self.slots,
            Purpose::Embeddings(_) => self.rows(),
        }
    }
}

/// llama.cpp's form of the options. None if there are more tokens of context than it can count.
pub(in crate::llama) fn params(options: ContextOptions) -> Option<sys::llama_context_params> {
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
    // Each token's own output: a text may come in several calls, which llama.cpp would pool one by one.
    params.pooling_type = sys::LLAMA_POOLING_TYPE_NONE;
    params.no_perf = true;
    Some(params)
}
