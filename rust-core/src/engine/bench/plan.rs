//! The order of a bench's calls. Pure: it is told how long each call took.

use std::time::Duration;

use crate::engine::command::BenchJob;

/// The workload of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A prompt, in the largest calls that are allowed.
    Prompt,
    /// An answer, one token per call.
    Generation,
}

/// The calls of one bench, and the speeds of the runs that are over.
#[derive(Debug, Clone)]
pub(super) struct BenchPlan {
    /// Each with its tokens per run, and the most tokens per call.
    kinds: Vec<(Kind, u32, u32)>,
    repetitions: u32,
    /// Runs that are over, warm-ups included: of the first kind, then of the second.
    runs: u32,
    /// Tokens of the current run that are computed.
    position: u32,
    /// Time of the current run.
    spent: Duration,
    prompt: Vec<f64>,
    generation: Vec<f64>,
}

/// The next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BenchCall {
    pub(super) kind: Kind,
    /// Tokens of its run that are in memory. 0: the memory is cleared first.
    pub(super) position: u32,
    pub(super) count: u32,
}

impl BenchPlan {
    pub(super) fn new(job: &BenchJob, batch_size: u32) -> Self {
        let kinds = [(Kind::Prompt, job.prompt_tokens, batch_size.max(1)), (Kind::Generation, job.generated_tokens, 1)];
        Self {
            kinds: kinds.into_iter().filter(|(_, tokens, _)| *tokens > 0).collect(),
            repetitions: job.repetitions,
            runs: 0,
            position: 0,
            spent: Duration::ZERO,
            prompt: Vec::new(),
            generation: Vec::new(),
        }
    }

    /// None when every run is over.
    pub(super) fn next(&self) -> Option<BenchCall> {
        let (kind, tokens, most) = self.run()?;
        Some(BenchCall { kind, position: self.position, count: (tokens - self.position).min(most) })
    }

    /// The kind of the current run, its tokens, and the most tokens per call.
    fn run(&self) -> Option<(Kind, u32, u32)> {
        let (kind, tokens, most) = *self.kinds.get((self.runs / (self.repetitions + 1)) as usize)?;
        // `llama-bench` warms up generation with one token too.
        let tokens = if kind == Kind::Generation && self.warms_up() { 1 } else { tokens };
        Some((kind, tokens, most))
    }

    fn warms_up(&self) -> bool {
        self.runs.is_multiple_of(self.repetitions + 1)
    }

    /// Counts a call that was carried out. True if it ends a measured run.
    pub(super) fn computed(&mut self, call: BenchCall, took: Duration) -> bool {
        let Some((kind, tokens, _)) = self.run() else { return false };
        self.position += call.count;
        self.spent += took;
        if self.position < tokens {
            return false;
        }
        let is_measured = !self.warms_up();
        if is_measured {
            // A clock that stood still must not make the speed infinite.
            let seconds = self.spent.max(Duration::from_nanos(1)).as_secs_f64();
            let speeds = match kind {
                Kind::Prompt => &mut self.prompt,
                Kind::Generation => &mut self.generation,
            };
            speeds.push(f64::from(tokens) / seconds);
        }
        self.runs += 1;
        self.begin_run_again();
        is_measured
    }

    /// Drops all calls of the current run.
    pub(super) fn begin_run_again(&mut self) {
        self.position = 0;
        self.spent = Duration::ZERO;
    }

    /// Drops all runs.
    pub(super) fn begin_again(&mut self) {
        self.runs = 0;
        self.prompt.clear();
        self.generation.clear();
        self.begin_run_again();
    }

    /// Measured runs: those that are over, and all.
    pub(super) fn progress(&self) -> (u32, u32) {
        let done = self.prompt.len() + self.generation.len();
        (u32::try_from(done).unwrap_or(u32::MAX), self.kinds.len() as u32 * self.repetitions)
    }

    /// Tokens per second of each measured prompt, and of each measured generation.
    pub(super) fn into_speeds(self) -> (Vec<f64>, Vec<f64>) {
        (self.prompt, self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cancel_flag::CancelFlag;

    fn plan(prompt_tokens: u32, generated_tokens: u32, repetitions: u32) -> BenchPlan {
        let job = BenchJob {
            prompt_tokens,
            generated_tokens,
            repetitions,
            cancel: CancelFlag::default(),
            progress: Box::new(|_, _| {}),
            reply: Box::new(|_| {}),
        };
        BenchPlan::new(&job, 4)
    }

    /// Position and count of each call until the end. Each call takes `took`.
    fn calls(plan: &mut BenchPlan, took: Duration) -> Vec<(Kind, u32, u32)> {
        let mut calls = Vec::new();
        while let Some(call) = plan.next() {
            calls.push((call.kind, call.position, call.count));
            plan.computed(call, took);
        }
        calls
    }

    #[test]
    fn each_kind_warms_up_and_is_repeated_in_calls_of_its_size() {
        use Kind::{Generation, Prompt};
        let second = Duration::from_secs(1);
        let mut both = plan(6, 2, 2);
        let prompt = [(Prompt, 0, 4), (Prompt, 4, 2)];
        let generation = [(Generation, 0, 1), (Generation, 1, 1)];
        let expected = [&prompt[..], &prompt, &prompt, &generation[..1], &generation, &generation].concat();
        assert_eq!(calls(&mut both, second), expected);
        assert_eq!((both.prompt.as_slice(), both.generation.as_slice()), (&[3.0, 3.0][..], &[1.0, 1.0][..]));
        assert_eq!(both.progress(), (4, 4));

        let mut generation = plan(0, 3, 1);
        assert_eq!(calls(&mut generation, second).len(), 1 + 3);
        assert_eq!((generation.prompt.is_empty(), generation.generation, generation.runs), (true, vec![1.0], 2));
        let mut prompt = plan(4, 0, 1);
        assert_eq!(calls(&mut prompt, Duration::ZERO), [(Prompt, 0, 4), (Prompt, 0, 4)]);
        assert!(prompt.prompt[0].is_finite() && prompt.prompt[0] > 1e9, "a clock that stood still");
    }

    #[test]
    fn a_run_or_all_of_them_can_begin_again() {
        let mut plan = plan(6, 0, 2);
        let step = |plan: &mut BenchPlan, seconds| {
            let call = plan.next().expect("there is more to do");
            plan.computed(call, Duration::from_secs(seconds))
        };
        let over: Vec<bool> = (0..4).map(|_| step(&mut plan, 1)).collect();
        assert_eq!((over, plan.progress()), (vec![false, false, false, true], (1, 2)));
        step(&mut plan, 50);
        plan.begin_run_again();
        assert_eq!(plan.next().map(|call| call.position), Some(0));
        step(&mut plan, 1);
        step(&mut plan, 2);
        assert_eq!((plan.prompt.clone(), plan.next()), (vec![3.0, 2.0], None));
        plan.begin_again();
        assert_eq!((plan.progress(), plan.warms_up()), ((0, 2), true));
    }
}
