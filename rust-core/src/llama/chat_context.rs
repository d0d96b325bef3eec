//! The context of conversations, as the engine's `InferenceContext`.

use std::sync::Arc;

use super::bench_context::LlamaBenchContext;
use super::context::LlamaContext;
use super::context_options::ContextOptions;
use super::embedding_context::LlamaEmbeddingContext;
use super::encoder::pooling;
use super::global;
use super::model::Model;
use super::refusal::Refusal;
use super::sampler::LlamaSampler;
use crate::engine::{
    Attention, BenchContext, CancelFlag, DecodeError, EmbeddingContext, EmbeddingModel, Format, InferenceContext, Row,
    Sampler, Sequence, Token,
};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{GenerateOptions, Pooling};

pub(super) struct LlamaChatContext(LlamaContext);

impl LlamaChatContext {
    pub fn new(model: &Arc<Model>, options: ContextOptions) -> std::result::Result<Self, Refusal> {
        LlamaContext::new(model, options).map(Self)
    }

    /// Everything that a state depends on besides the weights, for the fingerprint.
    pub fn state_form(&self) -> String {
        self.0.state_form()
    }
}

impl InferenceContext for LlamaChatContext {
    fn decode(&mut self, rows: &[Row], abort: Option<&CancelFlag>) -> std::result::Result<(), DecodeError> {
        self.0.decode(rows, abort)
    }

    fn sample(&mut self, row: usize, sampler: &mut dyn Sampler) -> Result<Token> {
        match sampler.as_any_mut().downcast_mut::<LlamaSampler>() {
            Some(sampler) => self.0.sample(row, sampler),
            None => {
                let detail = "the sampler belongs to another kind of context";
                Err(Error::new(ErrorCode::InferenceFailed, detail))
            }
        }
    }

    fn logits(&mut self, row: usize) -> Option<Vec<f32>> {
        self.0.logits(row)
    }

    fn sampler(&self, options: &GenerateOptions, format: Option<&Format>) -> Result<Box<dyn Sampler>> {
        Ok(Box::new(LlamaSampler::new(&self.0.model, options, format)?))
    }

    fn length(&self, sequence: Sequence) -> u32 {
        self.0.length(sequence)
    }

    fn truncate(&mut self, sequence: Sequence, length: u32) -> bool {
        self.0.truncate(sequence, length)
    }

    fn can_cut(&self) -> bool {
        self.0.can_cut()
    }

    fn clear(&mut self, sequence: Sequence) {
        self.0.clear(sequence);
    }

    fn save(&mut self, sequence: Sequence) -> Result<Vec<u8>> {
        self.0.save(sequence).map_err(|reason| state_error("saved", &reason))
    }

    fn restore(&mut self, sequence: Sequence, state: &[u8]) -> Result<()> {
        self.0.restore(sequence, state).map_err(|reason| state_error("restored", &reason))
    }

    fn text(&self, token: Token) -> Vec<u8> {
        self.0.model.piece(token, false)
    }

    fn prompt_bytes(&self, token: Token) -> Vec<u8> {
        self.0.model.piece(token, true)
    }

    fn is_control(&self, token: Token) -> bool {
        self.0.model.is_control(token)
    }

    fn is_end(&self, token: Token) -> bool {
        self.0.model.is_end(token)
    }

    fn bench_context(&mut self, tokens: u32, threads: u32) -> Result<Box<dyn BenchContext>> {
        Ok(Box::new(LlamaBenchContext::new(&self.0.model, tokens, threads)?))
    }

    fn set_threads(&mut self, threads: u32) {
        self.0.set_threads(threads);
    }
}

impl EmbeddingModel for LlamaChatContext {
    fn pooling(&self) -> Result<Option<Pooling>> {
        pooling(&self.0.model)
    }

    fn embedding_context(&mut self, text_size: u32, threads: u32) -> Result<Box<dyn EmbeddingContext>> {
        Ok(Box::new(LlamaEmbeddingContext::new(&self.0.model, Attention::Causal, text_size, threads)?))
    }

    fn rest(&mut self) {
        global::rest();
    }
}

fn state_error(what: &str, reason: &str) -> Error {
    Error::new(ErrorCode::InferenceFailed, format!("a sequence could not be {what}: {reason}"))
}
