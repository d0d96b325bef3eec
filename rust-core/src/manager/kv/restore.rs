//! Restores a scope's KV from RAM or disk into a slot.

use std::sync::Arc;

use super::save::record_dropped;
use crate::engine::EngineCommand;
use crate::error::{Error, ErrorCode};
use crate::kv::{KvSnapshot, SetAside, UnusableKv};
use crate::manager::effects::Effects;
use crate::manager::owners::Owners;
use crate::manager::scopes::{Kv, no_scope};
use crate::manager::ticket::Reply;
use crate::protocol::LifecycleEvent;

/// The KV of a scope, read from disk.
pub(in crate::manager) type ReadKv = std::result::Result<Arc<KvSnapshot>, UnusableKv>;

pub(in crate::manager) fn restore(it: &mut Owners, id: &str, reply: Reply) {
    let scope = match it.scopes.resting(id) {
        Ok(scope) => scope,
        Err(error) => return reply(Err(error)),
    };
    let path = scope.model.clone();
    match scope.kv {
        Kv::Resident(_) => reply(Ok(())),
        Kv::Parked(_) => {
            let restored = it.here(|_it, _fx, result| reply(result));
            it.models.ask_engine(&path, EngineCommand::Restore { scope: id.to_owned(), reply: restored });
        }
        Kv::Uncached => restore_from_disk(it, id, path, reply),
    }
}

fn restore_from_disk(it: &mut Owners, id: &str, path: String, reply: Reply) {
    let read = match saved_reader(it, id) {
        Some(read) => read,
        None => return reply(Err(not_cached(id))),
    };
    let Some(scope) = it.scopes.get(id) else { return reply(Err(no_scope(id))) };
    let (id, incarnation, epoch) = (id.to_owned(), scope.incarnation, it.models.epoch(&path));
    it.run_blocking(
        move || Ok(read()),
        move |it, fx, read| match read {
            _ if !it.scopes.is_alive(&id, incarnation) => reply(Err(no_scope(&id))),
            // The KV was read for an engine that has gone, and the next engine may be set up differently.
            _ if it.models.epoch(&path) != epoch => reply(Err(not_cached(&id))),
            Ok(Ok(snapshot)) => {
                // The reply keeps the snapshot alive until the engine has it in a slot.
                let snapshot = Arc::new(snapshot);
                let kept = snapshot.clone();
                let restored = it.here(move |_it, _fx, result| {
                    drop(kept);
                    reply(result);
                });
                it.models.ask_engine(&path, EngineCommand::Keep(snapshot));
                it.models.ask_engine(&path, EngineCommand::Restore { scope: id, reply: restored });
            }
            Ok(Err(unusable)) => {
                saved_unusable(it, fx, &path, &id, unusable);
                reply(Err(not_cached(&id)));
            }
            Err(crashed) => reply(Err(crashed)),
        },
    );
}

/// A function that reads the scope's KV file, on any thread. None if there is no file for the scope's model, or the
/// model is not loaded.
pub(in crate::manager) fn saved_reader(
    it: &Owners,
    id: &str,
) -> Option<impl FnOnce() -> std::result::Result<KvSnapshot, UnusableKv> + Send + 'static> {
    let scope = it.scopes.get(id)?;
    scope.current_kv_file()?;
    let fingerprint = it.models.engine(&scope.model)?.fingerprint()?;
    let (storage, id) = (it.disk.as_ref()?.storage(), id.to_owned());
    Some(move || storage.read_kv(&id, fingerprint))
}

/// A KV file cannot be used: the next generation prefills, and the flight recorder says why. A file that was not set
/// aside still counts in the disk budget.
pub(in crate::manager) fn saved_unusable(
    it: &mut Owners,
    fx: &mut Effects,
    path: &str,
    id: &str,
    unusable: UnusableKv,
) {
    let UnusableKv { reason, set_aside } = unusable;
    if let Some(set_aside) = set_aside {
        record_set_aside(fx, set_aside);
        if let Some(disk) = &mut it.disk {
            disk.index.remove(id);
        }
    }
    if let Some(scope) = it.scopes.get_mut(id) {
        scope.kv_file = None;
    }
    it.scopes.publish(id, fx);
    record_dropped(fx, path, id, &format!("the saved KV cannot be used: {reason}"));
}

pub(in crate::manager) fn record_set_aside(fx: &Effects, set_aside: SetAside) {
    let SetAside { file, reason } = set_aside;
    fx.record_all(LifecycleEvent::FileSetAside { file }, reason);
}

fn not_cached(id: &str) -> Error {
    let detail = format!("scope {id} has no KV in memory or on disk that its loaded model could use - send a message");
    Error::new(ErrorCode::NotCached, detail)
}
