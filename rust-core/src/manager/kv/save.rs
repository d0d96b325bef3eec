//! Saves scopes to disk: the transcript after every generation; the KV when it would be lost, when a host asks, and
//! before a suspension.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::saved_files::keep_saved_budget;
use crate::engine::EngineCommand;
use crate::error::{Error, ErrorCode, Result};
use crate::kv::{Fingerprint, KvSnapshot, Storage, is_cheaper_to_read};
use crate::manager::effects::Effects;
use crate::manager::models::EngineSlot;
use crate::manager::owners::{Owners, no_directory};
use crate::manager::scopes::{Kv, KvFile, Scope, Stamp, no_scope};
use crate::manager::ticket::Reply;
use crate::protocol::{LifecycleEvent, Persist};

/// When to write a KV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manager) enum SavePolicy {
    Always,
    /// Only if reading it costs less than prefilling again.
    IfCheaper,
}

/// A copy of a scope's KV on its way to disk.
pub(in crate::manager) struct KvCopy {
    snapshot: Arc<KvSnapshot>,
    /// Path of the model that it belongs to.
    model: String,
    fingerprint: Fingerprint,
    /// The scope's `kv_version` when it was copied.
    version: u64,
}

/// Writes a scope's transcript. Writes its KV too if that is in memory, may be saved, and is not on disk yet.
pub(in crate::manager) fn save(it: &mut Owners, id: &str, policy: SavePolicy, reply: Reply) {
    let Some(scope) = it.scopes.get(id) else { return reply(Err(no_scope(id))) };
    if let Err(error) = may_save(it, scope) {
        return reply(Err(error));
    }
    let (path, on_disk) = (&scope.model, scope.is_on_disk());
    match scope.kv {
        Kv::Resident(_) if may_save_kv(it, scope) && !on_disk => copy_and_write(it, id, policy, reply),
        // The scope's first generation since it was uncached.
        Kv::Uncached if may_save_kv(it, scope) && it.generations.is_at_work(scope) => {
            copy_and_write(it, id, policy, reply)
        }
        Kv::Parked(_) if may_save_kv(it, scope) && !on_disk => {
            let snapshot = it.models.engine(path).and_then(|engine| engine.ram_cache.get(id));
            let copy = snapshot.and_then(|snapshot| copy_of(it, path, id, snapshot));
            let copy = copy.filter(|copy| belongs_on_disk(it, id, copy, policy));
            write(it, id, copy, reply);
        }
        Kv::Resident(_) | Kv::Parked(_) | Kv::Uncached => write(it, id, None, reply),
    }
}

fn copy_and_write(it: &mut Owners, id: &str, policy: SavePolicy, reply: Reply) {
    let Some(scope) = it.scopes.get(id) else { return reply(Err(no_scope(id))) };
    let (path, id, incarnation) = (scope.model.clone(), id.to_owned(), scope.incarnation);
    let (copied_from, copied_of) = (path.clone(), id.clone());
    let copied = it.here(move |it, _fx, copied: Result<Option<Arc<KvSnapshot>>>| {
        let (path, id) = (copied_from, copied_of);
        if !it.scopes.is_alive(&id, incarnation) {
            return reply(Err(no_scope(&id)));
        }
        // If the engine has just gone, only the transcript is written.
        let copy = copied.ok().flatten().and_then(|snapshot| copy_of(it, &path, &id, snapshot));
        let copy = copy.filter(|copy| belongs_on_disk(it, &id, copy, policy));
        write(it, &id, copy, reply);
    });
    it.models.ask_engine(&path, EngineCommand::Copy { scope: id, reply: copied });
}

/// Stamps a snapshot that has just come from a model's engine. None if another model answers the scope by now: the KV
/// of one model must never get the stamp of another.
pub(in crate::manager) fn copy_of(it: &Owners, path: &str, id: &str, snapshot: Arc<KvSnapshot>) -> Option<KvCopy> {
    let scope = it.scopes.get(id).filter(|scope| scope.model == path)?;
    let fingerprint = it.models.engine(path)?.fingerprint()?;
    Some(KvCopy { snapshot, model: path.to_owned(), fingerprint, version: scope.kv_version })
}

/// Whether to write a copy: its scope allows it, the budget has room, and it is worth its cost.
pub(in crate::manager) fn belongs_on_disk(it: &Owners, id: &str, copy: &KvCopy, policy: SavePolicy) -> bool {
    let Some(scope) = it.scopes.get(id) else { return false };
    let rate = it.models.engine(&copy.model).and_then(EngineSlot::prefill_rate);
    let snapshot = &copy.snapshot;
    may_save_kv(it, scope)
        && snapshot.bytes() <= it.saved_budget
        && (policy == SavePolicy::Always || is_cheaper_to_read(snapshot.tokens().len() as u32, snapshot.bytes(), rate))
}

pub(in crate::manager) fn write(it: &mut Owners, id: &str, copy: Option<KvCopy>, reply: Reply) {
    let Some(scope) = it.scopes.get(id) else { return reply(Err(no_scope(id))) };
    let transcript = scope.to_save(it.generations.begun(scope, &it.bus));
    let (id, file_stamp) = (id.to_owned(), scope.file_stamp);
    let work = move |storage: &Storage| {
        storage.write_transcript(&transcript)?;
        let write = |copy: KvCopy| {
            let kv = storage.write_kv(&copy.snapshot, copy.fingerprint)?;
            Ok(KvFile { kv, model: copy.model, version: copy.version })
        };
        copy.map(write).transpose()
    };
    it.on_disk(work, move |it, fx, result| written(it, fx, &id, file_stamp, result, reply));
}

fn written(
    it: &mut Owners,
    fx: &mut Effects,
    id: &str,
    file_stamp: Stamp,
    result: Result<Option<KvFile>>,
    reply: Reply,
) {
    let answer = result.as_ref().map(|_| ()).map_err(Error::clone);
    match result {
        Ok(Some(file)) => kv_written(it, fx, id, file_stamp, file),
        Ok(None) => {}
        Err(error) => {
            let Some(scope) = it.scopes.get(id) else { return reply(answer) };
            let (model, reason) = (scope.model.clone(), "the earlier file is kept".to_owned());
            fx.record(&model, LifecycleEvent::ScopeNotSaved { scope: id.to_owned(), error }, reason);
        }
    }
    reply(answer);
}

/// A scope's KV was written. `file_stamp` is the scope's stamp from when the write was requested. If the stamp has
/// changed since, the disk's thread has removed the file again.
pub(in crate::manager) fn kv_written(it: &mut Owners, fx: &mut Effects, id: &str, file_stamp: Stamp, file: KvFile) {
    let Some(scope) = it.scopes.get_mut(id).filter(|scope| scope.file_stamp == file_stamp) else { return };
    let (kv, model, used) = (file.kv, file.model.clone(), scope.last_used_at);
    scope.kv_file = Some(file);
    if let Some(disk) = &mut it.disk {
        disk.index.put(id, kv, used);
    }
    it.scopes.publish(id, fx);
    let reason = "read again instead of prefilled".to_owned();
    fx.record(&model, LifecycleEvent::ScopeSaved { scope: id.to_owned(), bytes: kv.bytes }, reason);
    keep_saved_budget(it, fx);
}

/// Writes a changed transcript in the background. The flight recorder shows a failure.
pub(in crate::manager) fn save_transcript(it: &mut Owners, id: &str) {
    if it.scopes.get(id).is_some_and(|scope| may_save(it, scope).is_ok()) {
        write(it, id, None, Box::new(|_| {}));
    }
}

/// Saves scopes one after another, so that only one copy at a time is in RAM. `then` gets the number of saved scopes.
pub(in crate::manager) fn save_each(
    it: &Owners,
    ids: Vec<String>,
    until: Option<Instant>,
    then: impl FnOnce(&mut Owners, &mut Effects, u32) + Send + 'static,
) {
    let post = it.post.clone();
    it.runtime.spawn(async move {
        let mut saved = 0;
        for id in ids {
            if until.is_some_and(|until| until <= Instant::now()) {
                break;
            }
            let (done, written) = oneshot::channel();
            let reply: Reply = Box::new(move |result| drop(done.send(result)));
            post.send(move |it, _fx| save(it, &id, SavePolicy::IfCheaper, reply));
            let result = match until {
                Some(until) => match tokio::time::timeout_at(until, written).await {
                    Ok(result) => result,
                    Err(_too_late) => break,
                },
                None => written.await,
            };
            saved += u32::from(matches!(result, Ok(Ok(()))));
        }
        post.send(move |it, fx| then(it, fx, saved));
    });
}

/// Runs `then` when all earlier jobs of the disk are done, or at `until`.
pub(in crate::manager) fn after_writing(
    it: &Owners,
    until: Instant,
    then: impl FnOnce(&mut Owners, &mut Effects) + Send + 'static,
) {
    let (done, written) = oneshot::channel();
    match &it.disk {
        Some(disk) => disk.run(|_storage| Ok(()), move |result| drop(done.send(result))),
        None => drop(done),
    }
    let post = it.post.clone();
    it.runtime.spawn(async move {
        let _done_or_too_late = tokio::time::timeout_at(until, written).await;
        post.send(then);
    });
}

pub(super) fn record_dropped(fx: &Effects, path: &str, scope: &str, reason: &str) {
    fx.record(path, LifecycleEvent::ScopeDropped { scope: scope.to_owned() }, reason.to_owned());
}

/// Scopes whose KV is in memory and not on disk, of one model or of all. Most recently used first.
pub(in crate::manager) fn unsaved(it: &Owners, path: Option<&str>) -> Vec<String> {
    let is_unsaved = |scope: &&Scope| {
        path.is_none_or(|path| scope.model == path)
            && (scope.kv != Kv::Uncached || it.generations.is_at_work(scope))
            && may_save_kv(it, scope)
            && !scope.is_on_disk()
    };
    let mut scopes: Vec<&Scope> = it.scopes.iter().filter(is_unsaved).collect();
    scopes.sort_by_key(|scope| std::cmp::Reverse(scope.last_used_at));
    scopes.into_iter().map(|scope| scope.id().to_owned()).collect()
}

fn may_save(it: &Owners, scope: &Scope) -> Result<()> {
    if it.disk.is_none() {
        return Err(no_directory());
    }
    if scope.persist == Persist::None {
        let detail = format!("scope {} may not be on disk: its persist is none - set another one", scope.id());
        return Err(Error::new(ErrorCode::StorageUnavailable, detail));
    }
    Ok(())
}

fn may_save_kv(it: &Owners, scope: &Scope) -> bool {
    it.disk.is_some() && scope.persist == Persist::Full
}
