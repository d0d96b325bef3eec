//! The second half of a generation's preparation: applies the template on the blocking pool, and gives the prompt to
//! the engine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::finish::end_unstarted;
use super::generation::Stage;
use super::prompt_fitting::{Fitted, TokenBudget, fit};
use crate::engine::{EngineCommand, GenerationJob, Prompt};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::effects::Effects;
use crate::manager::kv::restore::{ReadKv, saved_reader, saved_unusable};
use crate::manager::models::unloaded;
use crate::manager::owners::Owners;
use crate::manager::scopes::{Kv, context_usage};
use crate::protocol::{self, FinishReason};

/// Runs work on a model's template or vocabulary, and turns a panic into an error. The panic's own text stays out,
/// because it may quote the conversation.
pub(in crate::manager) fn catch_template_panic<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let detail = "the model's template or vocabulary crashed on this text - use another model file";
        Err(Error::new(ErrorCode::TemplateFailed, detail))
    })
}

/// A generation that is being rendered, and the engine whose template is applied.
struct Rendering {
    generation: String,
    scope: String,
    path: String,
    epoch: u64,
}

/// Applies the template on the blocking pool, and reads the scope's KV file there if it has one.
pub(super) fn render(it: &mut Owners, id: &str) {
    let Some(generation) = it.generations.get_mut(id) else { return };
    let path = generation.config.path.clone();
    let Some(model) = it.models.loaded(&path) else { return };
    let budget = TokenBudget::new(model.info.context_size, generation.options.max_output_tokens);
    let (overflow, is_raw, options) = (generation.overflow, generation.is_raw, generation.options.clone());
    let scope_id = generation.scope.clone();
    let Some(scope) = it.scopes.get_mut(&scope_id) else { return };
    if !is_raw {
        scope.options = options.clone();
    }
    let (messages, dropped, is_uncached) = (scope.transcript().to_vec(), scope.dropped(), scope.kv == Kv::Uncached);
    generation.stage.advance(Stage::Rendering);
    let saved = if is_uncached { saved_reader(it, &scope_id) } else { None };
    if let Some(engine) = it.models.engine_mut(&path) {
        engine.begin_job();
    }
    let prompter = model.prompter;
    let work = move || {
        let saved = saved.map(|read| read().map(Arc::new));
        let render = |messages: &[protocol::Message]| match messages.last().filter(|_| is_raw) {
            Some(prompt) => prompter.complete(&prompt.content, &options),
            None => prompter.render(messages, &options),
        };
        let fitted = catch_template_panic(|| fit(&messages, dropped, overflow, budget, render));
        drop(prompter);
        Ok((fitted, saved))
    };
    let rendering = Rendering { generation: id.to_owned(), scope: scope_id, path, epoch: model.epoch };
    it.run_blocking(work, move |it, fx, result| {
        let (fitted, saved) = result.unwrap_or_else(|crashed| (Err(crashed), None));
        rendered(it, fx, &rendering, fitted, saved);
    });
}

fn rendered(it: &mut Owners, fx: &mut Effects, rendering: &Rendering, result: Result<Fitted>, saved: Option<ReadKv>) {
    let Rendering { generation: id, scope, path, epoch } = rendering;
    let Some(engine) = it.models.engine_of(path, *epoch) else { return };
    let unloading = engine.prompter().is_none();
    let is_open = it.generations.get(id).is_some();
    let cancelled = it.generations.get(id).is_none_or(|generation| generation.cancel.is_cancelled());
    match result {
        _ if cancelled => end_unstarted(it, fx, id, FinishReason::Cancelled, None),
        _ if unloading => end_unstarted(it, fx, id, FinishReason::Failed, Some(unloaded(path))),
        Err(error) => end_unstarted(it, fx, id, FinishReason::Failed, Some(error)),
        Ok(Fitted { prompt, dropped }) => {
            context_usage::fitted(it, fx, path, scope, (prompt.tokens.len() as u32, dropped));
            run(it, fx, rendering, prompt, saved.as_ref());
        }
    }
    if let Some(Err(unusable)) = saved.filter(|_| is_open) {
        saved_unusable(it, fx, path, scope, unusable);
    }
    if let Some(engine) = it.models.engine_of(path, *epoch) {
        engine.end_job();
    }
}

/// Gives the prompt to the engine, which ends the generation from here on.
fn run(it: &mut Owners, fx: &mut Effects, rendering: &Rendering, prompt: Prompt, saved: Option<&ReadKv>) {
    let Rendering { generation: id, path, .. } = rendering;
    let (Some(generation), Some(engine)) = (it.generations.get_mut(id), it.models.engine(path)) else { return };
    generation.stage.advance(Stage::Running);
    if let Some(Ok(saved)) = saved {
        // The job that follows finds the snapshot, or prefills if the mailbox is full.
        generation.kept = Some(saved.clone());
        let _full = engine.try_send(EngineCommand::Keep(saved.clone()));
    }
    let job = GenerationJob {
        generation: id.clone(),
        scope: generation.scope.clone(),
        prompt,
        options: generation.options.clone(),
        overflow: generation.overflow,
        cancel: generation.cancel.clone(),
        sink: it.bus.sink(id.clone()),
        requested_at: generation.requested_at,
    };
    if engine.try_send(EngineCommand::Generate(Box::new(job))) {
        return;
    }
    if engine.is_closed() {
        // The engine has just crashed, and its exit report is on the way. The generation has not begun.
        generation.stage.advance(Stage::WaitingForModel);
        return;
    }
    let detail = format!("the engine of {path} takes no more work now - try again soon");
    end_unstarted(it, fx, id, FinishReason::Failed, Some(Error::new(ErrorCode::Busy, detail)));
}
