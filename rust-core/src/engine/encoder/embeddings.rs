//! The texts of one engine that are to be embedded, and the context that computes them. One small call per step: a
//! stream waits for it no longer than for a chunk of a prompt. Jobs take turns after each call, except that a text
//! longer than a call is finished first.

use std::collections::VecDeque;
use std::time::Instant;

use super::pooling::Pool;
use crate::engine::backend::{
    Attention, DecodeError, EMBEDDING_ROWS, EMBEDDING_TEXTS, EmbeddingContext, EmbeddingModel, Row,
};
use crate::engine::command::EmbedJob;
use crate::engine::compute::ChunkPace;
use crate::engine::step_limits::StepLimits;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::Pooling;

/// One job on its way.
struct RunningEmbedJob {
    job: Box<EmbedJob>,
    pooling: Pooling,
    /// The vectors of the texts before the next one.
    done: Vec<Vec<f32>>,
    /// The next text, if a part of it is in memory.
    begun: Option<BegunText>,
}

/// A text that has been computed in part.
struct BegunText {
    tokens: usize,
    pool: Pool,
}

impl RunningEmbedJob {
    fn end(self, result: Result<Vec<Vec<f32>>>) {
        (self.job.reply)(result);
    }

    /// Fills `rows` for the next call. A text that was begun comes first, by itself, because the context has room for
    /// no more. Otherwise as many whole texts as fit into `most` rows; of a longer text its beginning, or under
    /// bidirectional attention all of it.
    fn pack(&self, attention: Attention, most: usize, rows: &mut Vec<Row>) {
        rows.clear();
        let of_one = match attention {
            Attention::Causal => most,
            Attention::Bidirectional => usize::MAX,
        };
        let first = self.done.len();
        let begun = self.begun.as_ref().map_or(0, |begun| begun.tokens);
        let count = if begun > 0 { 1 } else { EMBEDDING_TEXTS };
        for (sequence, text) in self.job.texts[first..].iter().take(count).enumerate() {
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

    /// Takes the outputs of the packed rows.
    fn unpack(&mut self, rows: &[Row], context: &mut dyn EmbeddingContext) -> Result<()> {
        for (index, row) in rows.iter().enumerate() {
            let output = context.vector(index)?;
            let begun = self.begun.get_or_insert_with(|| BegunText { tokens: 0, pool: Pool::new(self.pooling) });
            begun.tokens = row.position as usize + 1;
            begun.pool.add(output);
            if begun.tokens == self.job.texts[self.done.len()].len()
                && let Some(BegunText { pool, .. }) = self.begun.take()
            {
                self.done.push(pool.finish(self.job.normalize)?);
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.done.len() == self.job.texts.len()
    }
}

#[derive(Default)]
pub(in crate::engine) struct EmbeddingQueue {
    /// The first one is computed.
    jobs: VecDeque<RunningEmbedJob>,
    /// Made for the first job, and kept for the next ones.
    context: Option<Box<dyn EmbeddingContext>>,
    /// Not the pace of prompts: every row is an output here, which costs more.
    pace: ChunkPace,
    /// The rows of a call; kept to save its allocation.
    rows: Vec<Row>,
}

impl EmbeddingQueue {
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(in crate::engine) fn push(&mut self, job: Box<EmbedJob>, model: &dyn EmbeddingModel) {
        match model.pooling() {
            Ok(own) => {
                let pooling = job.pooling.or(own).unwrap_or(Pooling::Mean);
                self.jobs.push_back(RunningEmbedJob { job, pooling, done: Vec::new(), begun: None });
            }
            Err(error) => (job.reply)(Err(error)),
        }
    }

    /// Computes a piece of the first job. False if there is none.
    pub(in crate::engine) fn compute(&mut self, model: &mut dyn EmbeddingModel, limits: StepLimits<'_>) -> bool {
        let Some(RunningEmbedJob { job, begun, .. }) = self.jobs.front() else { return false };
        let (text_size, abort) = (job.text_size, job.cancel.or(limits.stop));
        let is_new = begun.is_none();
        if let Err(error) = self.make_context(model, text_size, limits.threads) {
            self.end(0, Err(error));
            return true;
        }
        let most = self.pace.rows(limits.has_streams).min(EMBEDDING_ROWS);
        let is_measured = limits.run_state.is_measured();
        let (Some(running), Some(context)) = (self.jobs.front_mut(), self.context.as_mut()) else {
            return false;
        };
        if is_new {
            context.clear();
        }
        running.pack(context.attention(), most, &mut self.rows);
        let started = Instant::now();
        let result = context.decode(&self.rows, &abort);
        let took = started.elapsed();
        match result {
            Ok(()) => {
                if is_measured {
                    self.pace.measured(self.rows.len(), took);
                }
                match running.unpack(&self.rows, context.as_mut()) {
                    Ok(()) if running.is_done() => {
                        let done = std::mem::take(&mut running.done);
                        self.end(0, Ok(done));
                    }
                    Ok(()) if running.begun.is_none() => self.jobs.rotate_left(1),
                    Ok(()) => {}
                    Err(error) => self.end(0, Err(error)),
                }
            }
            // The flag ends the job, or the engine, before the next call.
            Err(DecodeError::Aborted) => running.begun = None,
            Err(DecodeError::Full) => self.fail("its memory is full"),
            Err(DecodeError::Failed(detail)) => self.fail(&detail),
        }
        true
    }

    /// Frees a smaller context before it makes a larger one: memory may hold only one of them.
    fn make_context(&mut self, model: &mut dyn EmbeddingModel, text_size: u32, threads: u32) -> Result<()> {
        if self.context.as_ref().is_some_and(|context| context.text_size() >= text_size) {
            return Ok(());
        }
        self.context = None;
        self.context = Some(model.embedding_context(text_size, threads)?);
        tracing::debug!(text_size, "an embedding context was made");
        Ok(())
    }

    /// Frees the context. Jobs that are waiting get a new one.
    pub(in crate::engine) fn free_context(&mut self) {
        for running in &mut self.jobs {
            running.begun = None;
        }
        self.context = None;
    }

    pub(in crate::engine) fn set_threads(&mut self, threads: u32) {
        if let Some(context) = &mut self.context {
            context.set_threads(threads);
        }
    }

    pub(in crate::engine) fn reap_cancelled(&mut self) {
        for index in (0..self.jobs.len()).rev() {
            if self.jobs[index].job.cancel.is_cancelled() {
                let detail = "the embeddings were cancelled - ask for them again";
                self.end(index, Err(Error::new(ErrorCode::Cancelled, detail)));
            }
        }
    }

    /// Ends all jobs. Touches no context, so it may follow a panic.
    pub(in crate::engine) fn fail_all(&mut self, error: &Error) {
        for running in self.jobs.drain(..) {
            running.end(Err(error.clone()));
        }
    }

    fn fail(&mut self, detail: &str) {
        tracing::error!(detail, "computing embeddings failed");
        let detail = format!("computing embeddings failed: {detail} - try again");
        self.end(0, Err(Error::new(ErrorCode::InferenceFailed, detail)));
    }

    fn end(&mut self, index: usize, result: Result<Vec<Vec<f32>>>) {
        if let Some(running) = self.jobs.remove(index) {
            running.end(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cancel_flag::CancelFlag;

    fn running(lengths: &[usize]) -> RunningEmbedJob {
        let job = EmbedJob {
            texts: lengths.iter().map(|length| vec![7; *length]).collect(),
            text_size: 256,
            pooling: None,
            normalize: false,
            cancel: CancelFlag::default(),
            reply: Box::new(|_| {}),
        };
        RunningEmbedJob { job: Box::new(job), pooling: Pooling::Mean, done: Vec::new(), begun: None }
    }

    /// Sequence and position of each row.
    fn packed(running: &RunningEmbedJob, most: usize) -> Vec<(u32, u32)> {
        packed_by(Attention::Causal, running, most)
    }

    fn packed_by(attention: Attention, running: &RunningEmbedJob, most: usize) -> Vec<(u32, u32)> {
        let mut rows = Vec::new();
        running.pack(attention, most, &mut rows);
        rows.iter().map(|row| (row.sequence, row.position)).collect()
    }

    #[test]
    fn whole_texts_are_computed_together_and_a_long_one_by_itself() {
        assert_eq!(packed(&running(&[2, 1, 3]), 6), [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)]);
        assert_eq!(packed(&running(&[2, 1, 3]), 5), [(0, 0), (0, 1), (1, 0)], "no text is begun behind another");
        assert_eq!(packed(&running(&[3, 1]), 2), [(0, 0), (0, 1)]);
        assert_eq!(packed(&running(&[1; 20]), 64).len(), EMBEDDING_TEXTS);
        let mut begun = running(&[5, 1]);
        begun.begun = Some(BegunText { tokens: 3, pool: Pool::new(Pooling::Mean) });
        assert_eq!(packed(&begun, 4), [(0, 3), (0, 4)]);
        assert_eq!(packed(&begun, 1), [(0, 3)]);
    }

    #[test]
    fn under_bidirectional_attention_a_text_is_never_cut() {
        let whole = |lengths: &[usize], most| packed_by(Attention::Bidirectional, &running(lengths), most);
        assert_eq!(whole(&[2, 1, 3], 6), packed(&running(&[2, 1, 3]), 6));
        assert_eq!(whole(&[2, 1, 3], 5), [(0, 0), (0, 1), (1, 0)]);
        assert_eq!(whole(&[3, 1], 2), [(0, 0), (0, 1), (0, 2)], "longer than a call, and by itself");
    }
}
