//! Scripted vectors: a function of the tokens alone, so that they do not depend on what else is computed.

use super::{Point, Script};
use crate::engine::backend::{Attention, DecodeError, EMBEDDING_ROWS, EMBEDDING_TEXTS, EmbeddingContext, Row, Token};
use crate::engine::cancel_flag::CancelFlag;
use crate::error::Result;

pub(super) struct ScriptedEmbeddingContext {
    script: Script,
    text_size: u32,
    attention: Attention,
    sequences: Vec<Vec<Token>>,
    last: Vec<Row>,
}

impl ScriptedEmbeddingContext {
    pub(super) fn new(script: Script, text_size: u32, attention: Attention) -> Self {
        let mut state = script.lock();
        state.counts.embedding_contexts += 1;
        state.counts.live_embedding_contexts += 1;
        drop(state);
        Self { script, text_size, attention, sequences: vec![Vec::new(); EMBEDDING_TEXTS], last: Vec::new() }
    }
}

/// The output of a token under causal attention: the number of tokens up to it, and its id.
pub(crate) fn causal_output(tokens: &[Token]) -> Vec<f32> {
    vec![tokens.len() as f32, tokens.last().map_or(0.0, |token| *token as f32)]
}

/// The output of a token under bidirectional attention: the number of tokens in its text, and its id.
pub(crate) fn bidirectional_output(tokens: &[Token], position: usize) -> Vec<f32> {
    vec![tokens.len() as f32, tokens[position] as f32]
}

impl EmbeddingContext for ScriptedEmbeddingContext {
    fn text_size(&self) -> u32 {
        self.text_size
    }

    fn attention(&self) -> Attention {
        self.attention
    }

    fn decode(&mut self, rows: &[Row], abort: &CancelFlag) -> std::result::Result<(), DecodeError> {
        let together = rows.iter().any(|row| row.sequence != rows[0].sequence);
        let most = match self.attention {
            Attention::Bidirectional if !together => self.text_size as usize,
            Attention::Bidirectional | Attention::Causal => EMBEDDING_ROWS,
        };
        assert!((1..=most).contains(&rows.len()), "{} rows", rows.len());
        let call = {
            let mut state = self.script.lock();
            state.counts.embedding_calls += 1;
            state.counts.embedding_calls
        };
        self.script.pass(Point::Embed(call))?;
        if abort.is_cancelled() {
            return Err(DecodeError::Aborted);
        }
        for row in rows {
            let tokens = &mut self.sequences[row.sequence as usize];
            assert_eq!(row.position as usize, tokens.len(), "positions have no gap");
            tokens.push(row.token);
        }
        let held: usize = self.sequences.iter().map(Vec::len).sum();
        assert!(
            held <= self.text_size.max(EMBEDDING_ROWS as u32) as usize,
            "{held} tokens in room for {}",
            self.text_size
        );
        self.last = rows.to_vec();
        Ok(())
    }

    fn vector(&mut self, row: usize) -> Result<Vec<f32>> {
        let Row { sequence, position, .. } = self.last[row];
        let (tokens, position) = (&self.sequences[sequence as usize], position as usize);
        Ok(match self.attention {
            Attention::Causal => causal_output(&tokens[..=position]),
            Attention::Bidirectional => bidirectional_output(tokens, position),
        })
    }

    fn clear(&mut self) {
        self.sequences.iter_mut().for_each(Vec::clear);
    }

    fn set_threads(&mut self, threads: u32) {
        self.script.lock().embedding_threads.push(threads);
    }
}

impl Drop for ScriptedEmbeddingContext {
    fn drop(&mut self) {
        self.script.lock().counts.live_embedding_contexts -= 1;
    }
}
