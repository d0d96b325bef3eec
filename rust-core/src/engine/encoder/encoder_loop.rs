//! The loop of a model that makes embeddings and nothing else. Owns the model and the texts to embed; has no scopes, no
//! slots and no KV. A command for a conversation is refused, or has nothing to do.

use std::collections::VecDeque;
use std::time::Instant;

use super::embeddings::EmbeddingQueue;
use super::no_prompts::no_conversations;
use crate::autorelease::pooled;
use crate::engine::backend::EmbeddingModel;
use crate::engine::cancel_flag::CancelFlag;
use crate::engine::command::EngineCommand;
use crate::engine::compute::ComputeThreads;
use crate::engine::engine_loop::{EngineLoop, fail_unread};
use crate::engine::mailbox::Mailbox;
use crate::engine::report::{Ending, EngineReport, Finished};
use crate::engine::run_state::RunState;
use crate::engine::step_limits::StepLimits;
use crate::error::Error;
use crate::protocol::Heat;

pub(in crate::engine) struct EncoderLoop<'a> {
    report: &'a dyn Fn(EngineReport),
    stop: CancelFlag,
    /// The path that the model was asked for by.
    name: &'a str,
    model: Box<dyn EmbeddingModel>,
    inbox: VecDeque<EngineCommand>,
    embeddings: EmbeddingQueue,
    run_state: RunState,
    threads: ComputeThreads,
}

impl<'a> EncoderLoop<'a> {
    pub(in crate::engine) fn new(
        model: Box<dyn EmbeddingModel>,
        threads: u32,
        name: &'a str,
        stop: CancelFlag,
        report: &'a dyn Fn(EngineReport),
    ) -> Self {
        Self {
            report,
            stop,
            name,
            model,
            inbox: VecDeque::new(),
            embeddings: EmbeddingQueue::default(),
            run_state: RunState::Running,
            threads: ComputeThreads::new(threads),
        }
    }

    fn step(&mut self) {
        while let Some(command) = self.inbox.pop_front() {
            self.handle(command);
        }
        self.embeddings.reap_cancelled();
        if self.run_state != RunState::Suspended {
            let threads = self.threads.count();
            let limits = StepLimits { has_streams: false, threads, stop: &self.stop, run_state: &mut self.run_state };
            self.embeddings.compute(&mut *self.model, limits);
        }
    }

    fn handle(&mut self, command: EngineCommand) {
        match command {
            EngineCommand::Embed(job) => self.embeddings.push(job, &*self.model),
            EngineCommand::FreeEmbeddingContext => self.embeddings.free_context(),
            EngineCommand::Generate(job) => {
                let ending = Ending::Failed(no_conversations(self.name));
                (self.report)(EngineReport::Finished(Finished::never_admitted(&job, ending, Instant::now())));
            }
            EngineCommand::Prefill(_) | EngineCommand::Restore { .. } | EngineCommand::Bench(_) => {
                command.refuse(&no_conversations(self.name))
            }
            // No scope has a slot here, which is no error.
            EngineCommand::Park { reply, .. } => reply(Ok(())),
            EngineCommand::Copy { reply, .. } => reply(Ok(None)),
            EngineCommand::Wake | EngineCommand::DropScope(_) | EngineCommand::Keep(_) => {}
            EngineCommand::Suspend { reply } => {
                self.run_state.suspend();
                self.model.rest();
                reply(Ok(()));
            }
            EngineCommand::Resume => self.run_state.resume(),
            EngineCommand::SetHeat(heat) => self.heat(heat),
        }
    }

    fn heat(&mut self, heat: Heat) {
        let Some(change) = self.threads.heat(heat) else { return };
        self.embeddings.set_threads(change.to);
        change.report(self.report);
    }
}

impl EngineLoop for EncoderLoop<'_> {
    fn run(&mut self, mailbox: &Mailbox) {
        while !self.stop.is_cancelled() {
            let nothing = self.run_state == RunState::Suspended || self.embeddings.is_empty();
            let idle = self.inbox.is_empty() && nothing;
            if idle {
                self.model.rest();
            }
            mailbox.receive(idle, &mut self.inbox);
            pooled(|| self.step());
        }
    }

    fn fail_all(&mut self, rest: VecDeque<EngineCommand>, error: &Error) {
        self.embeddings.fail_all(error);
        fail_unread(self.report, self.inbox.drain(..).chain(rest), error);
    }
}
