//! The first half of a generation's preparation: it waits for its scope, then for its model. `rendering` has the second
//! half.

use std::time::Instant;

use super::finish::end_unstarted;
use super::generation::{Generation, Stage};
use super::prefill_ahead;
use super::rendering::render;
use crate::engine::CancelFlag;
use crate::error::{Error, ErrorCode, Result};
use crate::manager::effects::{Effects, now_ms};
use crate::manager::models::{Holder, LeaseId};
use crate::manager::owners::Owners;
use crate::manager::scopes::commands::set_persist;
use crate::manager::scopes::{Input, Scope};
use crate::manager::ticket::Reply;
use crate::protocol::{
    Event, FinishReason, GenerateCommand, GenerationPhase, GenerationState, Message, ModelConfig, Role,
};

/// Queues a generation behind the others of its scope. `reply` is called once it is queued; its answer comes in events.
pub(in crate::manager) fn generate(it: &mut Owners, fx: &mut Effects, command: GenerateCommand, reply: Reply) {
    if let Err(error) = check(it, &command) {
        return reply(Err(error));
    }
    let GenerateCommand { generation_id: id, model: config, scope, persist, overflow, options, .. } = command;
    let is_raw = command.prompt.is_some();
    let input = match command.prompt {
        Some(prompt) => Input::Replace(vec![Message::new(Role::User, prompt)]),
        None => Input::of(command.append, command.messages),
    };
    prefill_ahead::call_off(it, &scope);
    fx.publish(Event::GenerationQueued { generation: queued(&id, &scope, &config) });
    reply(Ok(()));

    let lease = LeaseId::next();
    let generation = Generation {
        scope: scope.clone(),
        config: config.clone(),
        options,
        is_raw,
        overflow,
        kept: None,
        lease,
        cancel: CancelFlag::default(),
        requested_at: Instant::now(),
        stage: Stage::WaitingForScope(input),
        cancels: Vec::new(),
    };
    it.generations.insert(id.clone(), generation);
    let made = || Scope::new(scope.clone(), config.path.clone(), now_ms());
    let conversation = it.scopes.get_or_insert(&scope, made);
    conversation.generations.push_back(id.clone());
    let is_first = conversation.generations.len() == 1;
    if let Some(persist) = persist.filter(|persist| *persist != conversation.persist) {
        set_persist(it, fx, &scope, persist, Box::new(|_| {}));
    }
    if is_first {
        begin_next(it, fx, &scope);
    } else {
        hold_model(it, fx, &id, lease, config);
    }
}

fn check(it: &Owners, command: &GenerateCommand) -> Result<()> {
    let (id, scope) = (&command.generation_id, &command.scope);
    if it.bus.knows_generation(id) {
        let detail = format!("generationId {id} is taken - give every generation an id of its own");
        return Err(Error::new(ErrorCode::InvalidOptions, detail));
    }
    if it.scopes.get(scope).is_some_and(|scope| !scope.deletions.is_empty()) {
        let detail = format!("scope {scope} is being deleted - send again when that is done");
        return Err(Error::new(ErrorCode::Busy, detail));
    }
    it.generations.check_room(&command.model.path)
}

fn queued(id: &str, scope: &str, config: &ModelConfig) -> GenerationState {
    GenerationState {
        id: id.to_owned(),
        scope: scope.to_owned(),
        model: config.path.clone(),
        phase: GenerationPhase::Queued,
        text: String::new(),
        reasoning: String::new(),
        tool_calls: Vec::new(),
        logprobs: Vec::new(),
    }
}

/// Takes a generation's lease. If it has been taken already, asks again for the model.
fn hold_model(it: &mut Owners, fx: &mut Effects, id: &str, lease: LeaseId, config: ModelConfig) {
    it.models.hold(lease, format!("generation {id}"), Holder::Generation(id.to_owned()), config, fx);
}

/// Begins the scope's first generation if it has not begun.
pub(in crate::manager) fn begin_next(it: &mut Owners, fx: &mut Effects, scope_id: &str) {
    let Some(scope) = it.scopes.get_mut(scope_id) else { return };
    let Some(id) = scope.generations.front().cloned() else { return };
    let Some(generation) = it.generations.get_mut(&id) else { return };
    let Some(input) = generation.stage.take_input() else { return };
    let (change, undo) = scope.begin(input);
    generation.stage = Stage::WaitingForModel(undo);
    if scope.model != generation.config.path {
        scope.move_to(generation.config.path.clone());
    }
    let (lease, config) = (generation.lease, generation.config.clone());
    it.scopes.publish_transcript(scope_id, change, fx);
    hold_model(it, fx, &id, lease, config);
}

/// The model of a generation is ready or has failed.
pub(in crate::manager) fn lease_answered(it: &mut Owners, fx: &mut Effects, id: &str, result: Result<()>) {
    let Some(generation) = it.generations.get(id) else { return };
    match (result, &generation.stage) {
        (Ok(()), Stage::WaitingForModel(_)) => render(it, id),
        (Ok(()), Stage::WaitingForScope(_) | Stage::Rendering(_) | Stage::Running(_)) => {}
        // A suspension ends no generation: this one waits for `ask_again`, or for its scope first.
        (Err(error), Stage::WaitingForScope(_) | Stage::WaitingForModel(_)) if error.code == ErrorCode::Suspended => {}
        (Err(error), _) => end_unstarted(it, fx, id, FinishReason::Failed, Some(error)),
    }
}

/// Asks again for the models that generations wait for, after a suspension or a crash.
pub(in crate::manager) fn ask_again(it: &mut Owners, fx: &mut Effects) {
    for id in it.generations.ids_where(|generation| matches!(generation.stage, Stage::WaitingForModel(_))) {
        // A model that fails at once may have ended other generations.
        let Some(generation) = it.generations.get(&id) else { continue };
        let (lease, config) = (generation.lease, generation.config.clone());
        hold_model(it, fx, &id, lease, config);
    }
}
