//! Every requested model, by path, and every lease. Knows nothing of conversations.

use std::collections::HashMap;
use std::sync::Arc;

use super::engine_slot::{EngineSlot, refuse};
use super::lease::LeaseId;
use super::lifecycle::{Lifecycle, ModelEffect, ModelEvent};
use crate::engine::{EngineCommand, Prompter};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::effects::{Effect, Effects, Timer};
use crate::manager::ticket::Reply;
use crate::protocol::{self, Lease as LeaseState, ModelConfig, ModelInfo, ModelState, ModelStatus};

#[derive(Default)]
pub(in crate::manager) struct ModelTable {
    models: HashMap<String, Model>,
    leases: HashMap<LeaseId, LeaseUse>,
    suspended: bool,
    /// Leases taken and given back so far.
    uses: u64,
}

struct Model {
    lifecycle: Lifecycle,
    engine: Option<EngineSlot>,
    unloads: Vec<Reply>,
    published: Option<ModelState>,
    /// The value of `uses` at this model's last use.
    last_used: u64,
}

struct LeaseUse {
    path: String,
    holder: Holder,
}

/// The holder of a lease. It hears whether the model is ready.
pub(in crate::manager) enum Holder {
    /// A client, until it is answered.
    Client(Option<Reply>),
    Generation(String),
    Task,
}

/// A model that is loaded and not about to go.
pub(in crate::manager) struct LoadedModel {
    /// Epoch of its engine.
    pub(in crate::manager) epoch: u64,
    pub(in crate::manager) prompter: Arc<dyn Prompter>,
    pub(in crate::manager) info: ModelInfo,
}

impl ModelTable {
    /// Takes a lease, or asks again for the model of a lease that is held. Its holder hears that the model is ready, or
    /// the error.
    pub(in crate::manager) fn hold(
        &mut self,
        lease: LeaseId,
        debug_label: String,
        holder: Holder,
        config: ModelConfig,
        fx: &mut Effects,
    ) {
        let path = config.path.clone();
        self.leases.insert(lease, LeaseUse { path: path.clone(), holder });
        if !self.models.contains_key(&path) {
            self.models.insert(path.clone(), Model::new(config.clone()));
            if self.suspended {
                self.on(&path, ModelEvent::Suspend, fx);
            }
        }
        self.count_use(&path);
        self.on(&path, ModelEvent::Acquire { lease, debug_label, config }, fx);
    }

    pub(in crate::manager) fn release(&mut self, lease: LeaseId, fx: &mut Effects) {
        let Some(LeaseUse { path, holder }) = self.leases.remove(&lease) else { return };
        self.count_use(&path);
        self.on(&path, ModelEvent::Release { lease }, fx);
        if let Holder::Client(Some(reply)) = holder {
            let detail = "the lease was released before the model was ready - acquire it again to wait for it";
            reply(Err(Error::new(ErrorCode::LoadCancelled, detail)));
        }
    }

    fn count_use(&mut self, path: &str) {
        self.uses += 1;
        if let Some(model) = self.models.get_mut(path) {
            model.last_used = self.uses;
        }
    }

    pub(in crate::manager) fn unload(&mut self, path: &str, reply: Reply, fx: &mut Effects) {
        let Some(model) = self.models.get_mut(path) else {
            let detail =
                format!("could not unload {path}: it was never acquired - use the path that it was acquired by");
            return reply(Err(Error::new(ErrorCode::ModelNotKnown, detail)));
        };
        model.unloads.push(reply);
        self.on(path, ModelEvent::Unload, fx);
    }

    /// Gives an event to a model's lifecycle, and passes its effects on in order.
    pub(in crate::manager) fn on(&mut self, path: &str, event: ModelEvent, fx: &mut Effects) {
        let Some(model) = self.models.get_mut(path) else { return };
        let effects = model.lifecycle.on(event);
        model.publish(path, fx);
        for effect in effects {
            self.pass_on(path, effect, fx);
        }
    }

    pub(in crate::manager) fn on_all(&mut self, event: &ModelEvent, fx: &mut Effects) {
        match event {
            ModelEvent::Suspend => self.suspended = true,
            ModelEvent::Resume => self.suspended = false,
            _ => {}
        }
        for path in self.paths() {
            self.on(&path, event.clone(), fx);
        }
    }

    fn pass_on(&mut self, path: &str, effect: ModelEffect, fx: &mut Effects) {
        let path = path.to_owned();
        match effect {
            ModelEffect::StartEngine { epoch, config } => fx.push(Effect::StartEngine { path, epoch, config }),
            ModelEffect::StopEngine => fx.push(Effect::StopEngine { path }),
            ModelEffect::EndGenerations => fx.push(Effect::EndWaiting { path }),
            ModelEffect::StartKeepAlive { timer, after } => {
                fx.push(Effect::StartTimer { timer: Timer::KeepAlive { path, number: timer }, after });
            }
            ModelEffect::EvictOthers => fx.push(Effect::EvictOthers { path }),
            ModelEffect::Answer { lease, result } => self.answer(lease, result, fx),
            ModelEffect::AnswerUnload { result } => fx.push(Effect::AnswerUnload { path, result }),
            ModelEffect::Record { event, reason } => fx.record(&path, event, reason),
        }
    }

    /// Answers the callers that wait for an unload.
    pub(in crate::manager) fn answer_unload(&mut self, path: &str, result: &Result<()>) {
        let replies = self.models.get_mut(path).map(|model| std::mem::take(&mut model.unloads));
        for reply in replies.into_iter().flatten() {
            reply(result.clone());
        }
    }

    fn answer(&mut self, lease: LeaseId, result: Result<()>, fx: &mut Effects) {
        let Some(LeaseUse { holder, .. }) = self.leases.get_mut(&lease) else { return };
        match holder {
            Holder::Client(reply) => {
                if let Some(reply) = reply.take() {
                    reply(result);
                }
            }
            Holder::Generation(generation) => {
                fx.push(Effect::GenerationLeaseAnswered { generation: generation.clone(), result });
            }
            Holder::Task => fx.push(Effect::TaskLeaseAnswered { lease, result }),
        }
    }

    pub(in crate::manager) fn paths(&self) -> Vec<String> {
        self.models.keys().cloned().collect()
    }

    /// Epoch of the newest engine. Another engine has other memory, and perhaps other options.
    pub(in crate::manager) fn epoch(&self, path: &str) -> Option<u64> {
        self.models.get(path).map(|model| model.lifecycle.epoch())
    }

    pub(in crate::manager) fn status(&self, path: &str) -> Option<ModelStatus> {
        self.models.get(path).map(|model| model.lifecycle.status())
    }

    /// The properties of a model that is loaded.
    pub(in crate::manager) fn info(&self, path: &str) -> Option<&ModelInfo> {
        self.models.get(path)?.lifecycle.info()
    }

    pub(in crate::manager) fn config(&self, path: &str) -> Option<&ModelConfig> {
        self.models.get(path).map(|model| model.lifecycle.config())
    }

    pub(in crate::manager) fn is_leased(&self, path: &str) -> bool {
        self.models.get(path).is_some_and(|model| model.lifecycle.debug_labels().next().is_some())
    }

    /// Higher is later; 0 before the first use.
    pub(in crate::manager) fn last_used(&self, path: &str) -> u64 {
        self.models.get(path).map_or(0, |model| model.last_used)
    }

    pub(in crate::manager) fn idle_paths(&self) -> Vec<String> {
        let idle = self.models.iter().filter(|(_, model)| model.lifecycle.is_idle());
        idle.map(|(path, _)| path.clone()).collect()
    }

    /// Models whose engine was told to stop and has not exited yet.
    pub(in crate::manager) fn stopping_paths(&self) -> Vec<String> {
        self.engines().filter(|(_, engine)| engine.is_stopping()).map(|(path, _)| path.to_owned()).collect()
    }

    pub(in crate::manager) fn engine(&self, path: &str) -> Option<&EngineSlot> {
        self.models.get(path)?.engine.as_ref()
    }

    pub(in crate::manager) fn engine_mut(&mut self, path: &str) -> Option<&mut EngineSlot> {
        self.models.get_mut(path)?.engine.as_mut()
    }

    /// The engine of this epoch, unless it has exited.
    pub(in crate::manager) fn engine_of(&mut self, path: &str, epoch: u64) -> Option<&mut EngineSlot> {
        self.models.get_mut(path).filter(|model| model.lifecycle.epoch() == epoch)?.engine.as_mut()
    }

    /// Whether the engine of this epoch exists and is not stopping.
    pub(in crate::manager) fn is_current(&self, path: &str, epoch: u64) -> bool {
        self.epoch(path) == Some(epoch) && self.engine(path).is_some_and(|engine| !engine.is_stopping())
    }

    pub(in crate::manager) fn engines(&self) -> impl Iterator<Item = (&str, &EngineSlot)> {
        self.models.iter().filter_map(|(path, model)| Some((path.as_str(), model.engine.as_ref()?)))
    }

    pub(in crate::manager) fn put_engine(&mut self, path: &str, engine: EngineSlot) {
        if let Some(model) = self.models.get_mut(path) {
            model.engine = Some(engine);
        }
    }

    pub(in crate::manager) fn take_engine(&mut self, path: &str) -> Option<EngineSlot> {
        self.models.get_mut(path)?.engine.take()
    }

    /// The model, if it is loaded and takes prompts.
    pub(in crate::manager) fn loaded(&self, path: &str) -> Option<LoadedModel> {
        let model = self.models.get(path)?;
        let prompter = model.engine.as_ref()?.prompter()?;
        Some(LoadedModel { epoch: model.lifecycle.epoch(), prompter, info: model.lifecycle.info()?.clone() })
    }

    /// Sends a command to a loaded model's engine. If no engine takes it, the command's reply gets the error.
    pub(in crate::manager) fn ask_engine(&self, path: &str, command: EngineCommand) {
        match self.engine(path) {
            Some(engine) => engine.ask(command),
            None => refuse(path, command),
        }
    }
}

impl Model {
    fn new(config: ModelConfig) -> Self {
        let lifecycle = Lifecycle::new(config);
        Self { lifecycle, engine: None, unloads: Vec::new(), published: None, last_used: 0 }
    }

    fn publish(&mut self, path: &str, fx: &Effects) {
        let labels = self.lifecycle.debug_labels();
        let state = ModelState {
            path: path.to_owned(),
            config: self.lifecycle.config().clone(),
            status: self.lifecycle.status(),
            leases: labels.map(|label| LeaseState { debug_label: label.to_owned() }).collect(),
            loads: self.lifecycle.loads(),
        };
        if self.published.as_ref() != Some(&state) {
            self.published = Some(state.clone());
            fx.publish(protocol::Event::ModelChanged { model: state });
        }
    }
}

pub(in crate::manager) fn unloaded(path: &str) -> Error {
    let detail = format!("{path} was unloaded before the answer was complete - ask again to reload it");
    Error::new(ErrorCode::ModelUnloaded, detail)
}
