//! Every scope, by id. Knows nothing of engines, generations or files.

use std::collections::HashMap;

use super::scope::{Change, Kv, Scope, Stamp};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::effects::Effects;
use crate::manager::ticket::Reply;
use crate::protocol::{Event, Message};

#[derive(Default)]
pub(in crate::manager) struct ScopeTable {
    scopes: HashMap<String, Scope>,
}

/// A scope's messages and their revision.
pub(in crate::manager) struct Transcript {
    pub(in crate::manager) revision: u64,
    pub(in crate::manager) messages: Vec<Message>,
}

impl ScopeTable {
    pub(in crate::manager) fn get(&self, id: &str) -> Option<&Scope> {
        self.scopes.get(id)
    }

    pub(in crate::manager) fn get_mut(&mut self, id: &str) -> Option<&mut Scope> {
        self.scopes.get_mut(id)
    }

    pub(in crate::manager) fn contains(&self, id: &str) -> bool {
        self.scopes.contains_key(id)
    }

    pub(in crate::manager) fn get_or_insert(&mut self, id: &str, make: impl FnOnce() -> Scope) -> &mut Scope {
        self.scopes.entry(id.to_owned()).or_insert_with(make)
    }

    pub(in crate::manager) fn insert(&mut self, id: String, scope: Scope) {
        self.scopes.insert(id, scope);
    }

    pub(in crate::manager) fn ids(&self) -> Vec<String> {
        self.scopes.keys().cloned().collect()
    }

    pub(in crate::manager) fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.scopes.values()
    }

    /// Ids of the scopes that satisfy a condition.
    pub(in crate::manager) fn ids_where(&self, wanted: impl Fn(&Scope) -> bool) -> Vec<String> {
        self.iter().filter(|scope| wanted(scope)).map(|scope| scope.id().to_owned()).collect()
    }

    /// The scope, if it has no generation. `busy` if a generation runs or waits.
    pub(in crate::manager) fn resting(&self, id: &str) -> Result<&Scope> {
        let scope = self.get(id).ok_or_else(|| no_scope(id))?;
        if scope.generations.is_empty() && scope.deletions.is_empty() {
            return Ok(scope);
        }
        let detail = format!("a generation of scope {id} runs or waits - cancel it, or try again when it has ended");
        Err(Error::new(ErrorCode::Busy, detail))
    }

    /// Whether this very scope exists: neither deleted nor replaced by a scope of the same id.
    pub(in crate::manager) fn is_alive(&self, id: &str, incarnation: Stamp) -> bool {
        self.get(id).is_some_and(|scope| scope.incarnation == incarnation)
    }

    pub(in crate::manager) fn transcript(&self, id: &str) -> Result<Transcript> {
        let scope = self.get(id).ok_or_else(|| no_scope(id))?;
        Ok(Transcript { revision: scope.revision(), messages: scope.transcript().to_vec() })
    }

    /// Notes where a scope's KV is now. False if the scope has gone, or belongs to another model.
    pub(in crate::manager) fn place(&mut self, path: &str, id: &str, kv: Kv, fx: &Effects) -> bool {
        let Some(scope) = self.get_mut(id).filter(|scope| scope.model == path) else { return false };
        scope.kv = kv;
        self.publish(id, fx);
        true
    }

    /// Marks a scope as about to be deleted. Returns its generations, which end first. None if there is no such scope.
    pub(in crate::manager) fn mark_deleted(&mut self, id: &str, reply: Reply) -> Option<Vec<String>> {
        let Some(scope) = self.get_mut(id) else {
            reply(Err(no_scope(id)));
            return None;
        };
        scope.deletions.push(reply);
        Some(scope.generations.iter().cloned().collect())
    }

    /// Removes a scope that is to be deleted and whose last generation has ended. Returns the callers that wait for
    /// that.
    pub(in crate::manager) fn remove_deleted(&mut self, id: &str, fx: &Effects) -> Option<Vec<Reply>> {
        let scope = self.get(id)?;
        if !scope.generations.is_empty() || scope.deletions.is_empty() {
            return None;
        }
        let scope = self.scopes.remove(id)?;
        fx.publish(Event::ScopeDeleted { scope: id.to_owned() });
        Some(scope.deletions)
    }

    pub(in crate::manager) fn publish(&self, id: &str, fx: &Effects) {
        if let Some(scope) = self.get(id) {
            fx.publish(Event::ScopeChanged { scope: scope.summary() });
        }
    }

    pub(in crate::manager) fn publish_transcript(&self, id: &str, change: Change, fx: &Effects) {
        if !self.contains(id) {
            return;
        }
        let Change { from, messages, revision } = change;
        fx.publish(Event::TranscriptChanged { scope: id.to_owned(), revision, from: from as u32, messages });
        self.publish(id, fx);
    }
}

pub(in crate::manager) fn no_scope(id: &str) -> Error {
    Error::new(ErrorCode::ScopeNotFound, format!("no scope {id} - a scope is made by its first generation"))
}
