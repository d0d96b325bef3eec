//! Follows where each scope's KV is: in a slot, in RAM, on disk or nowhere, as the engines report it.

use std::sync::Arc;

use super::save::{SavePolicy, belongs_on_disk, copy_of, record_dropped, write};
use crate::kv::KvSnapshot;
use crate::manager::effects::Effects;
use crate::manager::owners::Owners;
use crate::manager::scopes::{Kv, context_usage};
use crate::protocol::LifecycleEvent;

const USED_UP: &str = "parkedBudgetBytes is used up";

/// An engine now holds this many tokens of a scope. None if it has forgotten the scope.
pub(in crate::manager) fn cached(it: &mut Owners, fx: &mut Effects, path: &str, scope: &str, tokens: Option<u32>) {
    // A scope that was cut to nothing has no slot either, but it has lost nothing.
    let kv = tokens.filter(|tokens| *tokens > 0).map_or(Kv::Uncached, Kv::Resident);
    if let Some(scope) = it.scopes.get_mut(scope) {
        scope.kv_version += 1;
    }
    if it.scopes.place(path, scope, kv, fx) && tokens.is_none() {
        record_dropped(fx, path, scope, "it lost its slot, and its KV could not be copied");
    }
    if let Some(tokens) = tokens {
        context_usage::watch(it, fx, path, scope, tokens);
    }
}

/// A scope has left its slot. Its snapshot stays in RAM within the budget.
pub(in crate::manager) fn parked(
    it: &mut Owners,
    fx: &mut Effects,
    path: &str,
    snapshot: Arc<KvSnapshot>,
    reason: &str,
) {
    let (scope, bytes) = (snapshot.scope().to_owned(), snapshot.bytes());
    if !it.scopes.place(path, &scope, Kv::Parked(snapshot.tokens().len() as u32), fx) {
        return; // Deleted meanwhile, or moved to another model.
    }
    fx.record(path, LifecycleEvent::ScopeParked { scope, bytes }, reason.into());
    keep_parked(it, fx, path, snapshot);
}

/// Adds a scope to the RAM cache of its model. Scopes that no longer fit go to disk, or are forgotten.
pub(in crate::manager) fn keep_parked(it: &mut Owners, fx: &mut Effects, path: &str, snapshot: Arc<KvSnapshot>) {
    let Some(engine) = it.models.engine_mut(path) else { return };
    for given_up in engine.ram_cache.put(snapshot) {
        give_up(it, fx, path, given_up);
    }
}

/// A parked scope leaves the RAM cache. Until it is written, the engine still finds its snapshot. If the disk is slower
/// than scopes are parked, one snapshot at a time may exceed the budget, and the others are forgotten.
pub(in crate::manager) fn give_up(it: &mut Owners, fx: &mut Effects, path: &str, snapshot: Arc<KvSnapshot>) {
    let (id, bytes) = (snapshot.scope().to_owned(), snapshot.bytes());
    let budget = it.models.engine(path).map_or(0, |engine| engine.ram_cache.budget());
    let may_wait = |leaving: &u64| *leaving == 0 || leaving.saturating_add(bytes) <= budget;
    let leaving = it.disk.as_ref().map(|disk| disk.leaving).filter(may_wait);
    let copy = leaving.and_then(|_| copy_of(it, path, &id, snapshot));
    match copy.filter(|copy| belongs_on_disk(it, &id, copy, SavePolicy::IfCheaper)) {
        Some(copy) => {
            let (path, given_up) = (path.to_owned(), id.clone());
            let unparked = it.here(move |it, fx, _written| {
                if let Some(disk) = &mut it.disk {
                    disk.leaving -= bytes;
                }
                unpark(it, fx, &path, &given_up, USED_UP);
            });
            if let Some(disk) = &mut it.disk {
                disk.leaving += bytes;
            }
            write(it, &id, Some(copy), unparked);
        }
        None => unpark(it, fx, path, &id, USED_UP),
    }
}

/// Forgets that a scope is in RAM, if it is not there any more.
pub(in crate::manager) fn unpark(it: &mut Owners, fx: &mut Effects, path: &str, id: &str, reason: &str) {
    if it.models.engine(path).is_some_and(|engine| engine.ram_cache.get(id).is_some()) {
        return; // Parked again meanwhile.
    }
    let Some(scope) = it.scopes.get(id).filter(|scope| matches!(scope.kv, Kv::Parked(_))) else { return };
    let on_disk = scope.is_on_disk();
    if it.scopes.place(path, id, Kv::Uncached, fx) && !on_disk {
        record_dropped(fx, path, id, reason);
    }
}

/// A scope is in a slot again, or its KV did not verify. `Cached` follows at the end of its generation.
pub(in crate::manager) fn restored(
    it: &mut Owners,
    fx: &mut Effects,
    path: &str,
    id: &str,
    result: std::result::Result<(), String>,
) {
    let was_parked = it.models.engine_mut(path).is_some_and(|engine| engine.ram_cache.remove(id));
    let Some(scope) = it.scopes.get_mut(id).filter(|scope| scope.model == path) else { return };
    // A scope that was given up is no longer in the RAM cache, but its write to disk has kept the snapshot alive.
    let was_parked = was_parked || matches!(scope.kv, Kv::Parked(_));
    let tokens = match (scope.kv, scope.current_kv_file()) {
        (Kv::Parked(tokens), _) => tokens,
        (_, Some(file)) => file.kv.tokens,
        (Kv::Resident(tokens), None) => tokens,
        (Kv::Uncached, None) => 0,
    };
    match result {
        Ok(()) => {
            // Unless it came from RAM, the slot now holds what the file holds.
            if let Some(file) = scope.kv_file.as_mut().filter(|_| !was_parked) {
                file.version = scope.kv_version;
            }
            it.scopes.place(path, id, Kv::Resident(tokens), fx);
            let reason = if was_parked { "from RAM" } else { "from disk" };
            fx.record(path, LifecycleEvent::ScopeRestored { scope: id.to_owned() }, reason.into());
        }
        Err(reason) => {
            scope.kv = Kv::Uncached;
            if !was_parked {
                scope.kv_file = None;
            }
            it.scopes.place(path, id, Kv::Uncached, fx);
            let place = if was_parked { "parked" } else { "saved" };
            record_dropped(fx, path, id, &format!("the {place} KV cannot be used: {reason}"));
        }
    }
}

/// After an engine's exit none of its scopes is cached.
pub(in crate::manager) fn uncache_scopes(it: &mut Owners, fx: &mut Effects, path: &str) {
    let cached = it.scopes.ids_where(|scope| scope.model == path && scope.kv != Kv::Uncached);
    for scope in cached {
        it.scopes.place(path, &scope, Kv::Uncached, fx);
    }
}
