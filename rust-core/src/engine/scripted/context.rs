//! The scripted memory and compute. It checks what the seam promises: rows are sorted, positions have no gap, the abort
//! flag comes with prefill only. A broken promise is a panic, which a test sees as `EngineCrashed`.

use super::bench_context::ScriptedBenchContext;
use super::vocabulary::{ASSISTANT, END, USER, Vocabulary};
use super::{Call, Point, Script, signed};
use crate::engine::backend::{
    Attention, BenchContext, DecodeError, EmbeddingContext, EmbeddingModel, Format, InferenceContext, Row, Sampler,
    Sequence, Token,
};
use crate::engine::cancel_flag::CancelFlag;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{GenerateOptions, ModelInfo, Pooling};

/// The answer to this question is all that the sequence holds before it, without control tokens.
const RECITE: &str = "recite";

pub(super) struct ScriptedContext {
    script: Script,
    vocabulary: Vocabulary,
    context_size: usize,
    sequences: Vec<Vec<Token>>,
    /// The rows of the last decode.
    last: Vec<Row>,
}

struct NoSampler;

impl Sampler for NoSampler {
    fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

impl ScriptedContext {
    pub(super) fn new(script: Script, info: &ModelInfo) -> Self {
        let vocabulary = script.lock().vocabulary.clone();
        let sequences = vec![Vec::new(); info.max_resident as usize];
        Self { script, vocabulary, context_size: info.context_size as usize, sequences, last: Vec::new() }
    }

    /// The answer's next token: a function of what the sequence holds.
    fn next(&self, tokens: &[Token]) -> Token {
        let begin = tokens.iter().rposition(|token| *token == ASSISTANT).expect("a prompt ends in <assistant>");
        let answered = tokens.len() - begin - 1;
        let asked = tokens[..begin].iter().rposition(|token| *token == USER).unwrap_or(0);
        let question = self.vocabulary.text(&tokens[asked..begin]);
        let (scripted, signs) = {
            let state = self.script.lock();
            (state.answers.iter().find(|(known, _)| *known == question).cloned(), state.signs)
        };
        let pieces = match scripted {
            Some((_, pieces)) => pieces.iter().map(|piece| self.vocabulary.token(piece)).collect(),
            None if question == RECITE => self.vocabulary.tokens(&self.vocabulary.text(&tokens[..asked])),
            None if signs => self.vocabulary.tokens(&signed(&question, &tokens[..=begin])),
            None => self.vocabulary.tokens(&format!("you said: {question}")),
        };
        pieces.get(answered).copied().unwrap_or(END)
    }

    fn pass(&self, point: Point, what: &str) -> Result<()> {
        let failed = |error| Error::new(ErrorCode::InferenceFailed, format!("could not {what}: {error:?}"));
        self.script.pass(point).map_err(failed)
    }

    fn check(&self, rows: &[Row]) {
        let mut lengths: Vec<usize> = self.sequences.iter().map(Vec::len).collect();
        for (index, row) in rows.iter().enumerate() {
            assert!(index == 0 || rows[index - 1].sequence <= row.sequence, "rows are sorted by sequence");
            let length = &mut lengths[row.sequence as usize];
            assert_eq!(row.position as usize, *length, "positions have no gap");
            *length += 1;
        }
    }
}

impl InferenceContext for ScriptedContext {
    fn decode(&mut self, rows: &[Row], abort: Option<&CancelFlag>) -> std::result::Result<(), DecodeError> {
        assert!(!rows.is_empty(), "a decode has rows");
        self.check(rows);
        let step = {
            let mut state = self.script.lock();
            let sequences = rows.iter().map(|row| row.sequence).collect();
            state.calls.push(Call { prefill: abort.is_some(), sequences });
            if abort.is_some() {
                state.counts.prefill_calls += 1;
            } else {
                state.counts.decode_calls += 1;
            }
            state.counts.decode_calls
        };
        if abort.is_none() {
            self.script.pass(Point::Decode(step))?;
        }
        self.last.clear();
        for row in rows {
            let tokens = &mut self.sequences[row.sequence as usize];
            if tokens.len() == self.context_size {
                return Err(DecodeError::Full);
            }
            tokens.push(row.token);
            if let Some(abort) = abort {
                let prefilled = {
                    let mut state = self.script.lock();
                    state.counts.prefilled_rows += 1;
                    state.counts.prefilled_rows
                };
                self.script.pass(Point::Prefilled(prefilled))?;
                if abort.is_cancelled() {
                    return Err(DecodeError::Aborted);
                }
            }
        }
        self.last.extend_from_slice(rows);
        Ok(())
    }

    fn sample(&mut self, row: usize, _sampler: &mut dyn Sampler) -> Result<Token> {
        let sampled = {
            let mut state = self.script.lock();
            state.counts.sampled += 1;
            state.counts.sampled
        };
        self.pass(Point::Sample(sampled), "sample")?;
        let row = self.last[row];
        assert!(row.wants_logits, "only rows that want logits are sampled");
        Ok(self.next(&self.sequences[row.sequence as usize][..=row.position as usize]))
    }

    /// The next token is e times as likely as each other one.
    fn logits(&mut self, row: usize) -> Option<Vec<f32>> {
        let row = self.last[row];
        let next = self.next(&self.sequences[row.sequence as usize][..=row.position as usize]);
        let mut logits = vec![0.0; self.vocabulary.size()];
        logits[next as usize] = 1.0;
        Some(logits)
    }

    fn sampler(&self, _: &GenerateOptions, _: Option<&Format>) -> Result<Box<dyn Sampler>> {
        Ok(Box::new(NoSampler))
    }

    fn length(&self, sequence: Sequence) -> u32 {
        self.sequences[sequence as usize].len() as u32
    }

    fn truncate(&mut self, sequence: Sequence, length: u32) -> bool {
        let tokens = &mut self.sequences[sequence as usize];
        if tokens.len() > length as usize && self.script.lock().cannot_cut {
            return false;
        }
        tokens.truncate(length as usize);
        true
    }

    fn can_cut(&self) -> bool {
        !self.script.lock().cannot_cut
    }

    fn clear(&mut self, sequence: Sequence) {
        self.sequences[sequence as usize].clear();
    }

    fn save(&mut self, sequence: Sequence) -> Result<Vec<u8>> {
        if self.script.lock().cannot_save {
            return Err(Error::new(ErrorCode::InferenceFailed, "the script forbids saving"));
        }
        let saved = {
            let mut state = self.script.lock();
            state.counts.saves += 1;
            state.counts.saves
        };
        self.pass(Point::Save(saved), "save")?;
        Ok(self.sequences[sequence as usize].iter().flat_map(|token| token.to_le_bytes()).collect())
    }

    fn restore(&mut self, sequence: Sequence, state: &[u8]) -> Result<()> {
        let restored = {
            let mut state = self.script.lock();
            state.counts.restores += 1;
            state.counts.restores
        };
        self.pass(Point::Restore(restored), "restore")?;
        let tokens = &mut self.sequences[sequence as usize];
        assert!(tokens.is_empty(), "only an empty sequence is restored into");
        let (words, _) = state.as_chunks();
        tokens.extend(words.iter().map(|word| Token::from_le_bytes(*word)));
        if std::mem::take(&mut self.script.lock().restores_badly) {
            tokens.pop();
        }
        Ok(())
    }

    fn text(&self, token: Token) -> Vec<u8> {
        if Vocabulary::is_control(token) { Vec::new() } else { self.vocabulary.bytes(token) }
    }

    fn prompt_bytes(&self, token: Token) -> Vec<u8> {
        self.vocabulary.bytes(token)
    }

    fn is_control(&self, token: Token) -> bool {
        Vocabulary::is_control(token)
    }

    fn is_end(&self, token: Token) -> bool {
        token == END
    }

    fn bench_context(&mut self, tokens: u32, _threads: u32) -> Result<Box<dyn BenchContext>> {
        if std::mem::take(&mut self.script.lock().refuses_bench_contexts) {
            return Err(Error::new(ErrorCode::OutOfMemory, "the script has no room for a bench"));
        }
        Ok(Box::new(ScriptedBenchContext::new(self.script.clone(), tokens)))
    }

    fn set_threads(&mut self, threads: u32) {
        self.script.lock().threads.push(threads);
    }
}

impl EmbeddingModel for ScriptedContext {
    fn pooling(&self) -> Result<Option<Pooling>> {
        match self.script.lock().makes_no_embeddings {
            false => Ok(None),
            true => Err(Error::new(ErrorCode::ModelUnsupported, "the script makes no embeddings")),
        }
    }

    fn embedding_context(&mut self, text_size: u32, _threads: u32) -> Result<Box<dyn EmbeddingContext>> {
        self.script.embedding_context(text_size, Attention::Causal)
    }

    fn rest(&mut self) {
        self.script.lock().counts.rests += 1;
    }
}

impl Drop for ScriptedContext {
    fn drop(&mut self) {
        // A failure planned for the end of a model has nowhere to go.
        let _ = self.script.pass(Point::Free);
        self.script.lock().counts.live -= 1;
    }
}
