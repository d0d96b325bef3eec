//! Continues loads and trims that wait for memory, whenever memory may have been freed.

use super::eviction::finish_evictions;
use super::residents::Departure;
use super::trim::{go_on_trimming, record_unloaded};
use crate::events::ClientId;
use crate::manager::effects::Effects;
use crate::manager::owners::Owners;
use crate::protocol::Resident;

/// An engine has exited, and its memory is free.
pub(in crate::manager) fn freed_by(it: &mut Owners, fx: &mut Effects, path: &str) {
    record_unloaded(it, fx, path);
    it.memory.model_gone(path);
    go_on(it, fx);
}

pub(in crate::manager) fn set_resident(it: &mut Owners, fx: &mut Effects, client: ClientId, resident: Resident) {
    if !it.bus.is_connected(client) {
        return; // The client has closed meanwhile, so the resident would never be removed.
    }
    let id = resident.id.clone();
    if let Some(departure) = it.memory.residents.set(client, resident, fx) {
        answered(it, fx, &id, &departure);
    }
}

pub(in crate::manager) fn remove_resident(it: &mut Owners, fx: &mut Effects, client: ClientId, id: &str) {
    if let Some(departure) = it.memory.residents.remove(client, id, fx) {
        answered(it, fx, id, &departure);
    }
}

/// Removes the residents of a client that has gone. Unlike leases they go at once: no client is left to ask, the host
/// frees what belonged to its JavaScript, and a reload registers its residents anew.
pub(in crate::manager) fn client_gone(it: &mut Owners, fx: &mut Effects, client: ClientId) {
    for id in it.memory.residents.ids_of(client) {
        remove_resident(it, fx, client, &id);
    }
}

pub(in crate::manager) fn eviction_overdue(it: &mut Owners, fx: &mut Effects, ask: u64) {
    for id in it.memory.residents.overdue(ask) {
        answered(it, fx, &id, &Departure::Stays);
    }
}

fn answered(it: &mut Owners, fx: &mut Effects, id: &str, departure: &Departure) {
    it.memory.resident_answered(id, departure);
    go_on(it, fx);
}

fn go_on(it: &mut Owners, fx: &mut Effects) {
    finish_evictions(it, fx);
    go_on_trimming(it, fx);
}
