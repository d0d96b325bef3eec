//! Evicts for a load that ran out of memory. If anything was freed, `models::lifecycle` retries the load once. Before
//! that last try, the load waits until idle models are unloaded, models that were stopping have exited, and residents
//! have gone or missed their deadline.

use std::collections::HashSet;

use super::pending::{PendingEviction, PendingExits};
use crate::manager::effects::Effects;
use crate::manager::models::ModelEvent;
use crate::manager::owners::Owners;

/// Unloads every other idle model and asks residents to go. `RoomMade` follows when all have gone, or when a resident's
/// deadline has passed.
pub(in crate::manager) fn evict_others(it: &mut Owners, fx: &mut Effects, path: &str) {
    let others = |paths: Vec<String>| paths.into_iter().filter(|other| other != path);
    let idle: Vec<String> = others(it.models.idle_paths()).collect();
    let models: HashSet<String> = others(it.models.stopping_paths()).chain(idle.iter().cloned()).collect();
    let residents = it.memory.residents.ask(&format!("{path} needs the memory"), fx);
    let eviction = PendingEviction { exits: PendingExits { models, residents }, freed: 0 };
    it.memory.evictions.insert(path.to_owned(), eviction);
    for other in idle {
        it.models.on(&other, ModelEvent::Evict, fx);
    }
    finish_evictions(it, fx);
}

/// Ends the wait of every load whose eviction is complete. Its lifecycle retries it, or fails it if nothing was freed.
pub(super) fn finish_evictions(it: &mut Owners, fx: &mut Effects) {
    let complete: Vec<_> = it.memory.evictions.extract_if(|_, eviction| eviction.exits.is_empty()).collect();
    for (path, eviction) in complete {
        it.models.on(&path, ModelEvent::RoomMade { freed: eviction.freed }, fx);
    }
}
