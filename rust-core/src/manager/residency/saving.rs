//! From memory to disk: transcripts after every turn, KV when it would be lost, when a host asks, and before a suspension.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::no_directory;
use crate::engine::EngineCommand;
use crate::error::{Error, ErrorCode, Result};
use crate::kv::{Fingerprint, KvSnapshot};
use crate::manager::mailbox::{Message, Reply};
use crate::manager::scope::{Kv, Number, Saved, Scope};
use crate::manager::supervisor::Supervisor;
use crate::manager::turns::no_scope;
use crate::protocol::{LifecycleEvent, Persist};

/// What decides about writing a KV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manager) enum When {
    /// Somebody wants it there.
    Asked,
    /// It is written if reading it costs less than prefilling again.
    IfWorth,
}

/// A copy of a scope's KV on its way to disk.
pub(super) struct Taken {
    pub(super) parked: Arc<KvSnapshot>,
    /// Path of the model that it belongs to.
    pub(super) model: String,
    fingerprint: Fingerprint,
    /// The scope's `kv_version` when it was taken.
    version: u64,
}

impl Supervisor {
    /// Writes a scope's transcript, and its KV where that is in memory, may be on disk and is not there already.
    pub(in crate::manager) fn save(&mut self, id: &str, when: When, reply: Reply) {
        let Some(scope) = self.scopes.get(id) else { return reply(Err(no_scope(id))) };
        if let Err(error) = self.may_save(scope) {
            return reply(Err(error));
        }
        let (path, on_disk) = (&scope.model, scope.is_on_disk());
        match scope.kv {
            Kv::Resident(_) if self.may_save_kv(scope) && !on_disk => self.copy_and_write(id, when, reply),
            // Its first turn, or the first one since it was nowhere.
            Kv::Uncached if self.may_save_kv(scope) && self.is_at_work(scope) => self.copy_and_write(id, when, reply),
            Kv::Parked(_) if self.may_save_kv(scope) && !on_disk => {
                let running = self.models.get(path).and_then(|model| model.running.as_ref());
                let parked = running.and_then(|running| running.parking.get(id));
                let taken = parked.and_then(|parked| self.take_copy(path, id, parked));
                let taken = taken.filter(|taken| self.belongs_on_disk(id, taken, when));
                self.write(id, taken, reply);
            }
            Kv::Resident(_) | Kv::Parked(_) | Kv::Uncached => self.write(id, None, reply),
        }
    }

    fn copy_and_write(&mut self, id: &str, when: When, reply: Reply) {
        let Some(scope) = self.scopes.get(id) else { return reply(Err(no_scope(id))) };
        let (path, id, birth) = (scope.model.clone(), id.to_owned(), scope.birth);
        let (copied_from, copied_of) = (path.clone(), id.clone());
        let copied = self.reply_here(move |it, copied: Result<Option<Arc<KvSnapshot>>>| {
            let (path, id) = (copied_from, copied_of);
            if !it.is_alive(&id, birth) {
                return reply(Err(no_scope(&id)));
            }
            // An engine that has just gone took the KV with it; the transcript is written all the same.
            let taken = copied.ok().flatten().and_then(|parked| it.take_copy(&path, &id, parked));
            let taken = taken.filter(|taken| it.belongs_on_disk(&id, taken, when));
            it.write(&id, taken, reply);
        });
        self.ask_engine(&path, EngineCommand::Copy { scope: id, reply: copied });
    }

    /// What was taken out of a model's engine just now. None if another model answers the scope by now: this one's KV is
    /// of no use to it, and must never be stamped as if it were.
    pub(super) fn take_copy(&self, path: &str, id: &str, parked: Arc<KvSnapshot>) -> Option<Taken> {
        let scope = self.scopes.get(id).filter(|scope| scope.model == path)?;
        let fingerprint = self.models.get(path)?.running.as_ref()?.fingerprint?;
        Some(Taken { parked, model: path.to_owned(), fingerprint, version: scope.kv_version })
    }

    /// Whether this very scope is there: not disposed of, nor another one that was given its id.
    pub(in crate::manager) fn is_alive(&self, id: &str, birth: Number) -> bool {
        self.scopes.get(id).is_some_and(|scope| scope.birth == birth)
    }

    pub(super) fn write(&mut self, id: &str, taken: Option<Taken>, reply: Reply) {
        let Some(scope) = self.scopes.get(id) else { return reply(Err(no_scope(id))) };
        let transcript = scope.to_save(self.begun_turn(scope));
        let (id, files) = (id.to_owned(), scope.files);
        let work = move |storage: &crate::kv::Storage| {
            storage.write_transcript(&transcript)?;
            let write = |taken: Taken| {
                let kv = storage.write_kv(&taken.parked, taken.fingerprint)?;
                Ok(Saved { kv, model: taken.model, version: taken.version })
            };
            taken.map(write).transpose()
        };
        self.on_disk(work, move |it, result| it.written(&id, files, result, reply));
    }

    fn written(&mut self, id: &str, files: Number, result: Result<Option<Saved>>, reply: Reply) {
        let answer = result.as_ref().map(|_| ()).map_err(Error::clone);
        match result {
            Ok(Some(saved)) => self.put_on_shelf(id, files, saved),
            Ok(None) => {}
            Err(error) => {
                let Some(scope) = self.scopes.get(id) else { return reply(answer) };
                let (model, reason) = (scope.model.clone(), "what was on disk before still is".to_owned());
                self.record(&model, LifecycleEvent::ScopeNotSaved { scope: id.to_owned(), error }, reason);
            }
        }
        reply(answer);
    }

    /// A scope's KV was written. `files` is the scope's number from when the writing was asked for: where it is another
    /// one by now the removal followed on the disk's thread, and there is no file.
    pub(super) fn put_on_shelf(&mut self, id: &str, files: Number, saved: Saved) {
        let Some(scope) = self.scopes.get_mut(id).filter(|scope| scope.files == files) else { return };
        let (kv, model, used) = (saved.kv, saved.model.clone(), scope.last_used_at);
        scope.saved = Some(saved);
        if let Some(disk) = &mut self.disk {
            disk.shelf.put(id, kv, used);
        }
        self.publish_scope(id);
        let reason = "read again instead of prefilled".to_owned();
        self.record(&model, LifecycleEvent::ScopeSaved { scope: id.to_owned(), bytes: kv.bytes }, reason);
        self.keep_saved_budget();
    }

    pub(in crate::manager) fn set_saved_budget(&mut self, budget: Option<u64>) {
        if let Some(budget) = budget {
            self.saved_budget = budget;
        }
        if let Some(disk) = &mut self.disk {
            disk.shelf.set_budget(self.saved_budget);
        }
        self.keep_saved_budget();
    }

    /// Removes the least recently used files until the rest fits.
    pub(in crate::manager) fn keep_saved_budget(&mut self) {
        let over = self.disk.as_ref().map(|disk| disk.shelf.over_budget()).unwrap_or_default();
        for id in over {
            let uncached = self.scopes.get(&id).is_some_and(|scope| scope.kv == Kv::Uncached);
            let model = self.scopes.get(&id).map(|scope| scope.model.clone());
            self.remove_saved_kv(&id, Box::new(|_| {}));
            if let Some(model) = model.filter(|_| uncached) {
                self.record_dropped(&model, &id, "savedBudgetBytes is used up");
            }
        }
    }

    /// Takes a scope's KV off the disk. Its transcript stays there.
    pub(super) fn remove_saved_kv(&mut self, id: &str, reply: Reply) {
        self.forget_file(id);
        let file = id.to_owned();
        self.on_disk(move |storage| storage.remove_kv(&file), |_, result| reply(result));
    }

    /// A scope's file is about to go.
    pub(super) fn forget_file(&mut self, id: &str) {
        if let Some(disk) = &mut self.disk {
            disk.shelf.remove(id);
        }
        if let Some(scope) = self.scopes.get_mut(id) {
            scope.forget_file();
        }
        self.publish_scope(id);
    }

    /// After a change of the transcript. Nobody waits; a failure is in the flight recorder.
    pub(in crate::manager) fn save_transcript(&mut self, id: &str) {
        if self.scopes.get(id).is_some_and(|scope| self.may_save(scope).is_ok()) {
            self.write(id, None, Box::new(|_| {}));
        }
    }

    /// Saves one scope after the other, so that one copy at a time is in RAM, and tells how many were saved.
    pub(in crate::manager) fn save_each(
        &self,
        ids: Vec<String>,
        until: Option<Instant>,
        then: impl FnOnce(&mut Self, u32) + Send + 'static,
    ) {
        let mailbox = self.mailbox.clone();
        self.runtime.spawn(async move {
            let mut saved = 0;
            for id in ids {
                if until.is_some_and(|until| until <= Instant::now()) {
                    break;
                }
                let (done, written) = oneshot::channel();
                let reply: Reply = Box::new(move |result| drop(done.send(result)));
                mailbox.tell(Message::Continue(Box::new(move |it| it.save(&id, When::IfWorth, reply))));
                let result = match until {
                    Some(until) => match tokio::time::timeout_at(until, written).await {
                        Ok(result) => result,
                        Err(_too_late) => break,
                    },
                    None => written.await,
                };
                saved += u32::from(matches!(result, Ok(Ok(()))));
            }
            mailbox.tell(Message::Continue(Box::new(move |it| then(it, saved))));
        });
    }

    /// Goes on when all that was given to the disk is done, or the time is up.
    pub(super) fn after_writing(&self, until: Instant, then: impl FnOnce(&mut Self) + Send + 'static) {
        let (done, written) = oneshot::channel();
        match &self.disk {
            Some(disk) => disk.run(|_storage| Ok(()), move |result| drop(done.send(result))),
            None => drop(done),
        }
        let mailbox = self.mailbox.clone();
        self.runtime.spawn(async move {
            let _done_or_too_late = tokio::time::timeout_at(until, written).await;
            mailbox.tell(Message::Continue(Box::new(then)));
        });
    }

    /// Scopes whose KV is in memory and not on disk, most recently used first; those of one model, or all.
    pub(in crate::manager) fn unsaved(&self, path: Option<&str>) -> Vec<String> {
        let is_unsaved = |scope: &&Scope| {
            path.is_none_or(|path| scope.model == path)
                && (scope.kv != Kv::Uncached || self.is_at_work(scope))
                && self.may_save_kv(scope)
                && !scope.is_on_disk()
        };
        let mut scopes: Vec<&Scope> = self.scopes.values().filter(is_unsaved).collect();
        scopes.sort_by_key(|scope| std::cmp::Reverse(scope.last_used_at));
        scopes.into_iter().map(|scope| scope.id().to_owned()).collect()
    }

    fn may_save(&self, scope: &Scope) -> Result<()> {
        if self.disk.is_none() {
            return Err(no_directory());
        }
        if scope.persist == Persist::None {
            let detail = format!("scope {} may not be on disk: its persist is none - set another one", scope.id());
            return Err(Error::new(ErrorCode::StorageUnavailable, detail));
        }
        Ok(())
    }

    pub(super) fn may_save_kv(&self, scope: &Scope) -> bool {
        self.disk.is_some() && scope.persist == Persist::Full
    }
}
