//! The end of a scope: its turns are cancelled, and then it is forgotten everywhere. Its id may be used again at once, for
//! a scope that has nothing of this one.

use std::collections::HashMap;

use super::mailbox::Reply;
use super::supervisor::Supervisor;
use super::turns::no_scope;
use crate::engine::EngineCommand;
use crate::protocol::Event;

/// Scopes that an engine was told to forget and may not have forgotten yet: what it still reports of them is not of those
/// that have their ids now. How often it was told, by id.
#[derive(Debug, Default)]
pub(super) struct Leaving(HashMap<String, u32>);

impl Leaving {
    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    fn told(&mut self, id: &str) {
        *self.0.entry(id.to_owned()).or_default() += 1;
    }

    fn forgotten(&mut self, id: &str) {
        let Some(times) = self.0.get_mut(id) else { return };
        *times -= 1;
        if *times == 0 {
            self.0.remove(id);
        }
    }
}

impl Supervisor {
    pub(super) fn dispose_scope(&mut self, id: &str, reply: Reply) {
        let Some(scope) = self.scopes.get_mut(id) else { return reply(Err(no_scope(id))) };
        scope.disposing.push(reply);
        let turns: Vec<String> = scope.turns.iter().cloned().collect();
        self.call_off_guess(id);
        for turn in turns {
            self.cancel_turn(&turn);
        }
        self.finish_disposal(id);
    }

    /// Forgets the scope if somebody wants it gone and its last turn has ended.
    pub(super) fn finish_disposal(&mut self, id: &str) {
        if !self.scopes.get(id).is_some_and(|scope| scope.turns.is_empty() && !scope.disposing.is_empty()) {
            return;
        }
        let Some(scope) = self.scopes.remove(id) else { return };
        for path in self.models.keys().cloned().collect::<Vec<_>>() {
            self.drop_from_engine(&path, id);
        }
        self.hub.publish(Event::ScopeDeleted { scope: id.to_owned() });
        self.remove_saved(
            id,
            Box::new(|result| {
                for reply in scope.disposing {
                    reply(result.clone());
                }
            }),
        );
    }

    /// Whether a report of an engine is about a scope that was disposed of.
    pub(super) fn leaves(&self, path: &str, id: &str) -> bool {
        let running = self.models.get(path).and_then(|model| model.running.as_ref());
        running.is_some_and(|running| running.leaving.contains(id))
    }

    fn drop_from_engine(&mut self, path: &str, id: &str) {
        let Some(model) = self.models.get_mut(path) else { return };
        let epoch = model.entry.epoch();
        let Some(running) = model.running.as_mut().filter(|running| running.is_loaded()) else { return };
        running.parking.remove(id);
        if running.engine.send(EngineCommand::DropScope(id.to_owned())).is_err() {
            tracing::warn!(scope = id, "an engine was too busy to drop a scope; its slot will be reused");
        }
        running.leaving.told(id);
        let (path, scope) = (path.to_owned(), id.to_owned());
        let behind = self.reply_here({
            let (path, scope) = (path.clone(), scope.clone());
            move |it, _nothing_left| {
                let model = it.models.get_mut(&path).filter(|model| model.entry.epoch() == epoch);
                if let Some(running) = model.and_then(|model| model.running.as_mut()) {
                    running.leaving.forgotten(&scope);
                }
            }
        });
        // Answered behind whatever the engine reported before it dropped the scope.
        self.ask_engine(&path, EngineCommand::Copy { scope, reply: behind });
    }
}
