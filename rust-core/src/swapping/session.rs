//! The session of one parent, or of one `Llama`, with its model and conversations: wraps commands in functions.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::caller::{CallUpdate, Caller};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::ModelManager;
use crate::protocol::{
    Command, Event, FinishReason, GenerateCommand, GenerateOptions, GenerationPhase, Message, ModelConfig, Outcome,
    Overflow, Persist, Role,
};

/// Id of the session's one lease.
const LEASE: &str = "session";

/// Numbers generated ids, so that they are unique within the process.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

pub(super) struct Session {
    caller: Caller,
    config: ModelConfig,
    /// Names the lease in the log.
    debug_label: &'static str,
    /// Scopes with generated ids. Only this session knows them, so they end with it.
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

    /// Generates an id that no conversation has, not even a saved one.
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

    /// Runs one turn: sends the user's message `text`, calls `on_text` with each piece of the answer, and returns the
    /// whole answer.
    pub(super) fn run_turn(
        &self,
        scope: &str,
        text: &str,
        options: GenerateOptions,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<String> {
        // A generated id cannot be asked for again, so saving the conversation is pointless.
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
        let mut answer = ArrivingAnswer { text: String::new(), accepted: false };
        loop {
            if let Some(result) = answer.take(call.next()?, on_text) {
                return result.map(|()| answer.text);
            }
        }
    }

    /// Copies `scope` to the new scope `fork`. Returns `false` if `scope` has had no turn yet, so that there is nothing
    /// to copy.
    pub(super) fn fork(&self, scope: &str, fork: &str) -> Result<bool> {
        let (scope, fork) = (scope.to_owned(), fork.to_owned());
        unless_missing(self.caller.call(Command::Fork { scope, fork, message_count: None }))
    }

    /// Deletes a conversation. Does nothing for one without a turn.
    pub(super) fn forget(&self, scope: &str) -> Result<()> {
        unless_missing(self.caller.call(Command::DeleteScope { scope: scope.to_owned() }))?;
        self.own().remove(scope);
        Ok(())
    }

    /// Deletes the session's own conversations, returns the lease, frees the model unless it is used elsewhere, and
    /// closes.
    pub(super) fn end(&self) -> Result<()> {
        let ended = self.release_everything();
        self.caller.close();
        ended
    }

    fn release_everything(&self) -> Result<()> {
        let own: Vec<String> = self.own().iter().cloned().collect();
        for scope in own {
            self.forget(&scope)?;
        }
        self.caller.call(Command::Release { lease_id: LEASE.into() })?;
        // A release is answered before it is carried out. The reply to a later command means that it has been.
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

/// An answer that is arriving.
struct ArrivingAnswer {
    text: String,
    accepted: bool,
}

impl ArrivingAnswer {
    /// Applies an update. Returns the result once the generation has ended.
    fn take(&mut self, update: CallUpdate, on_text: &mut dyn FnMut(&str)) -> Option<Result<()>> {
        match update {
            CallUpdate::Event(Event::TextDelta { text, .. }) => self.add(&text, on_text),
            CallUpdate::Event(Event::PhaseChanged { phase: GenerationPhase::Finished { outcome }, .. }) => {
                return Some(end(outcome));
            }
            CallUpdate::Event(Event::Done { .. }) => self.accepted = true,
            CallUpdate::Event(Event::Failed { error, .. }) => return Some(Err(error)),
            CallUpdate::Event(_) => {}
            CallUpdate::State(state) => {
                if let Some(missed) = state.text.get(self.text.len()..) {
                    self.add(missed, on_text);
                }
                if let GenerationPhase::Finished { outcome } = state.phase {
                    return Some(end(outcome));
                }
            }
            CallUpdate::Unknown if self.accepted => {
                let detail = "the answer's events were dropped - read the transcript";
                return Some(Err(Error::new(ErrorCode::GenerationNotFound, detail)));
            }
            CallUpdate::Unknown => {}
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
            Error::new(ErrorCode::InferenceFailed, "the answer failed without a reason - send the prompt again")
        })),
    }
}

/// Turns `scopeNotFound` into `false`.
fn unless_missing(result: Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.code == ErrorCode::ScopeNotFound => Ok(false),
        Err(error) => Err(error),
    }
}
