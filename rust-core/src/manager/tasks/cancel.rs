//! The end of tasks before their time: on request, or with the client that asked for them.

use super::bench::bench_cancelled;
use super::embed::embed_cancelled;
use super::embedders;
use super::requests::{Cancelled, RequestId};
use crate::events::ClientId;
use crate::manager::effects::Effects;
use crate::manager::owners::Owners;

/// Cancelling an `embed` that was answered, or never asked for, is no error.
pub(in crate::manager) fn cancel_embed(it: &mut Owners, fx: &mut Effects, id: &RequestId) {
    let Some(cancelled) = it.embeds.cancel(id, &embed_cancelled()) else { return };
    let path = cancelled.path.clone();
    clean_up(it, fx, cancelled);
    embedders::rest(it, fx, &path);
}

/// Cancelling a `bench` that was answered, or never asked for, is no error.
pub(in crate::manager) fn cancel_bench(it: &mut Owners, fx: &mut Effects, id: &RequestId) {
    if let Some(cancelled) = it.benches.cancel(id, &bench_cancelled()) {
        clean_up(it, fx, cancelled);
    }
}

/// The client has gone, and no answer would reach it.
pub(in crate::manager) fn cancel_of_client(it: &mut Owners, fx: &mut Effects, client: ClientId) {
    for id in it.embeds.ids_of(client) {
        cancel_embed(it, fx, &id);
    }
    for id in it.benches.ids_of(client) {
        cancel_bench(it, fx, &id);
    }
}

/// Forgets the task behind a request that was cancelled, and has the engine look at its flag.
fn clean_up(it: &mut Owners, fx: &mut Effects, Cancelled { lease, path, is_in_engine }: Cancelled) {
    it.waiting_tasks.remove(lease);
    if let Some(engine) = it.models.engine(&path).filter(|_| is_in_engine) {
        engine.wake();
    }
    it.models.release(lease, fx);
}
