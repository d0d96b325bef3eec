//! Measurements. One begins when nothing else is to be computed, and then has the engine to itself, one call in a step: whatever
//! comes meanwhile waits for its end, but cancels, scopes that move, and suspensions, which no call spans.
//!
//! The course is that of llama.cpp's `llama-bench` (tools/llama-bench in its sources): of each kind a run that warms up, then those
//! that count, each from an empty memory; time is that of the calls alone.

use std::time::{Duration, Instant};

use super::Scheduler;
use crate::engine::bench::{Bench, Gauge, Measured};
use crate::engine::{CancelFlag, DecodeError};
use crate::error::{Error, ErrorCode, Result};

/// A measurement that waits, or runs.
pub(super) struct Measuring {
    bench: Box<Bench>,
    begun: Option<Begun>,
}

struct Begun {
    gauge: Box<dyn Gauge>,
    threads: u32,
    course: Course,
}

/// What a run computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A prompt, in calls as large as they may be.
    Prompt,
    /// An answer, a token in a call.
    Generation,
}

/// The calls of a measurement, in their order. Pure: it is told how long each took.
#[derive(Debug, Clone)]
struct Course {
    /// Each with its tokens in a run, and the most of them in a call.
    kinds: Vec<(Kind, u32, u32)>,
    repetitions: u32,
    /// Runs that are over: of the first kind, then of the second, the warming one of each among them.
    runs: u32,
    /// Of the run that is next, or has begun.
    position: u32,
    spent: Duration,
    prompt: Vec<f64>,
    generation: Vec<f64>,
}

/// What is computed next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Call {
    kind: Kind,
    /// Tokens of its run that are in memory. 0: the memory is to be cleared.
    position: u32,
    count: u32,
}

impl Course {
    fn new(bench: &Bench, batch_size: u32) -> Self {
        let kinds =
            [(Kind::Prompt, bench.prompt_tokens, batch_size.max(1)), (Kind::Generation, bench.generated_tokens, 1)];
        Self {
            kinds: kinds.into_iter().filter(|(_, tokens, _)| *tokens > 0).collect(),
            repetitions: bench.repetitions,
            runs: 0,
            position: 0,
            spent: Duration::ZERO,
            prompt: Vec::new(),
            generation: Vec::new(),
        }
    }

    /// None when all is measured.
    fn next(&self) -> Option<Call> {
        let (kind, tokens, most) = self.run()?;
        Some(Call { kind, position: self.position, count: (tokens - self.position).min(most) })
    }

    /// The kind of the run, its tokens, and the most of them in a call.
    fn run(&self) -> Option<(Kind, u32, u32)> {
        let (kind, tokens, most) = *self.kinds.get((self.runs / (self.repetitions + 1)) as usize)?;
        // As much as `llama-bench` warms up with.
        let tokens = if kind == Kind::Generation && self.warms_up() { 1 } else { tokens };
        Some((kind, tokens, most))
    }

    fn warms_up(&self) -> bool {
        self.runs.is_multiple_of(self.repetitions + 1)
    }

    /// The call was carried out. Gives whether a run that counts is over.
    fn computed(&mut self, call: Call, took: Duration) -> bool {
        let Some((kind, tokens, _)) = self.run() else { return false };
        self.position += call.count;
        self.spent += took;
        if self.position < tokens {
            return false;
        }
        let counts = !self.warms_up();
        if counts {
            // A clock that did not move tells nothing, but a number is a number.
            let seconds = self.spent.max(Duration::from_nanos(1)).as_secs_f64();
            let speeds = match kind {
                Kind::Prompt => &mut self.prompt,
                Kind::Generation => &mut self.generation,
            };
            speeds.push(f64::from(tokens) / seconds);
        }
        self.runs += 1;
        self.begin_run_again();
        counts
    }

    /// What was computed of the run counts no longer.
    fn begin_run_again(&mut self) {
        self.position = 0;
        self.spent = Duration::ZERO;
    }

    fn begin_again(&mut self) {
        self.runs = 0;
        self.prompt.clear();
        self.generation.clear();
        self.begin_run_again();
    }

    /// Runs that count: those that are over, and all.
    fn progress(&self) -> (u32, u32) {
        let done = self.prompt.len() + self.generation.len();
        (u32::try_from(done).unwrap_or(u32::MAX), self.kinds.len() as u32 * self.repetitions)
    }
}

impl Measuring {
    pub(super) fn new(bench: Box<Bench>) -> Self {
        Self { bench, begun: None }
    }

    pub(super) fn end(self, result: Result<Measured>) {
        // The memory first: whoever hears of the end may need it.
        drop(self.begun);
        (self.bench.reply)(result);
    }
}

impl Scheduler<'_> {
    /// Computes a piece of the first measurement. False where there is none, or something else comes first.
    pub(super) fn measure(&mut self) -> bool {
        let Some(first) = self.benches.front() else { return false };
        if first.begun.is_none() {
            if !self.is_at_leisure() {
                return false;
            }
            if let Err(error) = self.begin_bench() {
                self.end_bench(0, Err(error));
                return true;
            }
        }
        let stop = self.stop.clone();
        let Some(Measuring { bench, begun: Some(begun) }) = self.benches.front_mut() else { return false };
        let Some(call) = begun.course.next() else {
            let Course { prompt, generation, .. } = begun.course.clone();
            let (threads, batch_size) = (begun.threads, begun.gauge.batch_size());
            self.end_bench(0, Ok(Measured { prompt, generation, threads, batch_size }));
            return true;
        };
        let (result, took) = carry_out(&mut *begun.gauge, call, &bench.cancel.or(&stop));
        match result {
            Ok(()) => self.call_measured(call, took),
            // The next step finds the flag.
            Err(DecodeError::Aborted) => begun.course.begin_run_again(),
            Err(DecodeError::Full) => self.fail_bench("its memory is full"),
            Err(DecodeError::Failed(detail)) => self.fail_bench(&detail),
        }
        true
    }

    /// Whether nothing else is to be computed.
    fn is_at_leisure(&self) -> bool {
        self.streams.is_empty() && self.queue.is_empty() && self.guesses.is_empty() && self.embeddings.is_empty()
    }

    fn begin_bench(&mut self) -> Result<()> {
        let threads = self.threads.count();
        let Some(Measuring { bench, begun }) = self.benches.front_mut() else { return Ok(()) };
        let gauge = self.context.gauge(bench.size(), threads)?;
        let course = Course::new(bench, gauge.batch_size());
        *begun = Some(Begun { gauge, threads, course });
        tracing::debug!(threads, "a measurement began");
        Ok(())
    }

    fn call_measured(&mut self, call: Call, took: Duration) {
        let is_measured = self.activity.is_measured();
        let Some(Measuring { bench, begun: Some(begun) }) = self.benches.front_mut() else { return };
        if !is_measured {
            // It paid for what the suspension took away.
            begun.course.begin_run_again();
        } else if begun.course.computed(call, took) {
            let (done, total) = begun.course.progress();
            (bench.progress)(done, total);
        }
    }

    /// Runs with other threads are no repetitions of those before.
    pub(super) fn change_threads_of_bench(&mut self, threads: u32) {
        for begun in self.benches.iter_mut().filter_map(|measuring| measuring.begun.as_mut()) {
            begun.gauge.set_threads(threads);
            begun.threads = threads;
            begun.course.begin_again();
        }
    }

    pub(super) fn reap_cancelled_benches(&mut self) {
        for index in (0..self.benches.len()).rev() {
            if self.benches[index].bench.cancel.is_cancelled() {
                self.end_bench(
                    index,
                    Err(Error::new(ErrorCode::Cancelled, "the bench was cancelled - ask for it again")),
                );
            }
        }
    }

    fn fail_bench(&mut self, detail: &str) {
        tracing::error!(detail, "a measurement failed");
        let detail = format!("the bench failed: {detail} - try again");
        self.end_bench(0, Err(Error::new(ErrorCode::InferenceFailed, detail)));
    }

    fn end_bench(&mut self, index: usize, result: Result<Measured>) {
        if let Some(measuring) = self.benches.remove(index) {
            measuring.end(result);
            // Turns may have waited for it.
            self.admissible = true;
        }
    }
}

fn carry_out(
    gauge: &mut dyn Gauge,
    Call { position, count, .. }: Call,
    abort: &CancelFlag,
) -> (std::result::Result<(), DecodeError>, Duration) {
    if position == 0 {
        gauge.clear();
    }
    let started = Instant::now();
    let result = gauge.compute(position, count, abort);
    (result, started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(prompt_tokens: u32, generated_tokens: u32, repetitions: u32) -> Course {
        let bench = Bench {
            prompt_tokens,
            generated_tokens,
            repetitions,
            cancel: CancelFlag::default(),
            progress: Box::new(|_, _| {}),
            reply: Box::new(|_| {}),
        };
        Course::new(&bench, 4)
    }

    /// Position and count of each call, which takes so long, until the end.
    fn calls(course: &mut Course, took: Duration) -> Vec<(Kind, u32, u32)> {
        let mut calls = Vec::new();
        while let Some(call) = course.next() {
            calls.push((call.kind, call.position, call.count));
            course.computed(call, took);
        }
        calls
    }

    #[test]
    fn each_kind_warms_up_and_is_repeated_in_calls_of_its_size() {
        use Kind::{Generation, Prompt};
        let second = Duration::from_secs(1);
        let mut both = course(6, 2, 2);
        let prompt = [(Prompt, 0, 4), (Prompt, 4, 2)];
        let generation = [(Generation, 0, 1), (Generation, 1, 1)];
        let expected = [&prompt[..], &prompt, &prompt, &generation[..1], &generation, &generation].concat();
        assert_eq!(calls(&mut both, second), expected);
        assert_eq!((both.prompt.as_slice(), both.generation.as_slice()), (&[3.0, 3.0][..], &[1.0, 1.0][..]));
        assert_eq!(both.progress(), (4, 4));

        let mut generation = course(0, 3, 1);
        assert_eq!(calls(&mut generation, second).len(), 1 + 3);
        assert_eq!((generation.prompt.is_empty(), generation.generation, generation.runs), (true, vec![1.0], 2));
        let mut prompt = course(4, 0, 1);
        assert_eq!(calls(&mut prompt, Duration::ZERO), [(Prompt, 0, 4), (Prompt, 0, 4)]);
        assert!(prompt.prompt[0].is_finite() && prompt.prompt[0] > 1e9, "a clock that stood still");
    }

    #[test]
    fn a_run_or_all_of_them_can_begin_again() {
        let mut course = course(6, 0, 2);
        let step = |course: &mut Course, seconds| {
            let call = course.next().expect("there is more to do");
            course.computed(call, Duration::from_secs(seconds))
        };
        let over: Vec<bool> = (0..4).map(|_| step(&mut course, 1)).collect();
        assert_eq!((over, course.progress()), (vec![false, false, false, true], (1, 2)));
        step(&mut course, 50);
        course.begin_run_again();
        assert_eq!(course.next().map(|call| call.position), Some(0));
        step(&mut course, 1);
        step(&mut course, 2);
        assert_eq!((course.prompt.clone(), course.next()), (vec![3.0, 2.0], None));
        course.begin_again();
        assert_eq!((course.progress(), course.warms_up()), ((0, 2), true));
    }
}
