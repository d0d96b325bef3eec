//! The seam to a context: KV memory and compute for the conversations of one model.

use super::answer_format::Format;
use super::bench_context::BenchContext;
use super::encoder::EmbeddingModel;
use super::row::{DecodeError, Row, Sequence, Token};
use super::sampler::Sampler;
use crate::engine::cancel_flag::CancelFlag;
use crate::error::Result;
use crate::protocol::GenerateOptions;

/// The KV memory and compute of one model. Lives and dies on the engine's thread.
pub trait InferenceContext: EmbeddingModel {
    /// Decodes rows sorted by sequence, then position. `abort` stops it early where the backend can. Pass it for
    /// prefill only: aborting a batch that streams share loses their logits.
    fn decode(&mut self, rows: &[Row], abort: Option<&CancelFlag>) -> std::result::Result<(), DecodeError>;

    /// Chooses the next token from the logits of row `row` of the last decode, and tells the sampler of it.
    fn sample(&mut self, row: usize, sampler: &mut dyn Sampler) -> Result<Token>;

    /// The logits after row `row` of the last decode, one for each token of the vocabulary. None if the row has none,
    /// or if this implementation computes none.
    fn logits(&mut self, row: usize) -> Option<Vec<f32>> {
        let _ = row;
        None
    }

    /// A sampler for one generation, which allows only what the prompt's format allows.
    fn sampler(&self, options: &GenerateOptions, format: Option<&Format>) -> Result<Box<dyn Sampler>>;

    /// Tokens that `sequence` holds.
    fn length(&self, sequence: Sequence) -> u32;

    /// Forgets everything from `length` on. False if this memory cannot be cut there: then `clear` and prefill anew.
    fn truncate(&mut self, sequence: Sequence, length: u32) -> bool;

    /// Whether `truncate` succeeds at any length. It does not where a memory is recurrent or keeps only a window.
    fn can_cut(&self) -> bool;

    /// Forgets all tokens of `sequence`. Always succeeds, also after a failed decode.
    fn clear(&mut self, sequence: Sequence);

    /// Everything that `sequence` holds, in bytes for `restore`: of this context, or of any other with the same
    /// fingerprint, with any number of slots.
    fn save(&mut self, sequence: Sequence) -> Result<Vec<u8>>;

    /// Puts bytes from `save` into an empty sequence, not necessarily the same one. After an error the sequence may
    /// hold anything: `clear` it.
    fn restore(&mut self, sequence: Sequence, state: &[u8]) -> Result<()>;

    /// The bytes of a token as the answer shows them; nothing for a control token.
    fn text(&self, token: Token) -> Vec<u8>;

    /// The bytes of a token in a rendered prompt, control tokens included.
    fn prompt_bytes(&self, token: Token) -> Vec<u8>;

    /// Whether the token steers the model and is no text, such as the start of a turn.
    fn is_control(&self, token: Token) -> bool;

    /// Whether the token ends an answer.
    fn is_end(&self, token: Token) -> bool;

    /// Makes a context for benches of that many tokens, on the same weights, with that many threads. `OutOfMemory` if
    /// it does not fit.
    fn bench_context(&mut self, tokens: u32, threads: u32) -> Result<Box<dyn BenchContext>>;

    /// Computes with this many threads, at least 1, from the next decode on. Costs nothing.
    fn set_threads(&mut self, threads: u32);
}
