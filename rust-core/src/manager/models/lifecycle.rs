//! One model's lifetime as a pure state machine: an event in, the new state and a list of effects out. Knows no
//! thread, no clock and no channel; the supervisor carries the effects out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::config_conflict::conflict;
use super::lease::LeaseId;
use crate::engine::LoadProgress;
use crate::error::{Error, ErrorCode};
use crate::protocol::{LifecycleEvent, ModelConfig, ModelInfo, ModelStatus};
use crate::store::Progress;

#[derive(Debug)]
pub(crate) struct Lifecycle {
    pub(super) config: ModelConfig,
    pub(super) state: State,
    pub(super) leases: BTreeMap<LeaseId, LeaseTerms>,
    /// Epoch of the newest engine. Reports of older engines are ignored.
    pub(super) epoch: u64,
    /// Number of the newest keep-alive. Older timers are ignored.
    pub(super) timer: u64,
    pub(super) loads: u32,
    /// No engine may be started. One that is loaded stays.
    pub(super) suspended: bool,
}

#[derive(Debug)]
pub(super) struct LeaseTerms {
    pub(super) debug_label: String,
    pub(super) config: ModelConfig,
    /// Whether this lease still waits to hear that the model is ready.
    pub(super) waits: bool,
}

#[derive(Debug)]
pub(super) enum State {
    Unloaded,
    /// `last_try`: other models have been evicted already to make room for this load.
    Loading {
        progress: f32,
        last_try: bool,
    },
    /// Its files are being downloaded. The same engine loads them afterwards.
    Downloading {
        progress: Progress,
    },
    /// The load ran out of memory; idle models are being unloaded before the last try.
    MakingRoom {
        error: Error,
    },
    /// Loaded and leased.
    Ready {
        info: ModelInfo,
    },
    /// Loaded, no lease; the keep-alive runs.
    Idle {
        info: ModelInfo,
    },
    /// The engine has been told to stop and has not exited yet. `interrupted`: a suspension stopped its load, and its
    /// leases have not got the model yet.
    Unloading {
        interrupted: bool,
    },
    /// Leased and not loaded, because of a suspension. Loaded when that ends.
    Deferred,
    Failed {
        error: Error,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum ModelEvent {
    Acquire {
        lease: LeaseId,
        debug_label: String,
        config: ModelConfig,
    },
    Release {
        lease: LeaseId,
    },
    /// A caller wants the memory back, whatever leases exist.
    Unload,
    /// The system wants the memory back, whatever leases exist. A model without memory ignores this.
    Trim,
    /// Another model needs the memory.
    Evict,
    KeepAliveElapsed {
        timer: u64,
    },
    /// The eviction has ended. `freed` counts the models and residents that have gone.
    RoomMade {
        freed: usize,
    },
    LoadProgressed {
        progress: LoadProgress,
    },
    Loaded {
        info: ModelInfo,
    },
    ThreadsChanged {
        threads: u32,
    },
    Exited {
        result: Result<(), Error>,
    },
    /// From now on nothing may be loaded.
    Suspend,
    Resume,
}

#[derive(Debug, PartialEq)]
pub(crate) enum ModelEffect {
    StartEngine {
        epoch: u64,
        config: ModelConfig,
    },
    /// Fail the generations that the engine has not begun. It drains the others when it stops.
    EndGenerations,
    /// Cancel loading, or cancel and drain generations; then free. `Exited` follows.
    StopEngine,
    StartKeepAlive {
        timer: u64,
        after: Duration,
    },
    /// Unload every other idle model and ask residents to go, wait until they have gone, then send `RoomMade`.
    EvictOthers,
    /// Answer a lease that waits for the model.
    Answer {
        lease: LeaseId,
        result: Result<(), Error>,
    },
    /// Answer the callers of unload.
    AnswerUnload {
        result: Result<(), Error>,
    },
    Record {
        event: LifecycleEvent,
        reason: String,
    },
}

impl Lifecycle {
    pub(crate) fn new(config: ModelConfig) -> Self {
        let (state, leases) = (State::Unloaded, BTreeMap::new());
        Self { config, state, leases, epoch: 0, timer: 0, loads: 0, suspended: false }
    }

    pub(crate) fn on(&mut self, event: ModelEvent) -> Vec<ModelEffect> {
        let mut effects = Vec::new();
        match event {
            ModelEvent::Acquire { lease, debug_label, config } => {
                self.acquire(lease, debug_label, config, &mut effects)
            }
            ModelEvent::Release { lease } => self.release(lease, &mut effects),
            ModelEvent::Unload => self.unload("unload was asked for", &mut effects),
            ModelEvent::Trim => {
                if let State::Loading { .. } | State::Ready { .. } | State::Idle { .. } = self.state {
                    self.unload("trimmed: the system is short of memory", &mut effects);
                }
            }
            ModelEvent::Evict => {
                if let State::Idle { .. } = self.state {
                    self.stop("evicted: another model needs the memory", &mut effects);
                }
            }
            ModelEvent::KeepAliveElapsed { timer } => {
                if let (State::Idle { .. }, true) = (&self.state, timer == self.timer) {
                    self.stop("the keep-alive ended without a lease", &mut effects);
                }
            }
            ModelEvent::RoomMade { freed } => self.room_made(freed, &mut effects),
            ModelEvent::LoadProgressed { progress } => self.load_progressed(progress, &mut effects),
            ModelEvent::Loaded { info } => self.loaded(info, &mut effects),
            ModelEvent::ThreadsChanged { threads } => {
                if let State::Ready { info } | State::Idle { info } = &mut self.state {
                    info.threads = threads;
                }
            }
            ModelEvent::Exited { result } => self.exited(result, &mut effects),
            ModelEvent::Suspend => self.suspend(&mut effects),
            ModelEvent::Resume => self.resume(&mut effects),
        }
        effects
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn config(&self) -> &ModelConfig {
        &self.config
    }

    pub(crate) fn loads(&self) -> u32 {
        self.loads
    }

    /// The properties of the model, while it is loaded.
    pub(crate) fn info(&self) -> Option<&ModelInfo> {
        match &self.state {
            State::Ready { info } | State::Idle { info } => Some(info),
            State::Unloaded
            | State::Loading { .. }
            | State::Downloading { .. }
            | State::MakingRoom { .. }
            | State::Unloading { .. }
            | State::Deferred
            | State::Failed { .. } => None,
        }
    }

    pub(crate) fn debug_labels(&self) -> impl Iterator<Item = &str> {
        self.leases.values().map(|terms| terms.debug_label.as_str())
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle { .. })
    }

    pub(crate) fn status(&self) -> ModelStatus {
        match &self.state {
            State::Unloaded => ModelStatus::Unloaded,
            State::Loading { progress, .. } => ModelStatus::Loading { progress: *progress },
            State::Downloading { progress } => ModelStatus::Downloading { progress: *progress },
            State::MakingRoom { .. } => ModelStatus::Loading { progress: 0.0 },
            State::Ready { info } => ModelStatus::Ready { info: info.clone() },
            State::Idle { info } => ModelStatus::Idle { info: info.clone() },
            State::Unloading { .. } => ModelStatus::Unloading,
            State::Deferred => ModelStatus::Failed { error: self.deferral() },
            State::Failed { error } => ModelStatus::Failed { error: error.clone() },
        }
    }

    pub(super) fn unload(&mut self, reason: &str, effects: &mut Vec<ModelEffect>) {
        match &self.state {
            State::Unloaded => effects.push(ModelEffect::AnswerUnload { result: Ok(()) }),
            State::Failed { .. } => {
                self.state = State::Unloaded;
                effects.push(ModelEffect::AnswerUnload { result: Ok(()) });
            }
            State::Deferred => {
                // The generations were told to wait for the resume.
                effects.push(ModelEffect::EndGenerations);
                self.state = State::Unloaded;
                effects.push(ModelEffect::AnswerUnload { result: Ok(()) });
            }
            State::Loading { .. } | State::Downloading { .. } => {
                self.answer_waiting(&Err(self.unloaded_while_loading(reason)), effects);
                self.stop(reason, effects);
            }
            State::MakingRoom { .. } => {
                self.answer_waiting(&Err(self.unloaded_while_loading(reason)), effects);
                self.state = State::Unloaded;
                effects.push(ModelEffect::AnswerUnload { result: Ok(()) });
            }
            State::Ready { .. } => {
                effects.push(ModelEffect::EndGenerations);
                self.stop(reason, effects);
            }
            State::Idle { .. } => self.stop(reason, effects),
            // A lease that waits for this unload to end would load the model again.
            State::Unloading { .. } => {
                self.state = State::Unloading { interrupted: false };
                self.answer_waiting(&Err(self.unloaded_while_loading(reason)), effects);
            }
        }
    }

    fn load_progressed(&mut self, now: LoadProgress, effects: &mut Vec<ModelEffect>) {
        match (&mut self.state, now) {
            (State::Loading { progress, .. }, LoadProgress::Reading(share)) => *progress = share,
            (State::Downloading { progress }, LoadProgress::Downloading(now)) => *progress = now,
            (State::Loading { .. }, LoadProgress::Downloading(progress)) => {
                self.state = State::Downloading { progress };
                effects.push(record(LifecycleEvent::Downloading, "the model is not on this device"));
            }
            (State::Downloading { .. }, LoadProgress::Reading(progress)) => {
                self.state = State::Loading { progress, last_try: false };
                effects.push(record(LifecycleEvent::Loading, "downloaded"));
            }
            // The engine reported this before it heard that it is to stop.
            _ => {}
        }
    }

    fn room_made(&mut self, freed: usize, effects: &mut Vec<ModelEffect>) {
        let State::MakingRoom { error } = &self.state else { return };
        if freed == 0 {
            self.fail(error.clone(), effects);
        } else {
            self.start_engine(&format!("models and residents that made room: {freed}"), true, effects);
        }
    }

    fn loaded(&mut self, info: ModelInfo, effects: &mut Vec<ModelEffect>) {
        let State::Loading { .. } = self.state else { return };
        self.loads += 1;
        effects.push(record(LifecycleEvent::Ready, "loaded"));
        self.refuse_conflicting(&info, effects);
        if self.leases.is_empty() {
            self.rest(info, effects);
        } else {
            self.state = State::Ready { info };
            self.answer_waiting(&Ok(()), effects);
        }
    }

    /// Refuses the leases that joined the load and whose options conflict with what "auto" has chosen.
    fn refuse_conflicting(&mut self, info: &ModelInfo, effects: &mut Vec<ModelEffect>) {
        self.leases.retain(|lease, terms| {
            let Some(error) = conflict(&terms.config, info) else { return true };
            let released = LifecycleEvent::Released { debug_label: terms.debug_label.clone() };
            effects.push(record(released, "refused: the model turned out to have other options"));
            effects.push(ModelEffect::Answer { lease: *lease, result: Err(error) });
            false
        });
    }

    fn exited(&mut self, result: Result<(), Error>, effects: &mut Vec<ModelEffect>) {
        match (&self.state, result) {
            (State::Unloading { interrupted }, result) => self.unloaded(*interrupted, result, effects),
            (State::Loading { last_try: false, .. }, Err(error)) if error.code == ErrorCode::OutOfMemory => {
                self.state = State::MakingRoom { error };
                effects.push(ModelEffect::EvictOthers);
            }
            (_, Err(error)) => self.fail(error, effects),
            (_, Ok(())) => self.fail(self.engine_gone(), effects),
        }
    }

    fn unloaded(&mut self, interrupted: bool, result: Result<(), Error>, effects: &mut Vec<ModelEffect>) {
        // A load that was cancelled on purpose is no failure of the unload.
        let result = result.or_else(|error| match error.code {
            ErrorCode::LoadCancelled => Ok(()),
            _ => Err(error),
        });
        self.state = State::Unloaded;
        effects.push(record(LifecycleEvent::Unloaded, "memory freed"));
        effects.push(ModelEffect::AnswerUnload { result });
        if interrupted && !self.leases.is_empty() {
            self.load("the load that was suspended", effects);
        } else if self.leases.values().any(|terms| terms.waits) {
            self.load("a lease was waiting for the unload", effects);
        }
    }

    pub(super) fn fail(&mut self, error: Error, effects: &mut Vec<ModelEffect>) {
        effects.push(record(LifecycleEvent::Failed { error: error.clone() }, "the next lease tries again"));
        self.answer_waiting(&Err(error.clone()), effects);
        self.state = State::Failed { error };
    }

    pub(super) fn start_engine(&mut self, reason: &str, last_try: bool, effects: &mut Vec<ModelEffect>) {
        self.epoch += 1;
        self.state = State::Loading { progress: 0.0, last_try };
        effects.push(record(LifecycleEvent::Loading, reason));
        effects.push(ModelEffect::StartEngine { epoch: self.epoch, config: self.config.clone() });
    }

    pub(super) fn stop(&mut self, reason: &str, effects: &mut Vec<ModelEffect>) {
        self.state = State::Unloading { interrupted: false };
        effects.push(record(LifecycleEvent::Unloading, reason));
        effects.push(ModelEffect::StopEngine);
    }

    pub(super) fn answer_waiting(&mut self, result: &Result<(), Error>, effects: &mut Vec<ModelEffect>) {
        for (lease, terms) in self.leases.iter_mut().filter(|(_, terms)| terms.waits) {
            terms.waits = false;
            effects.push(ModelEffect::Answer { lease: *lease, result: result.clone() });
        }
    }

    pub(super) fn unloaded_while_loading(&self, reason: &str) -> Error {
        let path = &self.config.path;
        Error::new(ErrorCode::LoadCancelled, format!("the load of {path} was cancelled ({reason}) - acquire it again"))
    }

    fn engine_gone(&self) -> Error {
        let path = &self.config.path;
        Error::new(ErrorCode::EngineCrashed, format!("the engine of {path} ended on its own - acquire it again"))
    }
}

pub(super) fn record(event: LifecycleEvent, reason: &str) -> ModelEffect {
    ModelEffect::Record { event, reason: reason.to_owned() }
}
