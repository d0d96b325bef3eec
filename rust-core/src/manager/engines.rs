//! Starts engines, stops them once their scopes are saved, and handles their reports.

use std::sync::Arc;

use super::effects::{Effect, Effects};
use super::generations::{finish, start};
use super::kv::location::{cached, parked, restored, uncache_scopes};
use super::kv::save::{save_each, unsaved};
use super::library::resolve::resolving;
use super::memory::admission::ClaimingLoader;
use super::memory::make_room;
use super::message::{Mailbox, Message};
use super::models::{EngineSlot, ModelEvent};
use super::owners::Owners;
use crate::engine::{CancelFlag, Engine, EngineReport};
use crate::error::{Error, ErrorCode, Result};
use crate::events::Bus;
use crate::kv::RamCache;
use crate::protocol::{self, GenerationPhase, Heat, LifecycleEvent, ModelConfig};

pub(super) fn start_engine(it: &mut Owners, mailbox: &Mailbox, path: String, epoch: u64, config: ModelConfig) {
    let cancel_load = CancelFlag::default();
    let ram_cache = RamCache::new(config.parked_budget());
    let claiming = ClaimingLoader { loader: it.loader.clone(), post: it.post.clone(), path: path.clone(), epoch };
    let loader = Arc::new(resolving(it, Arc::new(claiming)));
    let (bus, mailbox, report_path) = (it.bus.clone(), mailbox.clone(), path.clone());
    let engine = Engine::start(loader, config, cancel_load.clone(), move |report| match report {
        // Goes straight to the bus, like the answer's text, so that both keep their order.
        EngineReport::Prefilling { generation, done, total } => publish_prefilling(&bus, generation, done, total),
        report => mailbox.tell(Message::Engine { path: report_path.clone(), epoch, report }),
    });
    let engine = EngineSlot::new(path.clone(), engine, cancel_load, ram_cache);
    engine.set_heat(it.heat);
    it.models.put_engine(&path, engine);
}

pub(super) fn set_heat(it: &mut Owners, heat: Heat) {
    it.heat = heat;
    for (_, engine) in it.models.engines() {
        engine.set_heat(heat);
    }
}

pub(super) fn stop_engine(it: &mut Owners, path: String) {
    let Some(engine) = it.models.engine_mut(&path) else { return };
    engine.begin_stop();
    let unsaved = if engine.is_loaded() { unsaved(it, Some(&path)) } else { Vec::new() };
    let Some(engine) = it.models.engine_mut(&path) else { return };
    engine.stop_after_saving(!unsaved.is_empty());
    if unsaved.is_empty() {
        return;
    }
    let Some(epoch) = it.models.epoch(&path) else { return };
    save_each(it, unsaved, None, move |it, _fx, _saved| {
        // None if the engine has crashed meanwhile: its successor has another epoch.
        if let Some(engine) = it.models.engine_of(&path, epoch) {
            engine.stop_after_saving(false);
        }
    });
}

/// Handles an engine's report. Reports of an earlier epoch are ignored.
pub(super) fn report(it: &mut Owners, fx: &mut Effects, path: &str, epoch: u64, report: EngineReport) {
    if it.models.epoch(path) != Some(epoch) {
        return;
    }
    let is_dropped = |scope: &str| it.models.engine(path).is_some_and(|engine| engine.has_dropped(scope));
    match report {
        EngineReport::Progress(progress) => it.models.on(path, ModelEvent::LoadProgressed { progress }, fx),
        EngineReport::Loaded { info, fingerprint, prompter } => {
            if let Some(engine) = it.models.engine_mut(path) {
                engine.loaded(fingerprint, prompter);
            }
            it.models.on(path, ModelEvent::Loaded { info }, fx);
        }
        EngineReport::Prefilling { generation, done, total } => {
            publish_prefilling(&it.bus, generation, done, total);
        }
        EngineReport::Finished(result) => finish::finished(it, fx, result),
        EngineReport::Cached { scope, tokens } if !is_dropped(&scope) => cached(it, fx, path, &scope, tokens),
        EngineReport::Parked { parked: snapshot, reason } if !is_dropped(snapshot.scope()) => {
            parked(it, fx, path, snapshot, reason)
        }
        EngineReport::Restored { scope, result } if !is_dropped(&scope) => restored(it, fx, path, &scope, result),
        // The scope has been deleted.
        EngineReport::Cached { .. } | EngineReport::Parked { .. } | EngineReport::Restored { .. } => {}
        EngineReport::ThreadsChanged { from, to, reason } => {
            it.models.on(path, ModelEvent::ThreadsChanged { threads: to }, fx);
            fx.record(path, LifecycleEvent::ThreadsChanged { from, to }, reason.into());
        }
        EngineReport::Exited(result) => exited(it, fx, path, result),
    }
}

fn exited(it: &mut Owners, fx: &mut Effects, path: &str, result: Result<()>) {
    if let Some(engine) = it.models.take_engine(path) {
        let join = it.runtime.spawn_blocking(move || engine.join());
        it.await_at_shutdown(join);
    }
    let error = result.clone().err();
    if has_crashed(error.as_ref()) {
        it.generations.spare_rendering(path);
    }
    let orphans = it.generations.in_engine(path);
    it.models.on(path, ModelEvent::Exited { result }, fx);
    fx.push(Effect::EngineGone { path: path.to_owned(), orphans, error });
}

/// Cleans up after an exit. The model's lifecycle has handled it already, and its waiting leases are answered.
pub(super) fn gone(it: &mut Owners, fx: &mut Effects, path: &str, orphans: Vec<String>, error: Option<Error>) {
    uncache_scopes(it, fx, path);
    finish::fail_orphans(it, fx, orphans, error.as_ref(), path);
    if has_crashed(error.as_ref()) {
        start::ask_again(it, fx);
    }
    make_room::freed_by(it, fx, path);
}

fn has_crashed(error: Option<&Error>) -> bool {
    error.is_some_and(|error| error.code == ErrorCode::EngineCrashed)
}

fn publish_prefilling(bus: &Bus, generation_id: String, done: u32, total: u32) {
    let phase = if done == total { GenerationPhase::Decoding } else { GenerationPhase::Prefilling { done, total } };
    bus.publish(protocol::Event::PhaseChanged { generation_id, phase });
}
