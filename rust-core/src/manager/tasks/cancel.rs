//! Cancels tasks, on request or because their client has gone.

use super::bench::bench_cancelled;
use super::embed::embed_cancelled;
use super::embedders;
use super::requests::{CancelledRequest, RequestId};
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

/// Cancels the tasks of a client that has gone, because no answer would reach it.
pub(in crate::manager) fn cancel_of_client(it: &mut Owners, fx: &mut Effects, client: ClientId) {
    for id in it.embeds.ids_of(client) {
        cancel_embed(it, fx, &id);
    }
    for id in it.benches.ids_of(client) {
        cancel_bench(it, fx, &id);
    }
}

/// Forgets the task of a cancelled request, and makes the engine check its cancel flag.
fn clean_up(it: &mut Owners, fx: &mut Effects, CancelledRequest { lease, path, is_in_engine }: CancelledRequest) {
    it.waiting_tasks.remove(lease);
    if let Some(engine) = it.models.engine(&path).filter(|_| is_in_engine) {
        engine.wake();
    }
    it.models.release(lease, fx);
}
