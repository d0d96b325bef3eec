//! `trim`: memory is given back in steps, least painful first, each one waited for and recorded with its bytes. One trim at
//! a time; those that come meanwhile are answered by one more, as far as the furthest of them wants it to go.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::Leaving;
use crate::manager::entry;
use crate::manager::mailbox::Reply;
use crate::manager::scope::Kv;
use crate::manager::supervisor::{Supervisor, now_ms};
use crate::protocol::{LifecycleEvent, LifecycleRecord, ModelStatus, TrimLevel, TrimRung};

/// How long parked scopes may be written. A warning that is answered late is answered by the system.
const WRITING: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Trims {
    pub(super) running: Option<Trim>,
    waiting: Option<(TrimLevel, Vec<Reply>)>,
}

/// One trim on its way down the ladder.
pub(super) struct Trim {
    /// Steps that were not begun.
    rungs: VecDeque<TrimRung>,
    /// The step that is being waited for.
    at: Option<TrimRung>,
    pub(super) leaving: Leaving,
    /// Parked scopes are being written.
    saving: bool,
    /// What each model gives back, recorded when it has gone.
    models: HashMap<String, u64>,
    /// What residents gave back.
    pub(super) resident_bytes: u64,
    replies: Vec<Reply>,
}

/// A loaded or loading model, as a step sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    path: String,
    /// What unloading it would give back.
    bytes: u64,
    leased: bool,
    /// Whether a generation of it is at work.
    generating: bool,
    /// Higher is later.
    used: u64,
}

/// The steps of a level, in their order.
fn ladder(level: TrimLevel) -> Vec<TrimRung> {
    let mut rungs =
        vec![TrimRung::EmbeddersFreed, TrimRung::ParkedSaved, TrimRung::ParkedDropped, TrimRung::IdleUnloaded];
    match level {
        TrimLevel::Moderate => {}
        TrimLevel::Critical => rungs.extend([TrimRung::ResidentsEvicted, TrimRung::LeasedUnloaded]),
    }
    rungs
}

/// The models that a step unloads. Of those in use the one used last stays: one that answers now, else the one that was
/// acquired, released or generated with last.
fn to_unload(rung: TrimRung, candidates: Vec<Candidate>) -> Vec<Candidate> {
    let (leased, idle): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|candidate| candidate.leased);
    match rung {
        TrimRung::EmbeddersFreed | TrimRung::ParkedSaved | TrimRung::ParkedDropped | TrimRung::ResidentsEvicted => {
            Vec::new()
        }
        TrimRung::IdleUnloaded => idle,
        TrimRung::LeasedUnloaded => {
            let last = leased.iter().map(|candidate| (candidate.generating, candidate.used)).max();
            leased.into_iter().filter(|candidate| Some((candidate.generating, candidate.used)) != last).collect()
        }
    }
}

impl Supervisor {
    pub(in crate::manager) fn trim(&mut self, level: TrimLevel, reply: Reply) {
        let waiting = self.memory.trims.waiting.get_or_insert_with(|| (level, Vec::new()));
        waiting.0 = waiting.0.max(level);
        waiting.1.push(reply);
        self.go_on_trimming();
    }

    /// Goes as far as it gets without waiting.
    pub(super) fn go_on_trimming(&mut self) {
        loop {
            let trims = &mut self.memory.trims;
            let Some(trim) = &mut trims.running else {
                let Some((level, replies)) = trims.waiting.take() else { return };
                trims.running = Some(Trim::new(level, replies));
                continue;
            };
            if trim.saving || !trim.leaving.is_empty() {
                return;
            }
            if trim.at.take() == Some(TrimRung::ResidentsEvicted) {
                let bytes = std::mem::take(&mut trim.resident_bytes);
                self.record_trimmed(None, TrimRung::ResidentsEvicted, bytes, "residents that are not in use");
                continue;
            }
            match trim.rungs.pop_front() {
                Some(rung) => self.step_down(rung),
                None => {
                    let done = trims.running.take();
                    for reply in done.into_iter().flat_map(|trim| trim.replies) {
                        reply(Ok(()));
                    }
                }
            }
        }
    }

    fn step_down(&mut self, rung: TrimRung) {
        match rung {
            TrimRung::EmbeddersFreed => {
                for (path, bytes) in self.free_idle_embedders() {
                    self.record_trimmed(Some(&path), rung, bytes, "the next texts make it anew");
                }
            }
            TrimRung::ParkedSaved => self.save_parked(),
            TrimRung::ParkedDropped => self.give_up_parked(rung, |_| true, "parked scopes are prefilled again"),
            TrimRung::ResidentsEvicted => {
                let residents = self.ask_residents("the system is short of memory");
                if let Some(trim) = self.memory.trims.running.as_mut().filter(|_| !residents.is_empty()) {
                    trim.at = Some(rung);
                    trim.leaving.residents = residents;
                }
            }
            TrimRung::IdleUnloaded | TrimRung::LeasedUnloaded => self.unload_for_trim(rung),
        }
    }

    /// Writes what is parked, most recently used first. What is on disk by the deadline is given up in RAM.
    fn save_parked(&mut self) {
        let is_parked = |id: &String| self.scopes.get(id).is_some_and(|scope| matches!(scope.kv, Kv::Parked(_)));
        let unsaved: Vec<String> = self.unsaved(None).into_iter().filter(is_parked).collect();
        if unsaved.is_empty() {
            return self.give_up_saved();
        }
        let Some(trim) = &mut self.memory.trims.running else { return };
        trim.saving = true;
        self.save_each(unsaved, Some(Instant::now() + WRITING), |it, _saved| {
            it.give_up_saved();
            if let Some(trim) = &mut it.memory.trims.running {
                trim.saving = false;
            }
            it.go_on_trimming();
        });
    }

    fn give_up_saved(&mut self) {
        let saved = self.scopes.iter().filter(|(_, scope)| scope.is_on_disk()).map(|(id, _)| id.clone());
        let saved: HashSet<String> = saved.collect();
        self.give_up_parked(TrimRung::ParkedSaved, |id| saved.contains(id), "parked scopes are on disk");
    }

    fn give_up_parked(&mut self, rung: TrimRung, unwanted: impl Fn(&str) -> bool, reason: &str) {
        let paths: Vec<String> = self.models.keys().cloned().collect();
        for path in paths {
            let Some(running) = self.models.get_mut(&path).and_then(|model| model.running.as_mut()) else { continue };
            let given_up = running.parking.give_up(&unwanted);
            if given_up.is_empty() {
                continue;
            }
            let bytes = given_up.iter().map(|parked| parked.bytes()).sum();
            for parked in given_up {
                self.unpark(&path, parked.scope(), "the system is short of memory");
            }
            self.record_trimmed(Some(&path), rung, bytes, reason);
        }
    }

    fn unload_for_trim(&mut self, rung: TrimRung) {
        let unloading = to_unload(rung, self.candidates());
        let Some(trim) = &mut self.memory.trims.running else { return };
        trim.at = Some(rung);
        trim.models = unloading.iter().map(|candidate| (candidate.path.clone(), candidate.bytes)).collect();
        // Those that were on their way out take memory too until they have gone.
        let stopping = self.models.iter().filter(|(_, model)| model.is_stopping()).map(|(path, _)| path);
        trim.leaving.models = stopping.chain(trim.models.keys()).cloned().collect();
        for candidate in unloading {
            self.drive(&candidate.path, entry::Event::Trim);
        }
    }

    fn candidates(&self) -> Vec<Candidate> {
        let engines = self.models.iter().filter(|(_, model)| model.running.is_some() && !model.is_stopping());
        let candidate = |path: &String| Candidate {
            path: path.clone(),
            bytes: self.bytes_in_memory(path),
            leased: self.models.get(path).is_some_and(|model| model.entry.debug_labels().next().is_some()),
            generating: !self.turns_in_engine(path).is_empty(),
            used: self.memory.used.get(path).copied().unwrap_or(0),
        };
        engines.map(|(path, _)| candidate(path)).collect()
    }

    /// What a model has taken by now. While its weights are being read that is the share of them that has been.
    fn bytes_in_memory(&self, path: &str) -> u64 {
        let Some(model) = self.models.get(path) else { return 0 };
        let estimate = self.model_memory(path).unwrap_or_default();
        match model.entry.status() {
            ModelStatus::Loading { progress } => (estimate.weights_bytes as f64 * f64::from(progress)) as u64,
            ModelStatus::Ready { .. } | ModelStatus::Idle { .. } | ModelStatus::Unloading => estimate.total(),
            ModelStatus::Unloaded | ModelStatus::Downloading { .. } | ModelStatus::Failed { .. } => 0,
        }
    }

    /// A model's engine has exited, and its memory is free.
    pub(super) fn record_unloaded_for_trim(&mut self, path: &str) {
        let Some(trim) = &mut self.memory.trims.running else { return };
        if let (Some(rung), Some(bytes)) = (trim.at, trim.models.remove(path)) {
            self.record_trimmed(Some(path), rung, bytes, "unloaded because the system is short of memory");
        }
    }

    fn record_trimmed(&self, model: Option<&str>, rung: TrimRung, bytes_freed: u64, reason: &str) {
        let event = LifecycleEvent::Trimmed { rung, bytes_freed };
        tracing::info!(model, ?event, reason, "lifecycle");
        let record = LifecycleRecord { at: now_ms(), model: model.map(str::to_owned), event, reason: reason.into() };
        self.hub.record(record);
    }
}

impl Trim {
    fn new(level: TrimLevel, replies: Vec<Reply>) -> Self {
        Self {
            rungs: ladder(level).into(),
            at: None,
            leaving: Leaving::default(),
            saving: false,
            models: HashMap::new(),
            resident_bytes: 0,
            replies,
        }
    }
}
