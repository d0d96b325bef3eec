//! The loop of an engine whose model makes embeddings and nothing else. Owns what memories are made of, and those who wait for
//! vectors; has no scopes, no slots and no KV. Whatever is asked of a conversation is refused, or has nothing to do.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::activity::Activity;
use super::embeddings::{Beside, Embeddings};
use super::mailbox::Mailbox;
use super::stream::{Ending, never_admitted};
use super::threads::Threads;
use super::work::{Work, fail_unread};
use super::{CancelFlag, EmbeddingModel, EngineCommand, EngineReport, Prompt, Prompter, Token, Tokenizer};
use crate::autorelease::pooled;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{GenerateOptions, Heat, Message, RenderedPrompt};

pub(super) struct Encoding<'a> {
    report: &'a dyn Fn(EngineReport),
    stop: CancelFlag,
    /// The path that the model was asked for by.
    name: &'a str,
    model: Box<dyn EmbeddingModel>,
    inbox: VecDeque<EngineCommand>,
    embeddings: Embeddings,
    activity: Activity,
    threads: Threads,
}

impl<'a> Encoding<'a> {
    pub(super) fn new(
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
            embeddings: Embeddings::default(),
            activity: Activity::Working,
            threads: Threads::new(threads),
        }
    }

    fn step(&mut self) {
        while let Some(command) = self.inbox.pop_front() {
            self.handle(command);
        }
        self.embeddings.reap_cancelled();
        if self.activity != Activity::Suspended {
            let threads = self.threads.count();
            let beside = Beside { streams: false, threads, stop: &self.stop, activity: &mut self.activity };
            self.embeddings.compute(&mut *self.model, beside);
        }
    }

    fn handle(&mut self, command: EngineCommand) {
        match command {
            EngineCommand::Embed(texts) => self.embeddings.take(texts, &*self.model),
            EngineCommand::FreeEmbedder => self.embeddings.free_embedder(),
            EngineCommand::Generate(job) => {
                let ending = Ending::Failed(no_conversations(self.name));
                (self.report)(EngineReport::Finished(never_admitted(&job, ending, Instant::now())));
            }
            EngineCommand::Prefill(_) | EngineCommand::Restore { .. } | EngineCommand::Bench(_) => {
                command.refuse(&no_conversations(self.name))
            }
            // No scope has a slot here, which is no error.
            EngineCommand::Park { reply, .. } => reply(Ok(())),
            EngineCommand::Copy { reply, .. } => reply(Ok(None)),
            EngineCommand::Wake | EngineCommand::DropScope(_) | EngineCommand::Keep(_) => {}
            EngineCommand::Suspend { reply } => {
                self.activity.suspend();
                self.model.rest();
                reply(Ok(()));
            }
            EngineCommand::Resume => self.activity.resume(),
            EngineCommand::SetHeat(heat) => self.heat(heat),
        }
    }

    fn heat(&mut self, heat: Heat) {
        let Some(change) = self.threads.heat(heat) else { return };
        self.embeddings.set_threads(change.to);
        change.report(self.report);
    }
}

impl Work for Encoding<'_> {
    fn run(&mut self, mailbox: &Mailbox) {
        while !self.stop.is_cancelled() {
            let nothing = self.activity == Activity::Suspended || self.embeddings.is_empty();
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

/// What an encoder is to those who would converse with it: a vocabulary, and a reason.
pub(super) struct NoPrompts {
    tokenizer: Arc<dyn Tokenizer>,
    /// The path that the model was asked for by.
    name: String,
}

impl NoPrompts {
    pub(super) fn new(tokenizer: Arc<dyn Tokenizer>, name: &str) -> Self {
        Self { tokenizer, name: name.to_owned() }
    }
}

impl Prompter for NoPrompts {
    fn render(&self, _: &[Message], _: &GenerateOptions) -> Result<Prompt> {
        Err(no_conversations(&self.name))
    }

    fn complete(&self, _: &str, _: &GenerateOptions) -> Result<Prompt> {
        Err(no_conversations(&self.name))
    }

    fn show(&self, _: &[Message]) -> Result<RenderedPrompt> {
        Err(no_conversations(&self.name))
    }
}

impl Tokenizer for NoPrompts {
    fn tokenize(&self, text: &str, special: bool) -> Result<Vec<Token>> {
        self.tokenizer.tokenize(text, special)
    }

    fn tokenize_text(&self, text: &str) -> Result<Vec<Token>> {
        self.tokenizer.tokenize_text(text)
    }

    fn detokenize(&self, tokens: &[Token]) -> Result<String> {
        self.tokenizer.detokenize(tokens)
    }
}

fn no_conversations(name: &str) -> Error {
    let detail = format!(
        "{name} holds no conversation: it is an embedding model - embed texts with it, and use a chat model for this"
    );
    Error::new(ErrorCode::ModelUnsupported, detail)
}
