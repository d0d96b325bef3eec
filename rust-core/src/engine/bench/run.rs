//! The benches of one engine. A bench begins when there is nothing else to compute, and then has the engine to itself,
//! one call per step. Work that arrives meanwhile waits for its end, except for cancels, scopes that move, and
//! suspensions, which no call spans.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::plan::{BenchCall, BenchPlan};
use crate::engine::backend::{BenchContext, DecodeError, InferenceContext};
use crate::engine::cancel_flag::CancelFlag;
use crate::engine::command::{BenchJob, MeasuredSpeeds};
use crate::engine::step_limits::StepLimits;
use crate::error::{Error, ErrorCode, Result};

/// The outcome of a step for the benches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum BenchStep {
    /// Nothing: there is no bench, or other work comes first.
    NotNow,
    /// A piece of the first bench.
    Computed,
    /// The first bench ended.
    Ended,
}

/// One bench, waiting or running.
struct BenchRun {
    job: Box<BenchJob>,
    begun: Option<Begun>,
}

struct Begun {
    context: Box<dyn BenchContext>,
    threads: u32,
    plan: BenchPlan,
}

impl BenchRun {
    fn end(self, result: Result<MeasuredSpeeds>) {
        // The context first: the manager gives its memory away as soon as it learns of the end.
        drop(self.begun);
        (self.job.reply)(result);
    }
}

#[derive(Default)]
pub(in crate::engine) struct BenchQueue {
    /// The first one waits until there is nothing else to compute.
    runs: VecDeque<BenchRun>,
}

impl BenchQueue {
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    pub(in crate::engine) fn push(&mut self, job: Box<BenchJob>) {
        self.runs.push_back(BenchRun { job, begun: None });
    }

    /// Computes a piece of the first bench. `is_idle`: there is nothing else to compute.
    pub(in crate::engine) fn compute(
        &mut self,
        model: &mut dyn InferenceContext,
        is_idle: bool,
        limits: StepLimits<'_>,
    ) -> BenchStep {
        let Some(first) = self.runs.front_mut() else { return BenchStep::NotNow };
        if first.begun.is_none() {
            if !is_idle {
                return BenchStep::NotNow;
            }
            if let Err(error) = begin(first, model, limits.threads) {
                return self.end(Err(error));
            }
        }
        let BenchRun { job, begun: Some(begun) } = first else { return BenchStep::NotNow };
        let Some(call) = begun.plan.next() else {
            let (prompt, generation) = begun.plan.clone().into_speeds();
            let (threads, batch_size) = (begun.threads, begun.context.batch_size());
            return self.end(Ok(MeasuredSpeeds { prompt, generation, threads, batch_size }));
        };
        let (result, took) = carry_out(&mut *begun.context, call, &job.cancel.or(limits.stop));
        match result {
            // The first call after a suspension pays for what the suspension took away.
            Ok(()) if !limits.run_state.is_measured() => begun.plan.begin_run_again(),
            Ok(()) => {
                if begun.plan.computed(call, took) {
                    let (done, total) = begun.plan.progress();
                    (job.progress)(done, total);
                }
            }
            // The flag ends the bench, or the engine, before the next call.
            Err(DecodeError::Aborted) => begun.plan.begin_run_again(),
            Err(DecodeError::Full) => return self.fail("its memory is full"),
            Err(DecodeError::Failed(detail)) => return self.fail(&detail),
        }
        BenchStep::Computed
    }

    /// Begins all runs again: runs with other threads are no repetitions of those before.
    pub(in crate::engine) fn set_threads(&mut self, threads: u32) {
        for begun in self.runs.iter_mut().filter_map(|run| run.begun.as_mut()) {
            begun.context.set_threads(threads);
            begun.threads = threads;
            begun.plan.begin_again();
        }
    }

    /// True if a bench ended.
    pub(in crate::engine) fn reap_cancelled(&mut self) -> bool {
        let before = self.runs.len();
        for index in (0..before).rev() {
            if self.runs[index].job.cancel.is_cancelled()
                && let Some(run) = self.runs.remove(index)
            {
                run.end(Err(Error::new(ErrorCode::Cancelled, "the bench was cancelled - ask for it again")));
            }
        }
        self.runs.len() < before
    }

    pub(in crate::engine) fn fail_all(&mut self, error: &Error) {
        for run in self.runs.drain(..) {
            run.end(Err(error.clone()));
        }
    }

    fn fail(&mut self, detail: &str) -> BenchStep {
        tracing::error!(detail, "a bench failed");
        let detail = format!("the bench failed: {detail} - try again");
        self.end(Err(Error::new(ErrorCode::InferenceFailed, detail)))
    }

    fn end(&mut self, result: Result<MeasuredSpeeds>) -> BenchStep {
        if let Some(run) = self.runs.pop_front() {
            run.end(result);
        }
        BenchStep::Ended
    }
}

fn begin(run: &mut BenchRun, model: &mut dyn InferenceContext, threads: u32) -> Result<()> {
    let context = model.bench_context(run.job.context_size(), threads)?;
    let plan = BenchPlan::new(&run.job, context.batch_size());
    run.begun = Some(Begun { context, threads, plan });
    tracing::debug!(threads, "a bench began");
    Ok(())
}

fn carry_out(
    context: &mut dyn BenchContext,
    BenchCall { position, count, .. }: BenchCall,
    abort: &CancelFlag,
) -> (std::result::Result<(), DecodeError>, Duration) {
    if position == 0 {
        context.clear();
    }
    let started = Instant::now();
    let result = context.compute(position, count, abort);
    (result, started.elapsed())
}
