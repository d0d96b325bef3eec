//! Errands: work that needs a model for a moment, and leaves nothing behind but its answer. Each loads the model, or joins its
//! load, by a lease of its own, and gives that back at the end.

use std::sync::Arc;

use super::lease::LeaseId;
use super::mailbox::Reply;
use super::next_lease;
use super::supervisor::Supervisor;
use super::turns::{caught, unloaded};
use crate::engine::Prompter;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{ModelConfig, ModelInfo};

/// Errands that may wait at once for one model to be loaded.
const QUEUE_LIMIT: usize = 256;

/// One that waits for its model. After a suspension it waits on.
pub(super) struct Errand {
    config: ModelConfig,
    then: Then,
}

/// Gets the model, and a lease to be released at the end; or the reason why there is none, and no lease.
type Then = Box<dyn FnOnce(&mut Supervisor, Result<Borrowed>) + Send>;

/// A model that is loaded, and stays so until the lease is released; an `unload` waits for `rendering` alone.
pub(super) struct Borrowed {
    pub(super) lease: LeaseId,
    pub(super) path: String,
    /// Of the engine that has the model.
    pub(super) epoch: u64,
    pub(super) prompter: Arc<dyn Prompter>,
    /// What it turned out to be.
    pub(super) info: ModelInfo,
}

/// A question to a model's template or vocabulary. Called once, on the blocking pool, or on the supervisor with an error.
pub(crate) type Question = Box<dyn FnOnce(Result<&dyn Prompter>) + Send>;

/// A question whose answer goes to `reply`.
pub(crate) fn question<T: 'static>(
    answer: impl FnOnce(&dyn Prompter) -> Result<T> + Send + 'static,
    reply: Reply<T>,
) -> Question {
    Box::new(move |prompter| reply(prompter.and_then(|prompter| caught(|| answer(prompter)))))
}

impl Supervisor {
    /// Answers off this thread, as soon as the model is there.
    pub(super) fn ask_model(&mut self, config: ModelConfig, question: Question) {
        self.borrow_model(next_lease(), config, |it, borrowed| match borrowed {
            Ok(borrowed) => {
                it.with_prompter(borrowed, |prompter| question(Ok(prompter)), |it, lease, ()| it.release(lease))
            }
            Err(error) => question(Err(error)),
        });
    }

    /// Has a model loaded, or joins its load, by a new lease. While `suspend` holds, what is not loaded is waited for.
    pub(super) fn borrow_model(
        &mut self,
        lease: LeaseId,
        config: ModelConfig,
        then: impl FnOnce(&mut Self, Result<Borrowed>) + Send + 'static,
    ) {
        let waiting = self.errands.values().filter(|errand| errand.config.path == config.path).count();
        if waiting >= QUEUE_LIMIT {
            let detail = format!("{waiting} requests wait for {} - try again when it is loaded", config.path);
            return then(self, Err(Error::new(ErrorCode::Busy, detail)));
        }
        self.errands.insert(lease, Errand { config: config.clone(), then: Box::new(then) });
        self.acquire_for_errand(lease, config);
    }

    /// Runs `work` on the blocking pool, and `then` with its result here. The weights stay until it is done.
    pub(super) fn with_prompter<T: Send + 'static>(
        &mut self,
        Borrowed { lease, path, epoch, prompter, info: _ }: Borrowed,
        work: impl FnOnce(&dyn Prompter) -> T + Send + 'static,
        then: impl FnOnce(&mut Self, LeaseId, T) + Send + 'static,
    ) {
        if let Some(running) = self.models.get_mut(&path).and_then(|model| model.running.as_mut()) {
            running.rendering += 1;
        }
        let work = move || {
            let result = work(&*prompter);
            drop(prompter);
            result
        };
        self.aside(work, move |it, result| {
            then(it, lease, result);
            let model = it.models.get_mut(&path).filter(|model| model.entry.epoch() == epoch);
            if let Some(running) = model.and_then(|model| model.running.as_mut()) {
                running.rendering -= 1;
                running.stop_when_ready();
            }
        });
    }

    /// The entry has answered an errand's lease.
    pub(super) fn errand_answered(&mut self, lease: LeaseId, result: Result<()>) {
        if matches!(&result, Err(error) if error.code == ErrorCode::Suspended) {
            return; // It waits for `ask_again_for_errands`.
        }
        let Some(Errand { config, then }) = self.errands.remove(&lease) else { return };
        let borrowed = result.and_then(|()| self.borrowed(lease, &config.path).ok_or_else(|| unloaded(&config.path)));
        if borrowed.is_err() {
            self.release(lease);
        }
        then(self, borrowed);
    }

    fn borrowed(&self, lease: LeaseId, path: &str) -> Option<Borrowed> {
        let model = self.models.get(path)?;
        let prompter = model.running.as_ref()?.prompter.clone()?;
        let (epoch, info) = (model.entry.epoch(), model.entry.info()?.clone());
        Some(Borrowed { lease, path: path.to_owned(), epoch, prompter, info })
    }

    /// It was called off. One that has its model already is past this.
    pub(super) fn drop_errand(&mut self, lease: LeaseId) {
        self.errands.remove(&lease);
    }

    /// A suspension that refused their models is over.
    pub(super) fn ask_again_for_errands(&mut self) {
        for lease in self.errands.keys().copied().collect::<Vec<_>>() {
            // One errand's model may fail at once, and with it others.
            let Some(config) = self.errands.get(&lease).map(|errand| errand.config.clone()) else { continue };
            self.acquire_for_errand(lease, config);
        }
    }

    /// Their model was unloaded while they waited for it.
    pub(super) fn end_waiting_errands(&mut self, path: &str) {
        let of_model = self.errands.iter().filter(|(_, errand)| errand.config.path == path);
        for lease in of_model.map(|(lease, _)| *lease).collect::<Vec<_>>() {
            self.errand_answered(lease, Err(unloaded(path)));
        }
    }
}
