//! Embedding contexts of engines: freed when idle, and first of all when memory is short.

use std::time::Duration;

use crate::engine::EngineCommand;
use crate::manager::effects::{Effect, Effects, Timer};
use crate::manager::models::{Embedder, LeaseId};
use crate::manager::owners::Owners;

pub(super) fn embedder(it: &Owners, path: &str) -> Option<Embedder> {
    it.models.engine(path)?.embedder
}

/// Keeps an unused embedding context as long as an idle model is kept.
pub(super) fn rest(it: &mut Owners, fx: &mut Effects, path: &str) {
    let Some(Embedder { used, .. }) = embedder(it, path).filter(|_| !it.embeds.use_model(path)) else { return };
    match it.models.config(path).and_then(|config| config.keep_alive_ms) {
        Some(0) => drop(free_idle(it, path)),
        Some(ms) => {
            let timer = Timer::EmbedderIdle { path: path.to_owned(), used };
            fx.push(Effect::StartTimer { timer, after: Duration::from_millis(ms) });
        }
        None => {}
    }
}

/// Frees the embedding context, unless it has been used since this lease.
pub(in crate::manager) fn idle_elapsed(it: &mut Owners, path: &str, used: LeaseId) {
    if embedder(it, path).is_some_and(|embedder| embedder.used == used) {
        free_idle(it, path);
    }
}

/// Frees an engine's embedding context, unless an `embed` needs it. Returns its bytes.
pub(super) fn free_idle(it: &mut Owners, path: &str) -> Option<u64> {
    if it.embeds.use_model(path) {
        return None;
    }
    let engine = it.models.engine_mut(path)?;
    let freed = engine.embedder.take()?;
    // An engine that takes no command is about to exit, and its memory goes with it.
    let _exits = engine.try_send(EngineCommand::FreeEmbeddingContext);
    Some(freed.bytes)
}

/// Frees every embedding context that is not in use. Returns the models and their bytes.
pub(in crate::manager) fn free_all_idle(it: &mut Owners) -> Vec<(String, u64)> {
    let paths = it.models.paths().into_iter();
    paths.filter_map(|path| free_idle(it, &path).map(|bytes| (path, bytes))).collect()
}
