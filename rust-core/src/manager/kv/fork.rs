//! A new scope that begins as a copy of another one, with a copy of its KV.

use std::sync::Arc;

use super::location::keep_parked;
use super::save::{kv_written, save_transcript};
use crate::engine::EngineCommand;
use crate::error::{Error, ErrorCode, Result};
use crate::kv::{Fingerprint, KvSnapshot};
use crate::manager::effects::{Effects, now_ms};
use crate::manager::owners::Owners;
use crate::manager::scopes::{Kv, Saved, Scope, Stamp};
use crate::manager::ticket::Reply;

pub(in crate::manager) fn fork(
    it: &mut Owners,
    fx: &mut Effects,
    id: &str,
    fork: String,
    count: Option<u32>,
    reply: Reply,
) {
    let source = match it.scopes.resting(id) {
        Ok(scope) => scope,
        Err(error) => return reply(Err(error)),
    };
    if it.scopes.contains(&fork) {
        let detail = format!("scope {fork} exists already - give the fork of {id} an id of its own");
        return reply(Err(Error::new(ErrorCode::InvalidOptions, detail)));
    }
    let count = count.map_or(usize::MAX, |count| count as usize);
    let copy = source.fork(fork.clone(), count, now_ms());
    let (path, kv, incarnation) = (source.model.clone(), source.kv, copy.incarnation);
    it.scopes.insert(fork.clone(), copy);
    it.scopes.publish(&fork, fx);
    save_transcript(it, &fork);
    match kv {
        Kv::Resident(_) => {
            let model = path.clone();
            let copied = it.here(move |it, _fx, copied: Result<Option<Arc<KvSnapshot>>>| match copied {
                Ok(Some(parked)) => fork_parked(it, model, parked, fork, incarnation, reply),
                // Nothing worth copying, or the engine has gone: the fork is prefilled on its first turn.
                Ok(None) | Err(_) => reply(Ok(())),
            });
            it.models.ask_engine(&path, EngineCommand::Copy { scope: id.to_owned(), reply: copied });
        }
        Kv::Parked(_) => {
            let parked = it.models.engine(&path).and_then(|engine| engine.ram_cache.get(id));
            match parked {
                Some(parked) => fork_parked(it, path, parked, fork, incarnation, reply),
                None => reply(Ok(())),
            }
        }
        Kv::Uncached => fork_saved(it, id, fork, reply),
    }
}

/// Gives a fork a copy of its source's KV, in RAM.
fn fork_parked(it: &mut Owners, path: String, source: Arc<KvSnapshot>, fork: String, incarnation: Stamp, reply: Reply) {
    let (id, epoch) = (fork.clone(), it.models.epoch(&path));
    it.run_blocking(
        move || Ok(source.copy_for(fork).map(Arc::new)),
        move |it, fx, copy| {
            let is_new = |scope: &Scope| scope.generations.is_empty() && scope.kv == Kv::Uncached;
            let untouched = it.scopes.is_alive(&id, incarnation) && it.scopes.get(&id).is_some_and(is_new);
            // A copy that would be of no use is prefilled on its first turn instead.
            if let Ok(Ok(copy)) = copy
                && untouched
                && it.models.epoch(&path) == epoch
                && it.scopes.place(&path, &id, Kv::Parked(copy.tokens().len() as u32), fx)
            {
                it.models.ask_engine(&path, EngineCommand::Keep(copy.clone()));
                keep_parked(it, fx, &path, copy);
            }
            reply(Ok(()));
        },
    );
}

/// Gives a fork a copy of its source's KV, on disk.
fn fork_saved(it: &mut Owners, id: &str, fork: String, reply: Reply) {
    let Some(saved) = it.scopes.get(id).and_then(Scope::saved_here).cloned() else { return reply(Ok(())) };
    let Some((files, version)) = it.scopes.get(&fork).map(|fork| (fork.file_stamp, fork.kv_version)) else {
        return reply(Ok(()));
    };
    let (source, copy) = (id.to_owned(), fork.clone());
    let fingerprint: Fingerprint = saved.kv.fingerprint;
    it.on_disk(
        move |storage| match storage.read_kv(&source, fingerprint) {
            Ok(parked) => match parked.copy_for(copy) {
                Ok(copy) => storage.write_kv(&copy, fingerprint).map(Some),
                Err(_damaged) => Ok(None),
            },
            Err(_unusable) => Ok(None),
        },
        move |it, fx, written| {
            if let Ok(Some(kv)) = written {
                kv_written(it, fx, &fork, files, Saved { kv, model: saved.model, version });
            }
            // Without its KV the fork is prefilled on its first turn.
            reply(Ok(()));
        },
    );
}
