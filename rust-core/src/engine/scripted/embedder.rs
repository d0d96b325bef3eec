//! Scripted vectors: a function of the tokens alone, and so the same whatever else is computed beside them.

use super::{Point, Script};
use crate::engine::{CancelFlag, DecodeError, EMBEDDER_ROWS, EMBEDDER_TEXTS, Embedder, Reading, Row, Token};
use crate::error::Result;

pub(super) struct ScriptedEmbedder {
    script: Script,
    text_size: u32,
    reading: Reading,
    sequences: Vec<Vec<Token>>,
    last: Vec<Row>,
}

impl ScriptedEmbedder {
    pub(super) fn new(script: Script, text_size: u32, reading: Reading) -> Self {
        let mut state = script.lock();
        state.counts.embedders += 1;
        state.counts.live_embedders += 1;
        drop(state);
        Self { script, text_size, reading, sequences: vec![Vec::new(); EMBEDDER_TEXTS], last: Vec::new() }
    }
}

/// What the script says of a token behind others: how many there are with it, and its number.
pub(crate) fn output(tokens: &[Token]) -> Vec<f32> {
    vec![tokens.len() as f32, tokens.last().map_or(0.0, |token| *token as f32)]
}

/// What the script says of a token among all others of its text: how many those are, and its number.
pub(crate) fn output_of_whole(tokens: &[Token], position: usize) -> Vec<f32> {
    vec![tokens.len() as f32, tokens[position] as f32]
}

impl Embedder for ScriptedEmbedder {
    fn text_size(&self) -> u32 {
        self.text_size
    }

    fn reading(&self) -> Reading {
        self.reading
    }

    fn decode(&mut self, rows: &[Row], abort: &CancelFlag) -> std::result::Result<(), DecodeError> {
        let together = rows.iter().any(|row| row.sequence != rows[0].sequence);
        let most = match self.reading {
            Reading::Whole if !together => self.text_size as usize,
            Reading::Whole | Reading::Pieces => EMBEDDER_ROWS,
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
            held <= self.text_size.max(EMBEDDER_ROWS as u32) as usize,
            "{held} tokens in room for {}",
            self.text_size
        );
        self.last = rows.to_vec();
        Ok(())
    }

    fn vector(&mut self, row: usize) -> Result<Vec<f32>> {
        let Row { sequence, position, .. } = self.last[row];
        let (tokens, position) = (&self.sequences[sequence as usize], position as usize);
        Ok(match self.reading {
            Reading::Pieces => output(&tokens[..=position]),
            Reading::Whole => output_of_whole(tokens, position),
        })
    }

    fn clear(&mut self) {
        self.sequences.iter_mut().for_each(Vec::clear);
    }

    fn set_threads(&mut self, threads: u32) {
        self.script.lock().embedder_threads.push(threads);
    }
}

impl Drop for ScriptedEmbedder {
    fn drop(&mut self) {
        self.script.lock().counts.live_embedders -= 1;
    }
}
