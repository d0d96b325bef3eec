//! Owns the context, the slots and the queue. Never blocks, except to wait for mail when there is nothing to do.
//!
//! One step is `reap_cancelled → admit → decode all streams → sample → compute a chunk`. The chunk is of a turn's
//! prompt or of texts to embed, in turns; with neither, of a prefill job. While a bench runs, a step is one call of it.
//! Decode and prefill are separate calls: streams that share a batch with a prefill lose their batching, and an abort
//! loses their logits. Mail is read between steps, where every slot's memory holds exactly its tokens. Scopes move
//! there and nowhere else, one per step while there are streams.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Weak;
use std::time::Instant;

use super::running_prefill::RunningPrefill;
use super::slots::Slot;
use super::stream::Stream;
use crate::autorelease::pooled;
use crate::engine::backend::{InferenceContext, Row};
use crate::engine::bench::{BenchQueue, BenchStep};
use crate::engine::cancel_flag::CancelFlag;
use crate::engine::command::{EngineCommand, EngineReply, GenerationJob};
use crate::engine::compute::{ChunkPace, ComputeThreads};
use crate::engine::encoder::EmbeddingQueue;
use crate::engine::engine_loop::{EngineLoop, fail_unread};
use crate::engine::mailbox::Mailbox;
use crate::engine::report::{Ending, EngineReport, Finished};
use crate::engine::run_state::RunState;
use crate::engine::step_limits::StepLimits;
use crate::error::{Error, ErrorCode, Result};
use crate::kv::KvSnapshot;
use crate::protocol::ModelInfo;

/// Most turns that may wait for a slot.
const QUEUE_LIMIT: usize = 1024;

pub(in crate::engine) struct Scheduler<'a> {
    pub(super) report: &'a dyn Fn(EngineReport),
    pub(super) stop: CancelFlag,
    pub(super) context: Box<dyn InferenceContext>,
    pub(super) context_size: usize,
    pub(super) slots: Vec<Slot>,
    inbox: VecDeque<EngineCommand>,
    pub(super) queue: VecDeque<Box<GenerationJob>>,
    /// Sorted by sequence.
    pub(super) streams: Vec<Stream>,
    /// In order of arrival. The first one is computed; the others have no slot yet.
    pub(super) prefills: VecDeque<RunningPrefill>,
    pub(super) embeddings: EmbeddingQueue,
    pub(super) benches: BenchQueue,
    /// The last chunk was a prompt's: texts to embed come next.
    embeds_next: bool,
    /// Something changed that may let a queued job in.
    pub(super) admissible: bool,
    pub(super) run_state: RunState,
    pub(super) pace: ChunkPace,
    pub(super) threads: ComputeThreads,
    /// Counts admissions and prefill turns.
    pub(super) clock: u64,
    /// Scopes without a slot, by id. Weak by design: the manager's RAM cache decides how long a copy lives.
    pub(super) parked: HashMap<String, Weak<KvSnapshot>>,
    /// A copied state could not be shortened by this many tokens. Cuts that are as long are not tried again.
    pub(super) uncuttable: usize,
    /// The rows of a call; kept to save its allocation.
    pub(super) rows: Vec<Row>,
}

impl<'a> Scheduler<'a> {
    pub(in crate::engine) fn new(
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
            prefills: VecDeque::new(),
            embeddings: EmbeddingQueue::default(),
            benches: BenchQueue::default(),
            embeds_next: false,
            admissible: false,
            run_state: RunState::Running,
            pace: ChunkPace::default(),
            threads: ComputeThreads::new(info.threads),
            clock: 0,
            parked: HashMap::new(),
            uncuttable: usize::MAX,
            rows: Vec::new(),
        }
    }

    fn step(&mut self) {
        self.read_mail();
        self.reap_cancelled();
        if self.run_state != RunState::Suspended && !self.bench() {
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
            self.prefill_ahead();
        }
    }

    /// False if there is nothing to embed.
    fn embed(&mut self) -> bool {
        let (has_streams, threads) = (!self.streams.is_empty(), self.threads.count());
        let limits = StepLimits { has_streams, threads, stop: &self.stop, run_state: &mut self.run_state };
        self.embeddings.compute(&mut *self.context, limits)
    }

    /// False if there is no bench, or if other work comes first.
    fn bench(&mut self) -> bool {
        let is_idle = !self.has_turns() && self.prefills.is_empty() && self.embeddings.is_empty();
        let (has_streams, threads) = (!self.streams.is_empty(), self.threads.count());
        let limits = StepLimits { has_streams, threads, stop: &self.stop, run_state: &mut self.run_state };
        match self.benches.compute(&mut *self.context, is_idle, limits) {
            BenchStep::NotNow => false,
            BenchStep::Computed => true,
            BenchStep::Ended => {
                // Turns may have waited for it.
                self.admissible = true;
                true
            }
        }
    }

    fn has_turns(&self) -> bool {
        !self.streams.is_empty() || !self.queue.is_empty()
    }

    fn suspend(&mut self) -> Result<()> {
        self.run_state.suspend();
        self.context.rest();
        tracing::debug!(streams = self.streams.len(), queued = self.queue.len(), "suspended");
        Ok(())
    }

    /// Moving a scope takes milliseconds. Beside running streams one scope moves per step, and the mail behind it
    /// waits; but a `Suspend` waits for no move.
    fn read_mail(&mut self) {
        while let Some(command) = self.inbox.pop_front() {
            let moves = command.moves_a_scope();
            self.handle(command);
            let streaming = self.run_state != RunState::Suspended && !self.streams.is_empty();
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
            EngineCommand::Prefill(job) => self.take_prefill(job),
            EngineCommand::Embed(job) => self.embeddings.push(job, &*self.context),
            EngineCommand::FreeEmbeddingContext => self.embeddings.free_context(),
            EngineCommand::Bench(job) => self.benches.push(job),
            EngineCommand::DropScope(scope) => self.drop_scope(&scope),
            EngineCommand::Park { scope, reply } => self.answer(reply, |it| it.park_scope(&scope)),
            EngineCommand::Copy { scope, reply } => self.answer(reply, |it| it.copy_scope(&scope)),
            EngineCommand::Keep(parked) => self.keep(&parked),
            EngineCommand::Restore { scope, reply } => self.answer(reply, |it| it.restore_scope(&scope)),
            EngineCommand::Suspend { reply } => self.answer(reply, Self::suspend),
            EngineCommand::Resume => self.run_state.resume(),
            EngineCommand::SetHeat(heat) => self.heat(heat),
        }
    }

    /// Answers a command even if `work` panics: the panic ends the engine, and would take the reply with it.
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

    /// The reason to refuse a job before anything is computed.
    fn refusal(&self, job: &GenerationJob) -> Option<Error> {
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

    pub(super) fn too_long(&self, scope: &str, tokens: usize) -> Error {
        let detail = format!(
            "the prompt of scope {scope} has {tokens} tokens, contextSize is {} - shorten the conversation or load \
             the model with a larger contextSize",
            self.context_size
        );
        Error::new(ErrorCode::ContextFull, detail)
    }

    pub(super) fn refuse(&self, job: &GenerationJob, ending: Ending) {
        (self.report)(EngineReport::Finished(Finished::never_admitted(job, ending, Instant::now())));
    }
}

impl EngineLoop for Scheduler<'_> {
    fn run(&mut self, mailbox: &Mailbox) {
        while !self.stop.is_cancelled() {
            let suspended = self.run_state == RunState::Suspended;
            let nothing =
                !self.has_turns() && self.prefills.is_empty() && self.embeddings.is_empty() && self.benches.is_empty();
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
        for prefill in self.prefills.drain(..) {
            prefill.end(Err(error.clone()));
        }
        self.embeddings.fail_all(error);
        self.benches.fail_all(error);
        let queued = self.queue.drain(..).map(EngineCommand::Generate);
        fail_unread(self.report, queued.chain(self.inbox.drain(..)).chain(rest), error);
    }
}
