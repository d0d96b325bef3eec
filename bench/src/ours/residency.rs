//! Moves scopes by command, as a host does, and measures each move.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use llama_rs_core::Pull;
use llama_rs_core::protocol::{
    Command, Event, GenerationPhase, GenerationState, Persist, Residency, ScopeSummary, TrimLevel,
};

use super::{BATCH, Ours};
use crate::Result;

/// A private directory, removed when this is dropped.
pub struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        // The system cleans up what is left.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Ours {
    /// Enables saving for scopes that `may_be_saved`.
    pub fn keep_on_disk(&mut self) -> Result<()> {
        if self.directory.is_none() {
            let path = std::env::temp_dir().join(format!("llama-rs-bench-{}", std::process::id()));
            self.manager.keep_in(&path)?;
            self.directory = Some(Directory(path));
        }
        Ok(())
    }

    pub fn may_be_saved(&mut self, scope: &str) -> Result<()> {
        self.request(Command::SetPersist { scope: scope.into(), persist: Persist::Full })
    }

    /// The same, after removing what is saved already.
    pub fn may_be_saved_anew(&mut self, scope: &str) -> Result<()> {
        self.request(Command::SetPersist { scope: scope.into(), persist: Persist::Transcript })?;
        self.may_be_saved(scope)
    }

    /// Time from the command until the scope has left its slot.
    pub fn park(&mut self, scope: &str) -> Result<Duration> {
        self.moved(Command::Park { scope: scope.into() }, scope, |it| it.residency == Residency::Parked)
    }

    /// Time from the command until the scope is in a slot.
    pub fn restore(&mut self, scope: &str) -> Result<Duration> {
        self.moved(Command::Restore { scope: scope.into() }, scope, |it| it.residency == Residency::Resident)
    }

    /// Time from the command until the scope's KV is on the disk.
    pub fn save(&mut self, scope: &str) -> Result<Duration> {
        self.moved(Command::Save { scope: scope.into() }, scope, |it| it.saved_at.is_some())
    }

    /// Sends commands to save scopes and waits for no answer.
    pub fn begin_saving(&mut self, scopes: &[String]) {
        for scope in scopes {
            self.send(Command::Save { scope: scope.clone() });
        }
    }

    /// Waits until a scope that is being saved is on the disk.
    pub fn until_saved(&mut self, scope: &str) -> Result<()> {
        while self.summary(scope)?.saved_at.is_none() {
            self.next_event()?;
        }
        Ok(())
    }

    /// Drops a saved scope from memory, so that only its file is left.
    pub fn leave_on_disk(&mut self, scope: &str) -> Result<()> {
        self.park(scope)?;
        self.request(Command::Trim { level: TrimLevel::Moderate })?;
        match self.summary(scope)?.residency {
            Residency::Saved => Ok(()),
            other => Err(format!("scope {scope} is {other:?} and not on disk alone").into()),
        }
    }

    /// Moves a scope through all its states, once. The scope and its fork are deleted afterwards.
    pub fn whole_life(&mut self, scope: &str, fork: &str) -> Result<()> {
        let named = |scope: &str| scope.to_owned();
        self.request(Command::SetPersist { scope: named(scope), persist: Persist::Full })?;
        self.request(Command::Park { scope: named(scope) })?;
        self.request(Command::Restore { scope: named(scope) })?;
        let fork_it = Command::Fork { scope: named(scope), fork: named(fork), message_count: None };
        self.request_all(vec![Command::Save { scope: named(scope) }, fork_it])?;
        let dispose = |scope: &str| Command::DeleteScope { scope: named(scope) };
        self.request_all(vec![dispose(scope), dispose(fork)])
    }

    /// The current summary of a scope.
    pub fn summary(&self, scope: &str) -> Result<ScopeSummary> {
        let scopes = self.snapshot().scopes;
        let found = scopes.into_iter().find(|summary| summary.id == scope);
        found.ok_or_else(|| "the scope is not in the snapshot".into())
    }

    /// Length of a generation's text so far, in bytes; `None` once it has ended. Shows every token, while events come
    /// once per frame.
    pub fn text_so_far(&self, generation: &str) -> Option<usize> {
        let generations = self.snapshot().generations;
        match generations.iter().find(|state| state.id == generation) {
            Some(GenerationState { phase: GenerationPhase::Finished { .. }, .. }) => None,
            Some(state) => Some(state.text.len()),
            // The generation is not accepted yet.
            None => Some(0),
        }
    }

    /// Waits until no event has come for longer than a frame, so that the next one comes at once.
    pub fn settle(&mut self) {
        self.pulled.clear();
        while let Pull::Batch(_) = self.client.next_events(BATCH + BATCH / 2) {}
    }

    /// Time from a command until the scope is where it should be.
    fn moved(&mut self, command: Command, scope: &str, there: impl Fn(&ScopeSummary) -> bool) -> Result<Duration> {
        self.settle();
        let began = Instant::now();
        let asked = self.send(command);
        loop {
            match self.next_event()? {
                (at, Event::ScopeChanged { scope: now }) if now.id == scope && there(&now) => return Ok(at - began),
                (_, Event::Done { request_id }) if request_id == asked => {
                    return Err(format!("scope {scope} did not move").into());
                }
                (_, Event::Failed { error, .. }) => return Err(error.to_string().into()),
                _ => {}
            }
        }
    }
}
