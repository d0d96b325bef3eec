//! `trim` frees memory in steps, least painful first. Each step is awaited, and recorded with its bytes. One trim runs
//! at a time. Requests that arrive meanwhile share one more trim, at the highest of their levels.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::trim_state::{Candidate, Trim, to_unload};
use super::usage::model_memory;
use crate::manager::effects::Effects;
use crate::manager::kv::location::unpark;
use crate::manager::kv::save::{save_each, unsaved};
use crate::manager::models::{EngineSlot, ModelEvent};
use crate::manager::owners::Owners;
use crate::manager::scopes::{Kv, Scope};
use crate::manager::tasks::embedders::free_all_idle;
use crate::manager::ticket::Reply;
use crate::protocol::{LifecycleEvent, ModelStatus, TrimLevel, TrimRung};

/// How long parked scopes may be written. If the app reacts too late to a memory warning, the system ends it.
const WRITING: Duration = Duration::from_secs(2);

pub(in crate::manager) fn trim(it: &mut Owners, fx: &mut Effects, level: TrimLevel, reply: Reply) {
    let waiting = it.memory.trims.waiting.get_or_insert_with(|| (level, Vec::new()));
    waiting.0 = waiting.0.max(level);
    waiting.1.push(reply);
    go_on_trimming(it, fx);
}

/// Runs steps until one has to be awaited.
pub(super) fn go_on_trimming(it: &mut Owners, fx: &mut Effects) {
    loop {
        let trims = &mut it.memory.trims;
        let Some(trim) = &mut trims.running else {
            let Some((level, replies)) = trims.waiting.take() else { return };
            trims.running = Some(Trim::new(level, replies));
            continue;
        };
        if trim.saving || !trim.exits.is_empty() {
            return;
        }
        if trim.at.take() == Some(TrimRung::ResidentsEvicted) {
            let bytes = std::mem::take(&mut trim.resident_bytes);
            record_trimmed(fx, None, TrimRung::ResidentsEvicted, bytes, "residents that are not in use");
            continue;
        }
        match trim.rungs.pop_front() {
            Some(rung) => step_down(it, fx, rung),
            None => {
                let done = trims.running.take();
                for reply in done.into_iter().flat_map(|trim| trim.replies) {
                    reply(Ok(()));
                }
            }
        }
    }
}

fn step_down(it: &mut Owners, fx: &mut Effects, rung: TrimRung) {
    match rung {
        TrimRung::EmbeddersFreed => {
            for (path, bytes) in free_all_idle(it) {
                record_trimmed(fx, Some(&path), rung, bytes, "the next embed makes it anew");
            }
        }
        TrimRung::ParkedSaved => save_parked(it, fx),
        TrimRung::ParkedDropped => give_up_parked(it, fx, rung, |_| true, "parked scopes are prefilled again"),
        TrimRung::ResidentsEvicted => {
            let residents = it.memory.residents.ask("the system is short of memory", fx);
            if let Some(trim) = it.memory.trims.running.as_mut().filter(|_| !residents.is_empty()) {
                trim.at = Some(rung);
                trim.exits.residents = residents;
            }
        }
        TrimRung::IdleUnloaded | TrimRung::LeasedUnloaded => unload_for_trim(it, fx, rung),
    }
}

/// Writes parked scopes, most recently used first. Scopes that are on disk by the deadline leave the RAM cache.
fn save_parked(it: &mut Owners, fx: &mut Effects) {
    let is_parked = |id: &String| it.scopes.get(id).is_some_and(|scope| matches!(scope.kv, Kv::Parked(_)));
    let unsaved: Vec<String> = unsaved(it, None).into_iter().filter(is_parked).collect();
    if unsaved.is_empty() {
        return give_up_saved(it, fx);
    }
    let Some(trim) = &mut it.memory.trims.running else { return };
    trim.saving = true;
    save_each(it, unsaved, Some(Instant::now() + WRITING), |it, fx, _saved| {
        give_up_saved(it, fx);
        if let Some(trim) = &mut it.memory.trims.running {
            trim.saving = false;
        }
        go_on_trimming(it, fx);
    });
}

fn give_up_saved(it: &mut Owners, fx: &mut Effects) {
    let saved: HashSet<String> = it.scopes.ids_where(Scope::is_on_disk).into_iter().collect();
    give_up_parked(it, fx, TrimRung::ParkedSaved, |id| saved.contains(id), "parked scopes are on disk");
}

fn give_up_parked(it: &mut Owners, fx: &mut Effects, rung: TrimRung, unwanted: impl Fn(&str) -> bool, reason: &str) {
    for path in it.models.paths() {
        let Some(engine) = it.models.engine_mut(&path) else { continue };
        let given_up = engine.ram_cache.evict(&unwanted);
        if given_up.is_empty() {
            continue;
        }
        let bytes = given_up.iter().map(|snapshot| snapshot.bytes()).sum();
        for snapshot in given_up {
            unpark(it, fx, &path, snapshot.scope(), "the system is short of memory");
        }
        record_trimmed(fx, Some(&path), rung, bytes, reason);
    }
}

fn unload_for_trim(it: &mut Owners, fx: &mut Effects, rung: TrimRung) {
    let unloading = to_unload(rung, candidates(it));
    let Some(trim) = &mut it.memory.trims.running else { return };
    trim.at = Some(rung);
    trim.models = unloading.iter().map(|candidate| (candidate.path.clone(), candidate.bytes)).collect();
    // Models that were stopping already take memory too until they have exited.
    trim.exits.models = it.models.stopping_paths().into_iter().chain(trim.models.keys().cloned()).collect();
    for candidate in unloading {
        it.models.on(&candidate.path, ModelEvent::Trim, fx);
    }
}

fn candidates(it: &Owners) -> Vec<Candidate> {
    let engines = it.models.engines().filter(|(_, engine)| !engine.is_stopping());
    let candidate = |(path, _): (&str, &EngineSlot)| Candidate {
        path: path.to_owned(),
        bytes: bytes_in_memory(it, path),
        leased: it.models.is_leased(path),
        generating: !it.generations.in_engine(path).is_empty(),
        used: it.models.last_used(path),
    };
    engines.map(candidate).collect()
}

/// Bytes that a model takes now. While it loads, only the share of its weights that has been read counts.
fn bytes_in_memory(it: &Owners, path: &str) -> u64 {
    let estimate = model_memory(it, path).unwrap_or_default();
    match it.models.status(path) {
        Some(ModelStatus::Loading { progress }) => (estimate.weights_bytes as f64 * f64::from(progress)) as u64,
        Some(ModelStatus::Ready { .. } | ModelStatus::Idle { .. } | ModelStatus::Unloading) => estimate.total(),
        Some(ModelStatus::Unloaded | ModelStatus::Downloading { .. } | ModelStatus::Failed { .. }) | None => 0,
    }
}

/// Records the freed bytes of a model that this trim has unloaded.
pub(super) fn record_unloaded(it: &mut Owners, fx: &mut Effects, path: &str) {
    let Some(trim) = &mut it.memory.trims.running else { return };
    if let (Some(rung), Some(bytes)) = (trim.at, trim.models.remove(path)) {
        record_trimmed(fx, Some(path), rung, bytes, "unloaded because the system is short of memory");
    }
}

fn record_trimmed(fx: &Effects, model: Option<&str>, rung: TrimRung, bytes_freed: u64, reason: &str) {
    let event = LifecycleEvent::Trimmed { rung, bytes_freed };
    match model {
        Some(model) => fx.record(model, event, reason.to_owned()),
        None => fx.record_all(event, reason.to_owned()),
    }
}
