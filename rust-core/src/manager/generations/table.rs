//! The generations that have not finished, by id. Knows neither scopes nor models.

use std::collections::HashMap;

use super::generation::{Generation, Stage};
use crate::engine::Answer;
use crate::error::{Error, ErrorCode, Result};
use crate::events::Bus;
use crate::manager::scopes::{Scope, Undo};

/// Generations that may wait or run at once for one model.
const QUEUE_LIMIT: usize = 256;

#[derive(Default)]
pub(in crate::manager) struct Generations {
    open: HashMap<String, Generation>,
}

impl Generations {
    pub(in crate::manager) fn get(&self, id: &str) -> Option<&Generation> {
        self.open.get(id)
    }

    pub(in crate::manager) fn get_mut(&mut self, id: &str) -> Option<&mut Generation> {
        self.open.get_mut(id)
    }

    pub(in crate::manager) fn insert(&mut self, id: String, generation: Generation) {
        self.open.insert(id, generation);
    }

    pub(in crate::manager) fn remove(&mut self, id: &str) -> Option<Generation> {
        self.open.remove(id)
    }

    pub(in crate::manager) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// `busy` if too many generations wait or run for this model already.
    pub(in crate::manager) fn check_room(&self, path: &str) -> Result<()> {
        let waiting = self.open.values().filter(|generation| generation.config.path == path).count();
        if waiting < QUEUE_LIMIT {
            return Ok(());
        }
        let detail = format!("{waiting} generations wait for {path} - try again when some have finished");
        Err(Error::new(ErrorCode::Busy, detail))
    }

    /// Ids of the generations that satisfy a condition.
    pub(in crate::manager) fn ids_where(&self, wanted: impl Fn(&Generation) -> bool) -> Vec<String> {
        self.open.iter().filter(|(_, generation)| wanted(generation)).map(|(id, _)| id.clone()).collect()
    }

    /// Generations of a model that are being rendered for its engine, or run in it.
    pub(in crate::manager) fn in_engine(&self, path: &str) -> Vec<String> {
        let begun = |generation: &Generation| matches!(generation.stage, Stage::Rendering(_) | Stage::Running(_));
        self.ids_where(|generation| generation.config.path == path && begun(generation))
    }

    /// Generations of a model that wait for their scope, or for the model to load.
    pub(in crate::manager) fn waiting_for(&self, path: &str) -> Vec<String> {
        let waits =
            |generation: &Generation| matches!(generation.stage, Stage::WaitingForScope(_) | Stage::WaitingForModel(_));
        self.ids_where(|generation| generation.config.path == path && waits(generation))
    }

    /// After a crash, generations that were being rendered wait for the next engine.
    pub(in crate::manager) fn spare_rendering(&mut self, path: &str) {
        let theirs = self.open.values_mut().filter(|generation| generation.config.path == path);
        for generation in theirs.filter(|generation| matches!(generation.stage, Stage::Rendering(_))) {
            generation.stage.advance(Stage::WaitingForModel);
        }
    }

    /// The undo of the scope's generation that has begun, and the part of its answer that would be kept if it were
    /// cancelled now.
    pub(in crate::manager) fn begun(&self, scope: &Scope, bus: &Bus) -> Option<(&Undo, Option<Answer>)> {
        let id = scope.generations.front()?;
        let generation = self.open.get(id)?;
        let partial = bus.answer(id).filter(|answer| generation.options.keep_partial && !answer.is_empty());
        Some((generation.stage.undo()?, partial))
    }

    /// Whether the engine runs a generation of the scope. Its KV may then be newer than the engine's last report.
    pub(in crate::manager) fn is_at_work(&self, scope: &Scope) -> bool {
        let generation = scope.generations.front().and_then(|id| self.open.get(id));
        generation.is_some_and(|generation| matches!(generation.stage, Stage::Running(_)))
    }
}
