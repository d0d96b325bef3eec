//! The way of one generation through the manager: its scope, its model, its template, the engine, and its end. Every
//! turn ends exactly once, in `finished`.

mod rendering;

pub(super) use rendering::caught;

use std::sync::Arc;
use std::time::Instant;

use super::lease::LeaseId;
use super::mailbox::{Reply, Transcript};
use super::next_lease;
use super::scope::{Change, Input, Scope, Undo};
use super::supervisor::{Supervisor, now_ms};
use crate::engine::{Answer, CancelFlag, Finished};
use crate::error::{Error, ErrorCode, Result};
use crate::hub::no_generation;
use crate::kv::{KvSnapshot, UnusableKv};
use crate::protocol::{
    Event, FinishReason, GenerateCommand, GenerateOptions, GenerationPhase, GenerationState, Message, ModelConfig,
    Outcome, Overflow, Role, Timings, Usage,
};

/// Generations that may wait or run at once for one model.
const QUEUE_LIMIT: usize = 256;

/// What reading a scope's KV from disk gave.
pub(super) type Saved = std::result::Result<Arc<KvSnapshot>, UnusableKv>;

/// A generation that has not finished.
pub(super) struct Turn {
    scope: String,
    config: ModelConfig,
    options: GenerateOptions,
    /// No template is applied to the transcript's last message, which is all of it.
    is_raw: bool,
    overflow: Overflow,
    /// Read from disk for this turn; kept until the engine has it.
    kept: Option<Arc<KvSnapshot>>,
    lease: LeaseId,
    cancel: CancelFlag,
    requested_at: Instant,
    stage: Stage,
    /// Callers of cancel, answered at the end.
    cancels: Vec<Reply>,
}

enum Stage {
    /// An earlier turn of the scope has not ended.
    WaitingForScope(Input),
    WaitingForModel(Undo),
    Rendering(Undo),
    Running(Undo),
}

impl Supervisor {
    pub(super) fn generate(&mut self, command: GenerateCommand, reply: Reply) {
        let GenerateCommand { generation_id: id, model: config, scope, persist, overflow, options, .. } = command;
        let is_raw = command.prompt.is_some();
        let input = match command.prompt {
            Some(prompt) => Input::Replace(vec![Message::new(Role::User, prompt)]),
            None => Input::of(command.append, command.messages),
        };
        if let Some(error) = self.refusal(&id, &scope, &config) {
            return reply(Err(error));
        }
        self.call_off_guess(&scope);
        let state = GenerationState {
            id: id.clone(),
            scope: scope.clone(),
            model: config.path.clone(),
            phase: GenerationPhase::Queued,
            text: String::new(),
            reasoning: String::new(),
            tool_calls: Vec::new(),
            logprobs: Vec::new(),
        };
        self.hub.publish(Event::GenerationQueued { generation: state });
        reply(Ok(()));

        let turn = Turn {
            scope: scope.clone(),
            config: config.clone(),
            options,
            is_raw,
            overflow,
            kept: None,
            lease: next_lease(),
            cancel: CancelFlag::default(),
            requested_at: Instant::now(),
            stage: Stage::WaitingForScope(input),
            cancels: Vec::new(),
        };
        let lease = turn.lease;
        self.turns.insert(id.clone(), turn);
        let conversation = self
            .scopes
            .entry(scope.clone())
            .or_insert_with(|| Scope::new(scope.clone(), config.path.clone(), now_ms()));
        conversation.turns.push_back(id.clone());
        if let Some(persist) = persist.filter(|persist| *persist != conversation.persist) {
            self.set_persist(&scope, persist, Box::new(|_| {}));
        }
        if self.scopes.get(&scope).is_some_and(|scope| scope.turns.len() == 1) {
            self.begin_next(&scope);
        } else {
            self.acquire_for_turn(lease, &id, config);
        }
    }

    fn refusal(&self, id: &str, scope: &str, config: &ModelConfig) -> Option<Error> {
        if self.hub.knows_generation(id) {
            let detail = format!("generationId {id} is taken - give every generation an id of its own");
            return Some(Error::new(ErrorCode::InvalidOptions, detail));
        }
        if self.scopes.get(scope).is_some_and(|scope| !scope.disposing.is_empty()) {
            let detail = format!("scope {scope} is being disposed - send again when that is done");
            return Some(Error::new(ErrorCode::Busy, detail));
        }
        let waiting = self.turns.values().filter(|turn| turn.config.path == config.path).count();
        (waiting >= QUEUE_LIMIT).then(|| {
            let detail = format!("{waiting} generations wait for {} - try again when some have finished", config.path);
            Error::new(ErrorCode::Busy, detail)
        })
    }

    /// Begins the scope's first turn if it has not begun.
    pub(super) fn begin_next(&mut self, scope_id: &str) {
        let Some(scope) = self.scopes.get_mut(scope_id) else { return };
        let Some(id) = scope.turns.front().cloned() else { return };
        let Some(turn) = self.turns.get_mut(&id) else { return };
        let Stage::WaitingForScope(input) = &mut turn.stage else { return };
        let input = std::mem::replace(input, Input::Append(Vec::new()));
        let (change, undo) = scope.begin(input);
        turn.stage = Stage::WaitingForModel(undo);
        if scope.model != turn.config.path {
            scope.move_to(turn.config.path.clone());
        }
        let (lease, config) = (turn.lease, turn.config.clone());
        self.publish_transcript(scope_id, change);
        self.acquire_for_turn(lease, &id, config);
    }

    /// The entry has answered a generation's lease.
    pub(super) fn model_answered(&mut self, id: &str, result: Result<()>) {
        let Some(turn) = self.turns.get(id) else { return };
        match (result, &turn.stage) {
            (Ok(()), Stage::WaitingForModel(_)) => self.render(id),
            (Ok(()), Stage::WaitingForScope(_) | Stage::Rendering(_) | Stage::Running(_)) => {}
            // Nothing is lost: the turn waits for `ask_again_for_models`, or for its scope and then for that.
            (Err(error), Stage::WaitingForScope(_) | Stage::WaitingForModel(_))
                if error.code == ErrorCode::Suspended => {}
            (Err(error), _) => self.end_unstarted(id, FinishReason::Failed, Some(error)),
        }
    }

    /// After a crash: turns that the engine has not had yet wait for the next one.
    pub(super) fn spare_rendering_turns(&mut self, path: &str) {
        let renders = |turn: &Turn| turn.config.path == path && matches!(turn.stage, Stage::Rendering(_));
        for id in self.turns_where(renders) {
            if let Some(turn) = self.turns.get_mut(&id) {
                turn.stage.advance(Stage::WaitingForModel);
            }
        }
    }

    /// Asks for the models of turns that wait for one: a suspension that refused them is over, or an engine has crashed.
    pub(super) fn ask_again_for_models(&mut self) {
        for id in self.turns_where(|turn| matches!(turn.stage, Stage::WaitingForModel(_))) {
            // One turn's model may fail at once, and end the turns of others.
            let Some(turn) = self.turns.get(&id) else { continue };
            let (lease, config) = (turn.lease, turn.config.clone());
            self.acquire_for_turn(lease, &id, config);
        }
    }

    pub(super) fn cancel(&mut self, id: &str, reply: Reply) {
        let Some(turn) = self.turns.get_mut(id) else {
            // One that has finished already is cancelled enough.
            return reply(if self.hub.knows_generation(id) { Ok(()) } else { Err(no_generation(id)) });
        };
        turn.cancels.push(reply);
        self.cancel_turn(id);
    }

    pub(super) fn cancel_turn(&mut self, id: &str) {
        let Some(turn) = self.turns.get(id) else { return };
        turn.cancel.cancel();
        match turn.stage {
            Stage::WaitingForScope(_) | Stage::WaitingForModel(_) => {
                self.end_unstarted(id, FinishReason::Cancelled, None);
            }
            Stage::Rendering(_) => {}
            Stage::Running(_) => {
                let path = turn.config.path.clone();
                self.wake_engine(&path);
            }
        }
    }

    /// The scope's turn that has begun: how it would go back, and what would stay of its answer, if it ended now.
    pub(super) fn begun_turn(&self, scope: &Scope) -> Option<(&Undo, Option<Answer>)> {
        let id = scope.turns.front()?;
        let turn = self.turns.get(id)?;
        let partial = self.hub.answer(id).filter(|answer| turn.options.keep_partial && !answer.is_empty());
        Some((turn.stage.undo()?, partial))
    }

    /// Whether the engine has a turn of the scope, and so perhaps KV of it that was not there before.
    pub(super) fn is_at_work(&self, scope: &Scope) -> bool {
        let turn = scope.turns.front().and_then(|id| self.turns.get(id));
        turn.is_some_and(|turn| matches!(turn.stage, Stage::Running(_)))
    }

    pub(super) fn transcript(&self, id: &str) -> Result<Transcript> {
        let scope = self.scopes.get(id).ok_or_else(|| no_scope(id))?;
        Ok(Transcript { revision: scope.revision(), messages: scope.transcript().to_vec() })
    }

    /// Fails the turns that wait behind others; those in the engine it ends itself.
    pub(super) fn end_waiting_turns(&mut self, path: &str) {
        let waits = |turn: &Turn| matches!(turn.stage, Stage::WaitingForScope(_) | Stage::WaitingForModel(_));
        for id in self.turns_where(|turn| turn.config.path == path && waits(turn)) {
            self.end_unstarted(&id, FinishReason::Failed, Some(unloaded(path)));
        }
    }

    /// Turns that an engine has, or is about to be given.
    pub(super) fn turns_in_engine(&self, path: &str) -> Vec<String> {
        let begun = |turn: &Turn| matches!(turn.stage, Stage::Rendering(_) | Stage::Running(_));
        self.turns_where(|turn| turn.config.path == path && begun(turn))
    }

    fn turns_where(&self, wanted: impl Fn(&Turn) -> bool) -> Vec<String> {
        self.turns.iter().filter(|(_, turn)| wanted(turn)).map(|(id, _)| id.clone()).collect()
    }

    /// Ends turns whose engine exited without a word about them.
    pub(super) fn fail_orphans(&mut self, turns: Vec<String>, error: Option<Error>, path: &str) {
        for id in turns {
            let error = error.clone().unwrap_or_else(|| unloaded(path));
            self.end_unstarted(&id, FinishReason::Failed, Some(error));
        }
    }

    /// Ends a turn of which the engine has no result.
    fn end_unstarted(&mut self, id: &str, reason: FinishReason, error: Option<Error>) {
        let Some(turn) = self.turns.get(id) else { return };
        let waited = turn.requested_at.elapsed().as_secs_f64() * 1000.0;
        self.finished(Finished {
            generation: id.to_owned(),
            reason,
            error,
            answer: Answer::default(),
            usage: Usage::default(),
            timings: Timings { queued_ms: waited, ..Timings::default() },
        });
    }

    /// The one end of every turn: the transcript keeps it or goes back, everybody is told, the lease is released, and
    /// the scope's next turn begins.
    pub(super) fn finished(&mut self, finished: Finished) {
        let Finished { generation: id, reason, error, answer, usage, timings } = finished;
        let Some(turn) = self.turns.remove(&id) else { return };
        if let Some(running) = self.models.get_mut(&turn.config.path).and_then(|model| model.running.as_mut()) {
            running.prefilled(usage.prefilled_tokens, timings.prefill_ms);
        }
        let scope_id = turn.scope;
        if let Some(scope) = self.scopes.get_mut(&scope_id) {
            scope.turns.retain(|other| *other != id);
            scope.last_used_at = now_ms();
            if let Some(disk) = &mut self.disk {
                disk.shelf.touch(&scope_id, scope.last_used_at);
            }
            let succeeded = matches!(reason, FinishReason::Stop | FinishReason::Length | FinishReason::ToolCalls);
            let keep = succeeded || (turn.options.keep_partial && !answer.is_empty());
            let change = turn.stage.into_undo().map(|undo| if keep { scope.commit(answer) } else { scope.undo(undo) });
            if let Some(change) = change {
                self.publish_transcript(&scope_id, change);
                self.save_transcript(&scope_id);
            }
        }
        self.hub.drop_cut_calls(&id);
        let outcome = Outcome { reason, error, usage, timings };
        let phase = GenerationPhase::Finished { outcome };
        self.hub.publish(Event::PhaseChanged { generation_id: id, phase });
        for reply in turn.cancels {
            reply(Ok(()));
        }
        self.release(turn.lease);
        self.finish_disposal(&scope_id);
        self.free_scopes.push(scope_id);
    }

    pub(super) fn publish_transcript(&mut self, id: &str, change: Change) {
        let Some(scope) = self.scopes.get(id) else { return };
        let Change { from, messages, revision } = change;
        let scope_id = id.to_owned();
        self.hub.publish(Event::TranscriptChanged { scope: scope_id, revision, from: from as u32, messages });
        self.hub.publish(Event::ScopeChanged { scope: scope.summary() });
    }
}

impl Stage {
    /// Goes on to a later stage with the same way back.
    fn advance(&mut self, next: fn(Undo) -> Stage) {
        let now = std::mem::replace(self, Stage::WaitingForScope(Input::Append(Vec::new())));
        *self = match now.into_undo() {
            Some(undo) => next(undo),
            None => unreachable!("a turn that has not begun is neither rendered nor run"),
        };
    }

    fn undo(&self) -> Option<&Undo> {
        match self {
            Self::WaitingForScope(_) => None,
            Self::WaitingForModel(undo) | Self::Rendering(undo) | Self::Running(undo) => Some(undo),
        }
    }

    fn into_undo(self) -> Option<Undo> {
        match self {
            Self::WaitingForScope(_) => None,
            Self::WaitingForModel(undo) | Self::Rendering(undo) | Self::Running(undo) => Some(undo),
        }
    }
}

pub(super) fn unloaded(path: &str) -> Error {
    let detail = format!("{path} was unloaded before the answer was complete - ask again to reload it");
    Error::new(ErrorCode::ModelUnloaded, detail)
}

pub(super) fn no_scope(id: &str) -> Error {
    Error::new(ErrorCode::ScopeNotFound, format!("no scope {id} - a scope is made by its first generation"))
}
