//! What hosts ask of single scopes: park, restore, fork, rewind, persist, erase.

use std::sync::Arc;

use crate::engine::EngineCommand;
use crate::error::{Error, ErrorCode, Result};
use crate::kv::{Fingerprint, KvSnapshot, UnusableKv};
use crate::manager::mailbox::{Message, Reply};
use crate::manager::scope::{Kv, Number, Saved, Scope};
use crate::manager::supervisor::{Supervisor, now_ms};
use crate::manager::turns::no_scope;
use crate::protocol::Persist;

impl Supervisor {
    pub(in crate::manager) fn park(&mut self, id: &str, reply: Reply) {
        let path = match self.resting(id) {
            Ok(scope) if matches!(scope.kv, Kv::Resident(_)) => scope.model.clone(),
            Ok(_) => return reply(Ok(())),
            Err(error) => return reply(Err(error)),
        };
        self.call_off_guess(id);
        // The report of it comes before this, so the scope is known to be parked when the caller hears of it.
        let parked = self.reply_here(|_, result| reply(result));
        self.ask_engine(&path, EngineCommand::Park { scope: id.to_owned(), reply: parked });
    }

    pub(in crate::manager) fn restore(&mut self, id: &str, reply: Reply) {
        let scope = match self.resting(id) {
            Ok(scope) => scope,
            Err(error) => return reply(Err(error)),
        };
        let path = scope.model.clone();
        match scope.kv {
            Kv::Resident(_) => reply(Ok(())),
            Kv::Parked(_) => {
                let restored = self.reply_here(|_, result| reply(result));
                self.ask_engine(&path, EngineCommand::Restore { scope: id.to_owned(), reply: restored });
            }
            Kv::Uncached => self.restore_from_disk(id, path, reply),
        }
    }

    fn restore_from_disk(&mut self, id: &str, path: String, reply: Reply) {
        let read = match self.saved_reader(id) {
            Some(read) => read,
            None => return reply(Err(not_cached(id))),
        };
        let Some(scope) = self.scopes.get(id) else { return reply(Err(no_scope(id))) };
        let (id, birth, epoch) = (id.to_owned(), scope.birth, self.epoch(&path));
        self.aside(read, move |it, read| match read {
            _ if !it.is_alive(&id, birth) => reply(Err(no_scope(&id))),
            // Read for an engine that has gone: the next one may be set up in another way.
            _ if it.epoch(&path) != epoch => reply(Err(not_cached(&id))),
            Ok(parked) => {
                // Kept by the reply until the engine has it in a slot.
                let parked = Arc::new(parked);
                let kept = parked.clone();
                let restored = it.reply_here(move |_, result| {
                    drop(kept);
                    reply(result);
                });
                it.ask_engine(&path, EngineCommand::Keep(parked));
                it.ask_engine(&path, EngineCommand::Restore { scope: id, reply: restored });
            }
            Err(unusable) => {
                it.saved_unusable(&path, &id, unusable);
                reply(Err(not_cached(&id)));
            }
        });
    }

    /// Reads the scope's KV of the model that answers, wherever it is called. None if there is none, or the model is not
    /// loaded.
    pub(in crate::manager) fn saved_reader(
        &self,
        id: &str,
    ) -> Option<impl FnOnce() -> std::result::Result<KvSnapshot, UnusableKv> + Send + 'static> {
        let scope = self.scopes.get(id)?;
        scope.saved_here()?;
        let fingerprint = self.models.get(&scope.model)?.running.as_ref()?.fingerprint?;
        let (storage, id) = (self.disk.as_ref()?.storage.clone(), id.to_owned());
        Some(move || storage.read_kv(&id, fingerprint))
    }

    /// A file that did not serve: the next turn prefills, and the flight recorder says why. One that was not set aside
    /// still takes its room on disk.
    pub(in crate::manager) fn saved_unusable(&mut self, path: &str, id: &str, unusable: UnusableKv) {
        let UnusableKv { reason, set_aside } = unusable;
        if let Some(set_aside) = set_aside {
            self.record_set_aside(set_aside);
            if let Some(disk) = &mut self.disk {
                disk.shelf.remove(id);
            }
        }
        if let Some(scope) = self.scopes.get_mut(id) {
            scope.saved = None;
        }
        self.publish_scope(id);
        self.record_dropped(path, id, &format!("what was saved cannot be used: {reason}"));
    }

    pub(in crate::manager) fn fork(&mut self, id: &str, fork: String, count: Option<u32>, reply: Reply) {
        let source = match self.resting(id) {
            Ok(scope) => scope,
            Err(error) => return reply(Err(error)),
        };
        if self.scopes.contains_key(&fork) {
            let detail = format!("scope {fork} exists already - give the fork of {id} an id of its own");
            return reply(Err(Error::new(ErrorCode::InvalidOptions, detail)));
        }
        let count = count.map_or(usize::MAX, |count| count as usize);
        let copy = source.fork(fork.clone(), count, now_ms());
        let (path, kv, birth) = (source.model.clone(), source.kv, copy.birth);
        self.scopes.insert(fork.clone(), copy);
        self.publish_scope(&fork);
        self.save_transcript(&fork);
        match kv {
            Kv::Resident(_) => {
                let model = path.clone();
                let copied = self.reply_here(move |it, copied: Result<Option<Arc<KvSnapshot>>>| match copied {
                    Ok(Some(parked)) => it.fork_parked(model, parked, fork, birth, reply),
                    // Nothing worth copying, or the engine has gone: the fork is prefilled on its first turn.
                    Ok(None) | Err(_) => reply(Ok(())),
                });
                self.ask_engine(&path, EngineCommand::Copy { scope: id.to_owned(), reply: copied });
            }
            Kv::Parked(_) => {
                let running = self.models.get(&path).and_then(|model| model.running.as_ref());
                match running.and_then(|running| running.parking.get(id)) {
                    Some(parked) => self.fork_parked(path, parked, fork, birth, reply),
                    None => reply(Ok(())),
                }
            }
            Kv::Uncached => self.fork_saved(id, fork, reply),
        }
    }

    /// Gives a fork a copy of its source's KV, in RAM.
    fn fork_parked(&mut self, path: String, source: Arc<KvSnapshot>, fork: String, birth: Number, reply: Reply) {
        let (id, epoch) = (fork.clone(), self.epoch(&path));
        self.aside(
            move || source.copy_for(fork).map(Arc::new),
            move |it, copy| {
                let is_new = |scope: &Scope| scope.turns.is_empty() && scope.kv == Kv::Uncached;
                let untouched = it.is_alive(&id, birth) && it.scopes.get(&id).is_some_and(is_new);
                // A copy that would be of no use is prefilled on its first turn instead.
                if let Ok(copy) = copy
                    && untouched
                    && it.epoch(&path) == epoch
                    && it.place(&path, &id, Kv::Parked(copy.tokens().len() as u32))
                {
                    it.ask_engine(&path, EngineCommand::Keep(copy.clone()));
                    it.keep_parked(&path, copy);
                }
                reply(Ok(()));
            },
        );
    }

    /// Gives a fork a copy of its source's KV, on disk.
    fn fork_saved(&mut self, id: &str, fork: String, reply: Reply) {
        let Some(saved) = self.scopes.get(id).and_then(Scope::saved_here).cloned() else { return reply(Ok(())) };
        let Some((files, version)) = self.scopes.get(&fork).map(|fork| (fork.files, fork.kv_version)) else {
            return reply(Ok(()));
        };
        let (source, copy) = (id.to_owned(), fork.clone());
        let fingerprint: Fingerprint = saved.kv.fingerprint;
        self.on_disk(
            move |storage| match storage.read_kv(&source, fingerprint) {
                Ok(parked) => match parked.copy_for(copy) {
                    Ok(copy) => storage.write_kv(&copy, fingerprint).map(Some),
                    Err(_damaged) => Ok(None),
                },
                Err(_unusable) => Ok(None),
            },
            move |it, written| {
                if let Ok(Some(kv)) = written {
                    it.put_on_shelf(&fork, files, Saved { kv, model: saved.model, version });
                }
                // Without its KV the fork is prefilled on its first turn.
                reply(Ok(()));
            },
        );
    }

    pub(in crate::manager) fn rewind(&mut self, id: &str, index: u32, reply: Reply) {
        if let Err(error) = self.resting(id) {
            return reply(Err(error));
        }
        self.call_off_guess(id);
        let Some(scope) = self.scopes.get_mut(id) else { return reply(Err(no_scope(id))) };
        let count = scope.transcript().len();
        match scope.rewind(index as usize) {
            Some(change) => {
                self.publish_transcript(id, change);
                self.save_transcript(id);
                reply(Ok(()));
            }
            None => {
                let detail = format!("messageIndex {index} of scope {id} is out of range - use 0 to {count}");
                reply(Err(Error::new(ErrorCode::InvalidOptions, detail)));
            }
        }
    }

    pub(in crate::manager) fn set_persist(&mut self, id: &str, persist: Persist, reply: Reply) {
        let Some(scope) = self.scopes.get_mut(id) else { return reply(Err(no_scope(id))) };
        scope.persist = persist;
        self.publish_scope(id);
        if self.disk.is_none() {
            return reply(Ok(()));
        }
        match persist {
            Persist::None => self.remove_saved(id, reply),
            Persist::Transcript => {
                self.save_transcript(id);
                self.remove_saved_kv(id, reply);
            }
            Persist::Full => self.write(id, None, reply),
        }
    }

    /// Takes everything of a scope off the disk.
    pub(in crate::manager) fn remove_saved(&mut self, id: &str, reply: Reply) {
        if self.disk.is_none() {
            return reply(Ok(()));
        }
        self.remove_saved_kv(id, Box::new(|_| {}));
        let file = id.to_owned();
        self.on_disk(move |storage| storage.remove(&file), |_, result| reply(result));
    }

    /// Forgets every scope, then whatever else the directory holds.
    pub(in crate::manager) fn erase_all(&mut self, reply: Reply) {
        let ids: Vec<String> = self.scopes.keys().cloned().collect();
        let (sender, mut disposed) = tokio::sync::mpsc::unbounded_channel::<()>();
        for id in ids {
            let sender = sender.clone();
            self.dispose_scope(&id, Box::new(move |_| drop(sender)));
        }
        drop(sender);
        let mailbox = self.mailbox.clone();
        self.runtime.spawn(async move {
            // Ends when the last disposal has dropped its sender.
            let _none = disposed.recv().await;
            mailbox.tell(Message::Continue(Box::new(move |it| it.erase_directory(reply))));
        });
    }

    fn erase_directory(&mut self, reply: Reply) {
        if self.disk.is_none() {
            // With nothing to erase, or with the directory given back by a shutdown.
            return reply(self.refusal_when_closed().map_or(Ok(()), Err));
        }
        // Scopes that came to be meanwhile lose their files with the others.
        let late: Vec<String> = self.scopes.keys().cloned().collect();
        for id in &late {
            self.forget_file(id);
        }
        self.on_disk(|storage| storage.remove_all(), |_, result| reply(result));
        for id in late {
            self.save_transcript(&id);
        }
    }

    /// A scope of which no turn runs or waits.
    pub(in crate::manager) fn resting(&self, id: &str) -> Result<&Scope> {
        let scope = self.scopes.get(id).ok_or_else(|| no_scope(id))?;
        if scope.turns.is_empty() && scope.disposing.is_empty() {
            return Ok(scope);
        }
        let detail = format!("a turn of scope {id} runs or waits - cancel it, or try again when it has ended");
        Err(Error::new(ErrorCode::Busy, detail))
    }
}

fn not_cached(id: &str) -> Error {
    let detail = format!("scope {id} has no KV in memory or on disk that its loaded model could take - send a message");
    Error::new(ErrorCode::NotCached, detail)
}
