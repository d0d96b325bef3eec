//! A model and the conversations that one parent, or one `Llama`, has with it: commands as functions.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::caller::{Caller, News};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::ModelManager;
use crate::protocol::{
    Command, Event, FinishReason, GenerateCommand, GenerateOptions, GenerationPhase, Message, ModelConfig, Outcome,
    Overflow, Persist, Role,
};

/// A session has one lease.
const LEASE: &str = "session";

/// Numbers generated ids, of which the process has no two alike.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

pub(super) struct Session {
    caller: Caller,
    config: ModelConfig,
    /// Who holds the lease, for the flight recorder.
    debug_label: &'static str,
    /// Scopes whose ids were generated: nobody else knows them, so they end with the session.
    own: Mutex<BTreeSet<String>>,
}

impl Session {
    pub(super) fn new(manager: &ModelManager, config: ModelConfig, debug_label: &'static str) -> Self {
        Self { caller: Caller::connect(manager), config, debug_label, own: Mutex::default() }
    }

    /// Takes the lease and waits until the model is loaded.
    pub(super) fn load(&self) -> Result<()> {
        let (debug_label, model) = (self.debug_label.to_owned(), self.config.clone());
        self.caller.call(Command::Acquire { lease_id: LEASE.into(), debug_label, model })
    }

    /// An id for a conversation that no conversation has, nor had in an earlier process.
    pub(super) fn new_scope(&self, kind: &str) -> String {
        let taken: BTreeSet<String> = self.caller.snapshot().scopes.into_iter().map(|scope| scope.id).collect();
        loop {
            let id = format!("{kind}_{}", NEXT_ID.fetch_add(1, Ordering::Relaxed));
            if !taken.contains(&id) {
                self.own().insert(id.clone());
                return id;
            }
        }
    }

    /// One turn: `text` is the user's message, the result the whole answer. `on_text` gets it piece by piece.
    pub(super) fn say(
        &self,
        scope: &str,
        text: &str,
        options: GenerateOptions,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<String> {
        // Under a name that nobody can ask for again there is nothing to be found later.
        let persist = self.own().contains(scope).then_some(Persist::None);
        let call = self.caller.send(|id| {
            Command::Generate(Box::new(GenerateCommand {
                generation_id: id.to_owned(),
                model: self.config.clone(),
                scope: scope.to_owned(),
                append: Some(vec![Message::new(Role::User, text)]),
                messages: None,
                prompt: None,
                persist,
                overflow: Overflow::default(),
                options,
            }))
        });
        let mut answer = Answer { text: String::new(), accepted: false };
        loop {
            if let Some(result) = answer.take(call.next()?, on_text) {
                return result.map(|()| answer.text);
            }
        }
    }

    /// Makes `fork`, which is new, a copy of `scope`. False if `scope` has had no turn yet, and so has nothing to copy.
    pub(super) fn fork(&self, scope: &str, fork: &str) -> Result<bool> {
        let (scope, fork) = (scope.to_owned(), fork.to_owned());
        unless_missing(self.caller.call(Command::Fork { scope, fork, message_count: None }))
    }

    /// Forgets a conversation. One that has had no turn yet is forgotten already.
    pub(super) fn forget(&self, scope: &str) -> Result<()> {
        unless_missing(self.caller.call(Command::DeleteScope { scope: scope.to_owned() }))?;
        self.own().remove(scope);
        Ok(())
    }

    /// Forgets its own conversations, gives the lease back, frees the model unless somebody else uses it, and closes.
    pub(super) fn end(&self) -> Result<()> {
        let ended = self.give_everything_back();
        self.caller.close();
        ended
    }

    fn give_everything_back(&self) -> Result<()> {
        let own: Vec<String> = self.own().iter().cloned().collect();
        for scope in own {
            self.forget(&scope)?;
        }
        self.caller.call(Command::Release { lease_id: LEASE.into() })?;
        // A release is answered before it is carried out, whatever is sent after it is not.
        self.forget(&self.new_scope("scope"))?;
        let path = &self.config.path;
        match self.caller.snapshot().models.into_iter().find(|model| model.path == *path) {
            Some(model) if model.leases.is_empty() => self.caller.call(Command::Unload { path: path.clone() }),
            Some(_) | None => Ok(()),
        }
    }

    fn own(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer in the making.
struct Answer {
    text: String,
    accepted: bool,
}

impl Answer {
    /// Something once the generation has ended.
    fn take(&mut self, news: News, on_text: &mut dyn FnMut(&str)) -> Option<Result<()>> {
        match news {
            News::Event(Event::TextDelta { text, .. }) => self.add(&text, on_text),
            News::Event(Event::PhaseChanged { phase: GenerationPhase::Finished { outcome }, .. }) => {
                return Some(end(outcome));
            }
            News::Event(Event::Done { .. }) => self.accepted = true,
            News::Event(Event::Failed { error, .. }) => return Some(Err(error)),
            News::Event(_) => {}
            News::State(state) => {
                if let Some(missed) = state.text.get(self.text.len()..) {
                    self.add(missed, on_text);
                }
                if let GenerationPhase::Finished { outcome } = state.phase {
                    return Some(end(outcome));
                }
            }
            News::Unknown if self.accepted => {
                let detail = "too much happened at once to follow the answer - read the transcript";
                return Some(Err(Error::new(ErrorCode::GenerationNotFound, detail)));
            }
            News::Unknown => {}
        }
        None
    }

    fn add(&mut self, text: &str, on_text: &mut dyn FnMut(&str)) {
        if !text.is_empty() {
            self.text.push_str(text);
            on_text(text);
        }
    }
}

fn end(outcome: Outcome) -> Result<()> {
    match outcome.reason {
        FinishReason::Stop | FinishReason::Length | FinishReason::ToolCalls => Ok(()),
        FinishReason::Cancelled => {
            let detail = "the answer was cancelled, or its conversation disposed of - send the prompt again";
            Err(Error::new(ErrorCode::Cancelled, detail))
        }
        FinishReason::Failed => Err(outcome.error.unwrap_or_else(|| {
            Error::new(ErrorCode::InferenceFailed, "the answer failed without a word - send the prompt again")
        })),
    }
}

/// False if there was no such scope.
fn unless_missing(result: Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.code == ErrorCode::ScopeNotFound => Ok(false),
        Err(error) => Err(error),
    }
}
