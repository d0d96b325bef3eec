//! The engines: started, stopped when what they have is saved, and what they report.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::AbortHandle;

use super::disposal::Leaving;
use super::embedding::Embedder;
use super::entry;
use super::lease::LeaseId;
use super::mailbox::Message;
use super::memory::ClaimingLoader;
use super::supervisor::Supervisor;
use crate::engine::{CancelFlag, Engine, EngineCommand, EngineReport, Prompter};
use crate::error::{ErrorCode, Result};
use crate::hub::Hub;
use crate::kv::{Fingerprint, RamCache};
use crate::protocol::{Event, GenerationPhase, Heat, LifecycleEvent, ModelConfig};

/// An engine that has been started and has not exited.
pub(super) struct Running {
    pub(super) engine: Engine,
    cancel_load: CancelFlag,
    /// What its states are stamped with on disk. None while it loads, and where it has none.
    pub(super) fingerprint: Option<Fingerprint>,
    is_loaded: bool,
    /// From `Loaded` until the engine is told to stop.
    pub(super) prompter: Option<Arc<dyn Prompter>>,
    /// Templates being rendered with this engine's model. Its weights may not go before they are done.
    pub(super) rendering: usize,
    /// Its scopes that have no slot. They end with it.
    pub(super) parking: RamCache,
    /// Its scopes that were disposed of a moment ago.
    pub(super) leaving: Leaving,
    /// Its memory for embeddings.
    pub(super) embedder: Option<Embedder>,
    /// Frees that, the last one that was started.
    pub(super) embedder_timer: Option<AbortHandle>,
    /// What measurements were estimated to take, by their leases, until the engine has answered.
    pub(super) bench_claims: HashMap<LeaseId, u64>,
    /// What its prompts have cost so far: tokens and milliseconds.
    prefilled: (u64, f64),
    pub(super) stopping: bool,
    /// Its scopes are being saved; then it may go.
    saving: bool,
}

impl Running {
    /// It takes commands, also when it was told to stop: what it has is saved first.
    pub(super) fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// Stops the engine, unless a template is being rendered with its model, or a scope saved: then that comes first.
    pub(super) fn stop_when_ready(&mut self) {
        if self.stopping && self.rendering == 0 && !self.saving {
            self.engine.stop();
        }
    }

    /// Counts a prompt.
    pub(super) fn prefilled(&mut self, tokens: u32, milliseconds: f64) {
        self.prefilled.0 += u64::from(tokens);
        self.prefilled.1 += milliseconds;
    }

    /// Tokens per second, as far as anything was prefilled.
    pub(super) fn prefill_rate(&self) -> Option<f64> {
        let (tokens, milliseconds) = self.prefilled;
        (tokens > 0 && milliseconds > 0.0).then(|| tokens as f64 * 1000.0 / milliseconds)
    }
}

impl Supervisor {
    pub(super) fn start_engine(&mut self, path: &str, epoch: u64, config: ModelConfig) {
        let (hub, mailbox, report_path) = (self.hub.clone(), self.mailbox.clone(), path.to_owned());
        let cancel_load = CancelFlag::default();
        let parking = RamCache::new(config.parked_budget());
        let loader =
            ClaimingLoader { loader: self.loader.clone(), mailbox: mailbox.clone(), path: path.to_owned(), epoch };
        let loader = Arc::new(self.bringing(Arc::new(loader)));
        let engine = Engine::start(loader, config, cancel_load.clone(), move |report| match report {
            // Straight to the hub, as answer text goes, so that the two keep their order.
            EngineReport::Prefilling { generation, done, total } => publish_prefilling(&hub, generation, done, total),
            report => mailbox.tell(Message::Engine { path: report_path.clone(), epoch, report }),
        });
        let _closed_already = engine.send(EngineCommand::SetHeat(self.heat));
        if let Some(model) = self.models.get_mut(path) {
            model.running = Some(Running {
                engine,
                cancel_load,
                fingerprint: None,
                is_loaded: false,
                prompter: None,
                rendering: 0,
                parking,
                leaving: Leaving::default(),
                embedder: None,
                embedder_timer: None,
                bench_claims: HashMap::new(),
                prefilled: (0, 0.0),
                stopping: false,
                saving: false,
            });
        }
    }

    pub(super) fn set_heat(&mut self, heat: Heat) {
        self.heat = heat;
        for running in self.models.values().filter_map(|model| model.running.as_ref()) {
            let _closed_already = running.engine.send(EngineCommand::SetHeat(heat));
        }
    }

    /// Has it look at its cancel flags.
    pub(super) fn wake_engine(&self, path: &str) {
        if let Some(running) = self.models.get(path).and_then(|model| model.running.as_ref()) {
            // A full mailbox means that it is awake and will see them.
            let _awake = running.engine.send(EngineCommand::Wake);
        }
    }

    pub(super) fn stop_engine(&mut self, path: &str) {
        let Some(running) = self.models.get_mut(path).and_then(|model| model.running.as_mut()) else { return };
        running.cancel_load.cancel();
        running.prompter = None;
        running.stopping = true;
        let unsaved = if running.is_loaded() { self.unsaved(Some(path)) } else { Vec::new() };
        let Some(running) = self.models.get_mut(path).and_then(|model| model.running.as_mut()) else { return };
        running.saving = !unsaved.is_empty();
        running.stop_when_ready();
        if running.saving {
            let (path, epoch) = (path.to_owned(), self.epoch(path));
            self.save_each(unsaved, None, move |it, _saved| {
                if it.epoch(&path) != epoch {
                    return; // It crashed meanwhile, and this is the next one.
                }
                if let Some(running) = it.models.get_mut(&path).and_then(|model| model.running.as_mut()) {
                    running.saving = false;
                    running.stop_when_ready();
                }
            });
        }
    }

    pub(super) fn report(&mut self, path: &str, epoch: u64, report: EngineReport) {
        let Some(model) = self.models.get_mut(path).filter(|model| model.entry.epoch() == epoch) else { return };
        match report {
            EngineReport::Progress(progress) => self.drive(path, entry::Event::LoadProgressed { progress }),
            EngineReport::Loaded { info, fingerprint, prompter } => {
                if let Some(running) = model.running.as_mut().filter(|running| !running.stopping) {
                    running.fingerprint = fingerprint;
                    running.is_loaded = true;
                    running.prompter = Some(prompter);
                }
                self.drive(path, entry::Event::Loaded { info });
            }
            EngineReport::Prefilling { generation, done, total } => {
                publish_prefilling(&self.hub, generation, done, total);
            }
            EngineReport::Finished(finished) => self.finished(finished),
            EngineReport::Cached { scope, tokens } if !self.leaves(path, &scope) => self.cached(path, &scope, tokens),
            EngineReport::Parked { parked, reason } if !self.leaves(path, parked.scope()) => {
                self.parked(path, parked, reason);
            }
            EngineReport::Restored { scope, result } if !self.leaves(path, &scope) => {
                self.restored(path, &scope, result);
            }
            // Of a scope that was disposed of.
            EngineReport::Cached { .. } | EngineReport::Parked { .. } | EngineReport::Restored { .. } => {}
            EngineReport::ThreadsChanged { from, to, reason } => {
                self.drive(path, entry::Event::ThreadsChanged { threads: to });
                self.record(path, LifecycleEvent::ThreadsChanged { from, to }, reason.into());
            }
            EngineReport::Exited(result) => self.exited(path, result),
        }
    }

    fn exited(&mut self, path: &str, result: Result<()>) {
        if let Some(running) = self.models.get_mut(path).and_then(|model| model.running.take()) {
            self.joins.push(self.runtime.spawn_blocking(move || running.engine.join()));
        }
        self.joins.retain(|join| !join.is_finished());
        let error = result.clone().err();
        let crashed = error.as_ref().is_some_and(|error| error.code == ErrorCode::EngineCrashed);
        if crashed {
            self.spare_rendering_turns(path);
        }
        let orphans = self.turns_in_engine(path);
        self.drive(path, entry::Event::Exited { result });
        self.uncache_scopes(path);
        self.fail_orphans(orphans, error, path);
        if crashed {
            self.ask_again_for_models();
        }
        self.memory_freed_by(path);
    }
}

fn publish_prefilling(hub: &Hub, generation_id: String, done: u32, total: u32) {
    let phase = if done == total { GenerationPhase::Decoding } else { GenerationPhase::Prefilling { done, total } };
    hub.publish(Event::PhaseChanged { generation_id, phase });
}
