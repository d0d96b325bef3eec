//! The engine's thread, and the handle on it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::backend::{LoadProgress, Loaded, LoadedEncoder, LoadedModel, ModelLoader};
use super::cancel_flag::CancelFlag;
use super::chat::Scheduler;
use super::command::EngineCommand;
use super::encoder::{EncoderLoop, NoPrompts};
use super::engine_loop::{EngineLoop, fail_unread};
use super::mailbox::Mailbox;
use super::report::EngineReport;
use crate::autorelease::pooled;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::ModelConfig;

/// The handle on an engine thread. Dropping it stops the engine and does not wait for it.
#[derive(Debug)]
pub struct Engine {
    mailbox: Arc<Mailbox>,
    stop: CancelFlag,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts the thread, which loads the model and then serves. `cancel_load` ends the load and nothing else. `report`
    /// runs on the engine's thread and must return at once.
    pub fn start(
        loader: Arc<dyn ModelLoader>,
        config: ModelConfig,
        cancel_load: CancelFlag,
        report: impl Fn(EngineReport) + Send + 'static,
    ) -> Self {
        let mailbox = Arc::new(Mailbox::default());
        let stop = CancelFlag::default();
        let thread = Thread { mailbox: mailbox.clone(), stop: stop.clone(), cancel_load, config, loader };
        // Shared, so that a thread that cannot be started is reported too.
        let report = Arc::new(Mutex::new(Some(report)));
        let theirs = report.clone();
        let take = |report: &Mutex<Option<_>>| report.lock().unwrap_or_else(PoisonError::into_inner).take();
        let started = std::thread::Builder::new().name("llama-engine".into()).spawn(move || {
            if let Some(report) = take(&theirs) {
                thread.run(&report);
            }
        });
        if let Err(error) = &started
            && let Some(report) = take(&report)
        {
            mailbox.close();
            let detail = format!("could not start the engine's thread: {error} - close other work and try again");
            report(EngineReport::Exited(Err(Error::new(ErrorCode::OutOfMemory, detail))));
        }
        Self { mailbox, stop, thread: started.ok() }
    }

    /// Never blocks. `Err` hands the command back: 1,024 commands are waiting, or the engine has exited. Every command
    /// that was accepted is answered before `Exited`.
    pub fn send(&self, command: EngineCommand) -> std::result::Result<(), EngineCommand> {
        self.mailbox.send(command)
    }

    /// Whether the engine takes no more commands: it is about to exit.
    pub fn is_closed(&self) -> bool {
        self.mailbox.is_closed()
    }

    /// Ends the load, prefill or decode that is running; all other work fails as `ModelUnloaded`. Returns at once and
    /// cannot fail; `Exited` follows.
    pub fn stop(&self) {
        self.stop.cancel();
        self.mailbox.wake();
    }

    /// Waits until the thread has ended. Call `stop` first.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            // The thread itself catches and reports a panic; only `report` could still end it.
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The state of the engine's own thread.
struct Thread {
    mailbox: Arc<Mailbox>,
    stop: CancelFlag,
    cancel_load: CancelFlag,
    config: ModelConfig,
    loader: Arc<dyn ModelLoader>,
}

impl Thread {
    fn run(self, report: &dyn Fn(EngineReport)) {
        let span = tracing::info_span!("model", path = %self.config.path);
        let _entered = span.enter();
        let outcome = match catch_unwind(AssertUnwindSafe(|| pooled(|| self.load(report)))) {
            Ok(Ok(model)) => self.serve(model, report),
            Ok(Err(error)) => self.refuse(report, error),
            Err(_) => self.refuse(report, self.crashed()),
        };
        match &outcome {
            Ok(()) => tracing::info!("exited"),
            Err(error) => tracing::warn!(%error, "exited"),
        }
        report(EngineReport::Exited(outcome));
    }

    fn load(&self, report: &dyn Fn(EngineReport)) -> Result<Loaded> {
        let cancelled = || self.cancel_load.is_cancelled() || self.stop.is_cancelled();
        let error = || Error::new(ErrorCode::LoadCancelled, format!("loading {} was cancelled", self.config.path));
        if cancelled() {
            return Err(error());
        }
        let mut reported = None;
        let model = self.loader.load(&self.config, &mut |progress| {
            let shown = shown(progress);
            if reported != Some(shown) {
                reported = Some(shown);
                report(EngineReport::Progress(progress));
            }
            !cancelled()
        })?;
        if cancelled() { Err(error()) } else { Ok(model) }
    }

    fn serve(&self, model: Loaded, report: &dyn Fn(EngineReport)) -> Result<()> {
        // Dropped last: the files stay until the model is freed.
        let (loaded, mut engine_loop, _files): (_, Box<dyn EngineLoop + '_>, _) = match model {
            Loaded::Chat(LoadedModel { info, fingerprint, context, prompter, files }) => {
                let scheduler = Box::new(Scheduler::new(context, &info, self.stop.clone(), report));
                (EngineReport::Loaded { info, fingerprint: Some(fingerprint), prompter }, scheduler, files)
            }
            Loaded::Encoder(LoadedEncoder { info, model, tokenizer, files }) => {
                let name = &self.config.path;
                let encoder = Box::new(EncoderLoop::new(model, info.threads, name, self.stop.clone(), report));
                let prompter = Arc::new(NoPrompts::new(tokenizer, name));
                (EngineReport::Loaded { info, fingerprint: None, prompter }, encoder, files)
            }
        };
        if let EngineReport::Loaded { info, .. } = &loaded {
            tracing::info!(description = %info.description, slots = info.max_resident, "loaded");
        }
        report(loaded);
        let ran = catch_unwind(AssertUnwindSafe(|| engine_loop.run(&self.mailbox)));
        let (outcome, error) = match ran {
            Ok(()) => {
                let detail = format!("{} was unloaded before the generation ended", self.config.path);
                (Ok(()), Error::new(ErrorCode::ModelUnloaded, detail))
            }
            Err(_) => (Err(self.crashed()), self.crashed()),
        };
        // The mailbox closes, all work that is left is answered, and the model is freed.
        engine_loop.fail_all(self.mailbox.close(), &error);
        let freed = catch_unwind(AssertUnwindSafe(|| pooled(|| drop(engine_loop)))).map_err(|_| self.crashed());
        outcome.and(freed)
    }

    /// Closes the mailbox and answers all waiting commands with `error`: there is no model.
    fn refuse(&self, report: &dyn Fn(EngineReport), error: Error) -> Result<()> {
        fail_unread(report, self.mailbox.close(), &error);
        Err(error)
    }

    /// The panic's own text stays out: it may quote a prompt.
    fn crashed(&self) -> Error {
        let detail = format!("the engine of {} crashed - the next request loads it again", self.config.path);
        Error::new(ErrorCode::EngineCrashed, detail)
    }
}

/// The progress that people see: whole percents of the weights.
fn shown(progress: LoadProgress) -> LoadProgress {
    match progress {
        LoadProgress::Downloading(_) => progress,
        LoadProgress::Reading(share) => LoadProgress::Reading((share * 100.0).floor()),
    }
}
