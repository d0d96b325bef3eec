//! Forks a scope: the new scope begins with a copy of the transcript and of the KV.

use std::sync::Arc;

use super::location::keep_parked;
use super::save::{kv_written, save_transcript};
use crate::engine::EngineCommand;
use crate::error::{Error, ErrorCode, Result};
use crate::kv::{Fingerprint, KvSnapshot};
use crate::manager::effects::{Effects, now_ms};
use crate::manager::owners::Owners;
use crate::manager::scopes::{Kv, KvFile, Scope, Stamp};
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
                Ok(Some(snapshot)) => fork_parked(it, model, snapshot, fork, incarnation, reply),
                // There is nothing to copy, or the engine has gone: the fork's first generation prefills.
                Ok(None) | Err(_) => reply(Ok(())),
            });
            it.models.ask_engine(&path, EngineCommand::Copy { scope: id.to_owned(), reply: copied });
        }
        Kv::Parked(_) => {
            let snapshot = it.models.engine(&path).and_then(|engine| engine.ram_cache.get(id));
            match snapshot {
                Some(snapshot) => fork_parked(it, path, snapshot, fork, incarnation, reply),
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
            // Without a usable copy, the fork's first generation prefills.
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
    let Some(file) = it.scopes.get(id).and_then(Scope::current_kv_file).cloned() else { return reply(Ok(())) };
    let Some((file_stamp, version)) = it.scopes.get(&fork).map(|fork| (fork.file_stamp, fork.kv_version)) else {
        return reply(Ok(()));
    };
    let (source, copy) = (id.to_owned(), fork.clone());
    let fingerprint: Fingerprint = file.kv.fingerprint;
    it.on_disk(
        move |storage| match storage.read_kv(&source, fingerprint) {
            Ok(snapshot) => match snapshot.copy_for(copy) {
                Ok(copy) => storage.write_kv(&copy, fingerprint).map(Some),
                Err(_damaged) => Ok(None),
            },
            Err(_unusable) => Ok(None),
        },
        move |it, fx, written| {
            if let Ok(Some(kv)) = written {
                kv_written(it, fx, &fork, file_stamp, KvFile { kv, model: file.model, version });
            }
            // Without a KV file, the fork's first generation prefills.
            reply(Ok(()));
        },
    );
}
