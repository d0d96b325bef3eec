//! Vectors for texts, in a memory of their own, one small call in a step: a stream waits for it no longer than for a chunk of a
//! prompt. Requests take turns after each call, but for a text that is longer than a call, which is finished first.

use std::collections::VecDeque;
use std::time::Instant;

use super::activity::Activity;
use super::embedder::{EMBEDDER_ROWS, EMBEDDER_TEXTS};
use super::pace::Pace;
use super::{CancelFlag, DecodeError, Embedder, EmbeddingModel, Reading, Row, Texts};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::Pooling;

/// Texts on their way.
struct Embedding {
    texts: Box<Texts>,
    pooling: Pooling,
    /// Of the texts before the one that is next.
    done: Vec<Vec<f32>>,
    /// The next text, where a part of it is in memory.
    begun: Option<Begun>,
}

/// A text of which a part was computed.
struct Begun {
    tokens: usize,
    pool: Pool,
}

/// What a text's outputs come to.
struct Pool {
    pooling: Pooling,
    vector: Vec<f32>,
    count: usize,
}

impl Pool {
    fn new(pooling: Pooling) -> Self {
        Self { pooling, vector: Vec::new(), count: 0 }
    }

    fn add(&mut self, output: Vec<f32>) {
        self.count += 1;
        match self.pooling {
            _ if self.count == 1 => self.vector = output,
            Pooling::Cls => {}
            Pooling::Last => self.vector = output,
            Pooling::Mean => self.vector.iter_mut().zip(output).for_each(|(sum, value)| *sum += value),
        }
    }

    fn finish(mut self, normalize: bool) -> Result<Vec<f32>> {
        if self.pooling == Pooling::Mean {
            let count = self.count as f32;
            self.vector.iter_mut().for_each(|sum| *sum /= count);
        }
        let length = self.vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if !length.is_finite() {
            let detail = "the model computed embeddings that are not numbers - its weights are damaged";
            return Err(Error::new(ErrorCode::InferenceFailed, detail));
        }
        if normalize && length > 0.0 {
            self.vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
        }
        Ok(self.vector)
    }
}

impl Embedding {
    fn end(self, result: Result<Vec<Vec<f32>>>) {
        (self.texts.reply)(result);
    }

    /// Fills `rows` with what is computed next: the rest of the text that was begun, by itself, as the memory has room for no
    /// more than that; else as many whole texts as fit into `most` rows, or one that is longer: its beginning, or all of it
    /// where that is how the model reads.
    fn pack(&self, reading: Reading, most: usize, rows: &mut Vec<Row>) {
        rows.clear();
        let of_one = match reading {
            Reading::Pieces => most,
            Reading::Whole => usize::MAX,
        };
        let first = self.done.len();
        let begun = self.begun.as_ref().map_or(0, |begun| begun.tokens);
        let count = if begun > 0 { 1 } else { EMBEDDER_TEXTS };
        for (sequence, text) in self.texts.texts[first..].iter().take(count).enumerate() {
            let begin = if sequence == 0 { begun } else { 0 };
            let pending = &text[begin..];
            if sequence > 0 && rows.len() + pending.len() > most {
                break;
            }
            rows.extend(pending.iter().take(of_one).enumerate().map(|(offset, token)| Row {
                sequence: sequence as u32,
                position: (begin + offset) as u32,
                token: *token,
                wants_logits: true,
            }));
        }
    }

    /// Takes the outputs of what was packed.
    fn unpack(&mut self, rows: &[Row], embedder: &mut dyn Embedder) -> Result<()> {
        for (index, row) in rows.iter().enumerate() {
            let output = embedder.vector(index)?;
            let begun = self.begun.get_or_insert_with(|| Begun { tokens: 0, pool: Pool::new(self.pooling) });
            begun.tokens = row.position as usize + 1;
            begun.pool.add(output);
            if begun.tokens == self.texts.texts[self.done.len()].len()
                && let Some(Begun { pool, .. }) = self.begun.take()
            {
                self.done.push(pool.finish(self.texts.normalize)?);
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.done.len() == self.texts.texts.len()
    }
}

/// What an engine has at hand for the next call.
pub(super) struct Beside<'a> {
    /// Whether streams run, which wait for the call.
    pub(super) streams: bool,
    pub(super) threads: u32,
    pub(super) stop: &'a CancelFlag,
    pub(super) activity: &'a mut Activity,
}

/// The texts of one engine that want vectors, and the memory that they are computed in.
#[derive(Default)]
pub(super) struct Embeddings {
    /// The first one is computed.
    waiting: VecDeque<Embedding>,
    /// Made for the first texts, and kept for the next ones.
    embedder: Option<Box<dyn Embedder>>,
    /// Every row of an embedding is an output, which costs more than a row of a prompt.
    pace: Pace,
    /// The rows of a call; kept to save its allocation.
    rows: Vec<Row>,
}

impl Embeddings {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn take(&mut self, texts: Box<Texts>, model: &dyn EmbeddingModel) {
        match model.pooling() {
            Ok(own) => {
                let pooling = texts.pooling.or(own).unwrap_or(Pooling::Mean);
                self.waiting.push_back(Embedding { texts, pooling, done: Vec::new(), begun: None });
            }
            Err(error) => (texts.reply)(Err(error)),
        }
    }

    /// Computes a piece of the first request. False if there is none.
    pub(super) fn compute(&mut self, model: &mut dyn EmbeddingModel, beside: Beside<'_>) -> bool {
        let Some(Embedding { texts, begun, .. }) = self.waiting.front() else { return false };
        let (text_size, abort) = (texts.text_size, texts.cancel.or(beside.stop));
        let is_new = begun.is_none();
        if let Err(error) = self.make_embedder(model, text_size, beside.threads) {
            self.end(0, Err(error));
            return true;
        }
        let most = self.pace.rows(beside.streams).min(EMBEDDER_ROWS);
        let is_measured = beside.activity.is_measured();
        let (Some(embedding), Some(embedder)) = (self.waiting.front_mut(), self.embedder.as_mut()) else {
            return false;
        };
        if is_new {
            embedder.clear();
        }
        embedding.pack(embedder.reading(), most, &mut self.rows);
        let started = Instant::now();
        let result = embedder.decode(&self.rows, &abort);
        let took = started.elapsed();
        match result {
            Ok(()) => {
                if is_measured {
                    self.pace.measured(self.rows.len(), took);
                }
                match embedding.unpack(&self.rows, embedder.as_mut()) {
                    Ok(()) if embedding.is_done() => {
                        let done = std::mem::take(&mut embedding.done);
                        self.end(0, Ok(done));
                    }
                    Ok(()) if embedding.begun.is_none() => self.waiting.rotate_left(1),
                    Ok(()) => {}
                    Err(error) => self.end(0, Err(error)),
                }
            }
            // The next step finds the flag, or there is none.
            Err(DecodeError::Aborted) => embedding.begun = None,
            Err(DecodeError::Full) => self.fail("its memory is full"),
            Err(DecodeError::Failed(detail)) => self.fail(&detail),
        }
        true
    }

    /// The old one goes first: it may be all that there is room for.
    fn make_embedder(&mut self, model: &mut dyn EmbeddingModel, text_size: u32, threads: u32) -> Result<()> {
        if self.embedder.as_ref().is_some_and(|embedder| embedder.text_size() >= text_size) {
            return Ok(());
        }
        self.embedder = None;
        self.embedder = Some(model.embedder(text_size, threads)?);
        tracing::debug!(text_size, "a memory for embeddings was made");
        Ok(())
    }

    /// One that is needed for what waits is made anew.
    pub(super) fn free_embedder(&mut self) {
        for embedding in &mut self.waiting {
            embedding.begun = None;
        }
        self.embedder = None;
    }

    pub(super) fn set_threads(&mut self, threads: u32) {
        if let Some(embedder) = &mut self.embedder {
            embedder.set_threads(threads);
        }
    }

    pub(super) fn reap_cancelled(&mut self) {
        for index in (0..self.waiting.len()).rev() {
            if self.waiting[index].texts.cancel.is_cancelled() {
                let detail = "the embeddings were cancelled - ask for them again";
                self.end(index, Err(Error::new(ErrorCode::Cancelled, detail)));
            }
        }
    }

    /// Ends everything that waits. Touches no memory, so it may follow a panic.
    pub(super) fn fail_all(&mut self, error: &Error) {
        for embedding in self.waiting.drain(..) {
            embedding.end(Err(error.clone()));
        }
    }

    fn fail(&mut self, detail: &str) {
        tracing::error!(detail, "computing embeddings failed");
        let detail = format!("computing embeddings failed: {detail} - try again");
        self.end(0, Err(Error::new(ErrorCode::InferenceFailed, detail)));
    }

    fn end(&mut self, index: usize, result: Result<Vec<Vec<f32>>>) {
        if let Some(embedding) = self.waiting.remove(index) {
            embedding.end(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedding(lengths: &[usize]) -> Embedding {
        let texts = Texts {
            texts: lengths.iter().map(|length| vec![7; *length]).collect(),
            text_size: 256,
            pooling: None,
            normalize: false,
            cancel: CancelFlag::default(),
            reply: Box::new(|_| {}),
        };
        Embedding { texts: Box::new(texts), pooling: Pooling::Mean, done: Vec::new(), begun: None }
    }

    /// Sequence and position of each row.
    fn packed(embedding: &Embedding, most: usize) -> Vec<(u32, u32)> {
        packed_by(Reading::Pieces, embedding, most)
    }

    fn packed_by(reading: Reading, embedding: &Embedding, most: usize) -> Vec<(u32, u32)> {
        let mut rows = Vec::new();
        embedding.pack(reading, most, &mut rows);
        rows.iter().map(|row| (row.sequence, row.position)).collect()
    }

    #[test]
    fn whole_texts_are_computed_together_and_a_long_one_by_itself() {
        assert_eq!(packed(&embedding(&[2, 1, 3]), 6), [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)]);
        assert_eq!(packed(&embedding(&[2, 1, 3]), 5), [(0, 0), (0, 1), (1, 0)], "no text is begun behind another");
        assert_eq!(packed(&embedding(&[3, 1]), 2), [(0, 0), (0, 1)]);
        assert_eq!(packed(&embedding(&[1; 20]), 64).len(), EMBEDDER_TEXTS);
        let mut begun = embedding(&[5, 1]);
        begun.begun = Some(Begun { tokens: 3, pool: Pool::new(Pooling::Mean) });
        assert_eq!(packed(&begun, 4), [(0, 3), (0, 4)]);
        assert_eq!(packed(&begun, 1), [(0, 3)]);
    }

    #[test]
    fn a_text_that_is_read_as_a_whole_is_never_cut() {
        let whole = |lengths: &[usize], most| packed_by(Reading::Whole, &embedding(lengths), most);
        assert_eq!(whole(&[2, 1, 3], 6), packed(&embedding(&[2, 1, 3]), 6));
        assert_eq!(whole(&[2, 1, 3], 5), [(0, 0), (0, 1), (1, 0)]);
        assert_eq!(whole(&[3, 1], 2), [(0, 0), (0, 1), (0, 2)], "longer than a call, and by itself");
    }

    fn pooled(pooling: Pooling, normalize: bool, outputs: &[[f32; 2]]) -> Result<Vec<f32>> {
        let mut pool = Pool::new(pooling);
        outputs.iter().for_each(|output| pool.add(output.to_vec()));
        pool.finish(normalize)
    }

    #[test]
    fn a_text_is_its_mean_its_first_or_its_last_output() {
        let outputs = [[1.0, 5.0], [2.0, 6.0], [6.0, 1.0]];
        for (pooling, expected) in
            [(Pooling::Mean, [3.0, 4.0]), (Pooling::Cls, [1.0, 5.0]), (Pooling::Last, [6.0, 1.0])]
        {
            assert_eq!(pooled(pooling, false, &outputs), Ok(expected.to_vec()), "{pooling:?}");
        }
        assert_eq!(pooled(Pooling::Mean, true, &outputs), Ok(vec![0.6, 0.8]));
    }

    #[test]
    fn what_has_no_direction_stays_and_what_is_no_number_is_an_error() {
        assert_eq!(pooled(Pooling::Last, true, &[[0.0, 0.0]]), Ok(vec![0.0, 0.0]));
        for broken in [f32::NAN, f32::INFINITY] {
            let error = pooled(Pooling::Mean, true, &[[1.0, broken], [1.0, 1.0]]).expect_err("no number");
            assert_eq!(error.code, ErrorCode::InferenceFailed);
        }
    }
}
