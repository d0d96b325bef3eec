//! The engine's loop: continuous batching over scopes. Owns the context, the slots and the queue; never blocks but to
//! wait for mail when there is nothing to do.
//!
//! One step is `reap_cancelled → admit → decode all streams → sample → prefill a chunk`: of a turn, or in turn with those of
//! texts that want embeddings; of a guess where there is neither. While a measurement runs, a step is one call of that.
//! Decode and prefill are separate calls: streams that share a batch with a prefill lose their batching, and an abort loses
//! their logits.
//! Mail is read between steps, where every slot's memory holds exactly its tokens: scopes move there and nowhere else,
//! one in a step while there are streams.

mod compute;
mod guessing;
mod measuring;
mod parking;
mod sharing;
mod turns;

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Weak;
use std::time::Instant;

use self::guessing::Ahead;
use self::measuring::Measuring;
use super::activity::Activity;
use super::embeddings::{Beside, Embeddings};
use super::mailbox::Mailbox;
use super::pace::Pace;
use super::slot::Slot;
use super::stream::{Ending, Stream, never_admitted};
use super::threads::Threads;
use super::work::{Work, fail_unread};
use super::{CancelFlag, EngineCommand, EngineReply, EngineReport, InferenceContext, Job, Row};
use crate::autorelease::pooled;
use crate::error::{Error, ErrorCode, Result};
use crate::kv::KvSnapshot;
use crate::protocol::ModelInfo;

/// Turns that wait at most.
const QUEUE_LIMIT: usize = 1024;

pub(super) struct Scheduler<'a> {
    report: &'a dyn Fn(EngineReport),
    stop: CancelFlag,
    context: Box<dyn InferenceContext>,
    context_size: usize,
    slots: Vec<Slot>,
    inbox: VecDeque<EngineCommand>,
    queue: VecDeque<Box<Job>>,
    /// Sorted by sequence.
    streams: Vec<Stream>,
    /// In the order of their coming. The first one is computed; the others have no slot yet.
    guesses: VecDeque<Ahead>,
    embeddings: Embeddings,
    /// The first one waits until nothing else is to be computed, and is computed then, alone.
    benches: VecDeque<Measuring>,
    /// The last chunk was a prompt's: texts that want embeddings are next.
    embeds_next: bool,
    /// Something changed that may let a queued job in.
    admissible: bool,
    activity: Activity,
    pace: Pace,
    threads: Threads,
    /// Counts admissions and prefill turns.
    clock: u64,
    /// Scopes without a slot, by id. Whoever was told of them decides how long they are kept.
    parked: HashMap<String, Weak<KvSnapshot>>,
    /// A state that was copied could not be shortened by this many tokens: longer cuts are not tried again.
    uncuttable: usize,
    /// The rows of a call; kept to save its allocation.
    rows: Vec<Row>,
}

impl<'a> Scheduler<'a> {
    pub(super) fn new(
        context: Box<dyn InferenceContext>,
        info: &ModelInfo,
        stop: CancelFlag,
        report: &'a dyn Fn(EngineReport),
    ) -> Self {
        Self {
            report,
            stop,
            context,
            context_size: info.context_size as usize,
            slots: vec![Slot::default(); info.max_resident.max(1) as usize],
            inbox: VecDeque::new(),
            queue: VecDeque::new(),
            streams: Vec::new(),
            guesses: VecDeque::new(),
            embeddings: Embeddings::default(),
            benches: VecDeque::new(),
            embeds_next: false,
            admissible: false,
            activity: Activity::Working,
            pace: Pace::default(),
            threads: Threads::new(info.threads),
            clock: 0,
            parked: HashMap::new(),
            uncuttable: usize::MAX,
            rows: Vec::new(),
        }
    }

    fn step(&mut self) {
        self.read_mail();
        self.reap_cancelled();
        if self.activity != Activity::Suspended && !self.measure() {
            self.admit();
            self.decode();
            self.compute_chunk();
        }
    }

    fn compute_chunk(&mut self) {
        if std::mem::take(&mut self.embeds_next) && self.embed() {
            return;
        }
        if self.prefill() {
            self.embeds_next = true;
        } else if !self.embed() {
            self.prefill_guess();
        }
    }

    /// False if there is nothing to embed.
    fn embed(&mut self) -> bool {
        let (streams, threads) = (!self.streams.is_empty(), self.threads.count());
        let beside = Beside { streams, threads, stop: &self.stop, activity: &mut self.activity };
        self.embeddings.compute(&mut *self.context, beside)
    }

    fn suspend(&mut self) -> Result<()> {
        self.activity.suspend();
        self.context.rest();
        tracing::debug!(streams = self.streams.len(), queued = self.queue.len(), "suspended");
        Ok(())
    }

    /// A scope that moves takes milliseconds: beside running streams one moves in a step, and the mail behind it waits.
    /// Whoever wants the engine to stand still waits for none of them.
    fn read_mail(&mut self) {
        while let Some(command) = self.inbox.pop_front() {
            let moves = command.moves_a_scope();
            self.handle(command);
            let streaming = self.activity != Activity::Suspended && !self.streams.is_empty();
            let is_suspend = |command: &EngineCommand| matches!(command, EngineCommand::Suspend { .. });
            if moves && streaming && !self.inbox.iter().any(is_suspend) {
                break;
            }
        }
    }

    fn handle(&mut self, command: EngineCommand) {
        match command {
            EngineCommand::Wake => {}
            EngineCommand::Generate(job) => match self.refusal(&job) {
                Some(error) => self.refuse(&job, Ending::Failed(error)),
                None => {
                    self.queue.push_back(job);
                    self.admissible = true;
                }
            },
            EngineCommand::Prefill(guess) => self.take_guess(guess),
            EngineCommand::Embed(texts) => self.embeddings.take(texts, &*self.context),
            EngineCommand::FreeEmbedder => self.embeddings.free_embedder(),
            EngineCommand::Bench(bench) => self.benches.push_back(Measuring::new(bench)),
            EngineCommand::DropScope(scope) => self.drop_scope(&scope),
            EngineCommand::Park { scope, reply } => self.answer(reply, |it| it.park_scope(&scope)),
            EngineCommand::Copy { scope, reply } => self.answer(reply, |it| it.copy_scope(&scope)),
            EngineCommand::Keep(parked) => self.keep(&parked),
            EngineCommand::Restore { scope, reply } => self.answer(reply, |it| it.restore_scope(&scope)),
            EngineCommand::Suspend { reply } => self.answer(reply, Self::suspend),
            EngineCommand::Resume => self.activity.resume(),
            EngineCommand::SetHeat(heat) => self.heat(heat),
        }
    }

    /// Answers a command whatever happens: a panic ends the engine, and would lose the reply on its way.
    fn answer<T>(&mut self, reply: EngineReply<T>, work: impl FnOnce(&mut Self) -> Result<T>) {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(result) => reply(result),
            Err(panic) => {
                let detail = "the engine crashed while it moved a scope - the next request loads the model again";
                reply(Err(Error::new(ErrorCode::EngineCrashed, detail)));
                resume_unwind(panic);
            }
        }
    }

    /// Why a job will never run, known before anything is computed.
    fn refusal(&self, job: &Job) -> Option<Error> {
        let tokens = job.prompt.tokens.len();
        if tokens == 0 {
            let detail = format!("the prompt of scope {} has no tokens - add a message", job.scope);
            return Some(Error::new(ErrorCode::TemplateFailed, detail));
        }
        if tokens > self.context_size {
            return Some(self.too_long(&job.scope, tokens));
        }
        (self.queue.len() >= QUEUE_LIMIT).then(|| {
            let detail = format!("{QUEUE_LIMIT} generations wait already - try again when one has finished");
            Error::new(ErrorCode::Busy, detail)
        })
    }

    fn too_long(&self, scope: &str, tokens: usize) -> Error {
        let detail = format!(
            "the prompt of scope {scope} has {tokens} tokens, contextSize is {} - shorten the conversation or load the model \
             with a larger contextSize",
            self.context_size
        );
        Error::new(ErrorCode::ContextFull, detail)
    }

    fn refuse(&self, job: &Job, ending: Ending) {
        (self.report)(EngineReport::Finished(never_admitted(job, ending, Instant::now())));
    }
}

impl Work for Scheduler<'_> {
    fn run(&mut self, mailbox: &Mailbox) {
        while !self.stop.is_cancelled() {
            let suspended = self.activity == Activity::Suspended;
            let nothing = self.streams.is_empty()
                && self.queue.is_empty()
                && self.guesses.is_empty()
                && self.embeddings.is_empty()
                && self.benches.is_empty();
            let idle = self.inbox.is_empty() && (suspended || nothing);
            if idle {
                self.context.rest();
            }
            mailbox.receive(idle, &mut self.inbox);
            pooled(|| self.step());
        }
    }

    fn fail_all(&mut self, rest: VecDeque<EngineCommand>, error: &Error) {
        let now = Instant::now();
        for stream in self.streams.drain(..) {
            (self.report)(EngineReport::Finished(stream.finish(Ending::Failed(error.clone()), now)));
        }
        for ahead in self.guesses.drain(..) {
            ahead.end(Err(error.clone()));
        }
        self.embeddings.fail_all(error);
        for measuring in self.benches.drain(..) {
            measuring.end(Err(error.clone()));
        }
        let queued = self.queue.drain(..).map(EngineCommand::Generate);
        fail_unread(self.report, queued.chain(self.inbox.drain(..)).chain(rest), error);
    }
}
