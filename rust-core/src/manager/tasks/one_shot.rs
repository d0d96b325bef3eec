//! One-shot tasks: each loads a model, or joins its load, by a lease of its own, works with it once, and releases it.

use super::waiting::LoadedModelRef;
use crate::engine::Prompter;
use crate::error::{ErrorCode, Result};
use crate::manager::effects::Effects;
use crate::manager::generations::rendering::catch_template_panic;
use crate::manager::models::{Holder, LeaseId, unloaded};
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::protocol::ModelConfig;

/// The label of a task's lease.
const LABEL: &str = "a request";

/// Asks a model's template or vocabulary, on the blocking pool, as soon as the model is loaded.
pub(in crate::manager) fn ask_model<T: Send + 'static>(
    it: &mut Owners,
    fx: &mut Effects,
    config: ModelConfig,
    answer: impl FnOnce(&dyn Prompter) -> Result<T> + Send + 'static,
    reply: Reply<T>,
) {
    borrow_model(it, fx, LeaseId::next(), config, |it, _fx, model| match model {
        Ok(model) => with_prompter(
            it,
            model,
            |prompter| catch_template_panic(|| answer(prompter)),
            |it, fx, lease, result| {
                reply(result);
                it.models.release(lease, fx);
            },
        ),
        Err(error) => reply(Err(error)),
    });
}

/// Loads a model, or joins its load, with a new lease. During a suspension the task waits for the resume.
pub(in crate::manager) fn borrow_model(
    it: &mut Owners,
    fx: &mut Effects,
    lease: LeaseId,
    config: ModelConfig,
    then: impl FnOnce(&mut Owners, &mut Effects, Result<LoadedModelRef>) + Send + 'static,
) {
    if let Err(busy) = it.waiting_tasks.check_room(&config.path) {
        return then(it, fx, Err(busy));
    }
    it.waiting_tasks.insert(lease, config.clone(), Box::new(then));
    it.models.hold(lease, LABEL.to_owned(), Holder::Task, config, fx);
}

/// Runs `work` on the blocking pool, and `then` with its result on the supervisor. The weights stay until it is done.
pub(in crate::manager) fn with_prompter<T: Send + 'static>(
    it: &mut Owners,
    LoadedModelRef { lease, path, epoch, prompter, info: _ }: LoadedModelRef,
    work: impl FnOnce(&dyn Prompter) -> Result<T> + Send + 'static,
    then: impl FnOnce(&mut Owners, &mut Effects, LeaseId, Result<T>) + Send + 'static,
) {
    if let Some(engine) = it.models.engine_mut(&path) {
        engine.begin_job();
    }
    let work = move || {
        let result = work(&*prompter);
        drop(prompter);
        result
    };
    it.run_blocking(work, move |it, fx, result| {
        then(it, fx, lease, result);
        if let Some(engine) = it.models.engine_of(&path, epoch) {
            engine.end_job();
        }
    });
}

/// The model of a task is ready or has failed.
pub(in crate::manager) fn lease_answered(it: &mut Owners, fx: &mut Effects, lease: LeaseId, result: Result<()>) {
    if matches!(&result, Err(error) if error.code == ErrorCode::Suspended) {
        return; // The task waits for `ask_again`.
    }
    let Some((config, then)) = it.waiting_tasks.remove(lease) else { return };
    let model = result.and_then(|()| {
        let loaded = it.models.loaded(&config.path).ok_or_else(|| unloaded(&config.path))?;
        let (epoch, prompter, info) = (loaded.epoch, loaded.prompter, loaded.info);
        Ok(LoadedModelRef { lease, path: config.path, epoch, prompter, info })
    });
    if model.is_err() {
        it.models.release(lease, fx);
    }
    then(it, fx, model);
}

/// Asks again for the models that tasks wait for, after a suspension.
pub(in crate::manager) fn ask_again(it: &mut Owners, fx: &mut Effects) {
    for lease in it.waiting_tasks.leases() {
        if let Some(config) = it.waiting_tasks.config(lease).cloned() {
            it.models.hold(lease, LABEL.to_owned(), Holder::Task, config, fx);
        }
    }
}

/// Fails the tasks that wait for a model that was unloaded.
pub(in crate::manager) fn end_waiting(it: &mut Owners, fx: &mut Effects, path: &str) {
    for lease in it.waiting_tasks.leases_for(path) {
        lease_answered(it, fx, lease, Err(unloaded(path)));
    }
}
