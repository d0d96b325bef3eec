//! A turn's template, applied off every thread that matters, and the prompt's way to the engine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Saved, Stage, unloaded};
use crate::engine::{EngineCommand, GenerationJob};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::mailbox::Message;
use crate::manager::overflow::{Fitted, Room, fit};
use crate::manager::scope::Kv;
use crate::manager::supervisor::Supervisor;
use crate::protocol::{self, FinishReason};

/// What work on a model's template or vocabulary gives, also where it panics, whose own text may quote what it worked on.
pub(in crate::manager) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let detail = "the model's template or vocabulary crashed on this text - use another model file";
        Err(Error::new(ErrorCode::TemplateFailed, detail))
    })
}

impl Supervisor {
    /// Applies the template off every thread that matters.
    pub(super) fn render(&mut self, id: &str) {
        let Some(turn) = self.turns.get(id) else { return };
        let path = turn.config.path.clone();
        let Some(model) = self.models.get(&path) else { return };
        let epoch = model.entry.epoch();
        let Some(running) = model.running.as_ref() else { return };
        let Some(prompter) = running.prompter.clone() else { return };
        let Some(info) = model.entry.info() else { return };
        let (room, overflow) = (Room::new(info.context_size, turn.options.max_output_tokens), turn.overflow);
        let Some(scope) = self.scopes.get(&turn.scope) else { return };
        let saved = if scope.kv == Kv::Uncached { self.saved_reader(&turn.scope) } else { None };
        let (messages, dropped) = (scope.transcript().to_vec(), scope.dropped());
        let (options, is_raw) = (turn.options.clone(), turn.is_raw);
        if let Some(scope) = self.scopes.get_mut(&turn.scope).filter(|_| !is_raw) {
            scope.options = options.clone();
        }
        let Some(turn) = self.turns.get_mut(id) else { return };
        let Some(running) = self.models.get_mut(&path).and_then(|model| model.running.as_mut()) else { return };
        running.rendering += 1;
        turn.stage.advance(Stage::Rendering);
        let (mailbox, generation) = (self.mailbox.clone(), id.to_owned());
        self.runtime.spawn_blocking(move || {
            let saved = saved.map(|read| read().map(Arc::new));
            let render = |messages: &[protocol::Message]| match messages.last().filter(|_| is_raw) {
                Some(prompt) => prompter.complete(&prompt.content, &options),
                None => prompter.render(messages, &options),
            };
            let result = caught(|| fit(&messages, dropped, overflow, room, render));
            drop(prompter);
            mailbox.tell(Message::Rendered { generation, path, epoch, result, saved });
        });
    }

    pub(in crate::manager) fn rendered(
        &mut self,
        id: String,
        path: String,
        epoch: u64,
        result: Result<Fitted>,
        saved: Option<Saved>,
    ) {
        let Some(model) = self.models.get_mut(&path).filter(|model| model.entry.epoch() == epoch) else { return };
        let Some(running) = model.running.as_mut() else { return };
        running.rendering -= 1;
        let unloading = running.prompter.is_none();
        let scope = self.turns.get(&id).map(|turn| turn.scope.clone());
        let cancelled = self.turns.get(&id).is_none_or(|turn| turn.cancel.is_cancelled());
        if let (Ok(fitted), Some(scope), false) = (&result, &scope, cancelled || unloading) {
            self.fitted(&path, scope, fitted);
        }
        let Some(running) = self.models.get_mut(&path).and_then(|model| model.running.as_mut()) else { return };
        if let Some(turn) = self.turns.get_mut(&id) {
            match result {
                _ if cancelled => self.end_unstarted(&id, FinishReason::Cancelled, None),
                _ if unloading => self.end_unstarted(&id, FinishReason::Failed, Some(unloaded(&path))),
                Err(error) => self.end_unstarted(&id, FinishReason::Failed, Some(error)),
                Ok(Fitted { prompt, .. }) => {
                    turn.stage.advance(Stage::Running);
                    if let Some(Ok(saved)) = &saved {
                        // The job behind it finds it, or prefills where the engine takes no more work.
                        turn.kept = Some(saved.clone());
                        let _full = running.engine.send(EngineCommand::Keep(saved.clone()));
                    }
                    let job = GenerationJob {
                        generation: id.clone(),
                        scope: turn.scope.clone(),
                        prompt,
                        options: turn.options.clone(),
                        overflow: turn.overflow,
                        cancel: turn.cancel.clone(),
                        sink: self.hub.sink(id.clone()),
                        requested_at: turn.requested_at,
                    };
                    if running.engine.send(EngineCommand::Generate(Box::new(job))).is_ok() {
                        // The engine answers.
                    } else if running.engine.is_closed() {
                        // It crashed a moment ago, and its exit is on the way: this turn has not begun.
                        turn.stage.advance(Stage::WaitingForModel);
                    } else {
                        let detail = format!("the engine of {path} takes no more work now - try again soon");
                        let error = Error::new(ErrorCode::Busy, detail);
                        self.end_unstarted(&id, FinishReason::Failed, Some(error));
                    }
                }
            }
        }
        if let (Some(Err(unusable)), Some(scope)) = (saved, scope) {
            self.saved_unusable(&path, &scope, unusable);
        }
        if let Some(running) = self.models.get_mut(&path).and_then(|model| model.running.as_mut()) {
            running.stop_when_ready();
        }
    }
}
