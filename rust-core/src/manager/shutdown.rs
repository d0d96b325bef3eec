//! The end of a manager: what is asked for from then on is refused, every engine is stopped, and the directory given back.

use tokio::sync::oneshot;

use super::entry;
use super::mailbox::Message;
use super::supervisor::Supervisor;
use crate::error::{Error, ErrorCode};

impl Supervisor {
    /// Refuses what would load a model or change a scope after the shutdown has begun: the directory may be given back
    /// already, and a change that is answered and not on disk would come back to life in the next process.
    pub(super) fn unless_closed(&self, message: Message) -> Option<Message> {
        let Some(error) = self.refusal_when_closed() else { return Some(message) };
        match message {
            Message::Acquire { reply, .. }
            | Message::Generate { reply, .. }
            | Message::DeleteScope { reply, .. }
            | Message::Park { reply, .. }
            | Message::Restore { reply, .. }
            | Message::Save { reply, .. }
            | Message::Fork { reply, .. }
            | Message::RewindTo { reply, .. }
            | Message::SetPersist { reply, .. }
            | Message::DeleteAllScopes { reply }
            | Message::SetHub { reply, .. }
            | Message::Download { reply, .. }
            | Message::PauseDownload { reply, .. }
            | Message::CancelDownload { reply, .. }
            | Message::ImportModel { reply, .. }
            | Message::VerifyStoredModel { reply, .. }
            | Message::RemoveStoredModel { reply, .. } => {
                reply(Err(error));
                None
            }
            Message::Prefill { reply, .. } => {
                reply(Err(error));
                None
            }
            Message::Embed { reply, .. } => {
                reply(Err(error));
                None
            }
            Message::Bench { reply, .. } => {
                reply(Err(error));
                None
            }
            Message::AskModel { question, .. } => {
                question(Err(error));
                None
            }
            Message::CanLoad { reply, .. } => {
                reply(Err(error));
                None
            }
            Message::BrowseHub { reply, .. } => {
                reply(Err(error));
                None
            }
            Message::ListStoredModels { reply } => {
                reply(Err(error));
                None
            }
            Message::Release { .. }
            | Message::Unload { .. }
            | Message::Cancel { .. }
            | Message::CancelEmbed { .. }
            | Message::CancelBench { .. }
            | Message::Suspend { .. }
            | Message::Resume { .. }
            | Message::SetHeat { .. }
            | Message::Trim { .. }
            | Message::Configure { .. }
            | Message::SetResident { .. }
            | Message::RemoveResident { .. }
            | Message::EvictionOverdue { .. }
            | Message::Claim { .. }
            | Message::ClientGone { .. }
            | Message::GetTranscript { .. }
            | Message::Continue(_)
            | Message::RecordMount { .. }
            | Message::KeepAliveElapsed { .. }
            | Message::Rendered { .. }
            | Message::Engine { .. }
            | Message::Shutdown { .. } => Some(message),
        }
    }

    pub(super) fn refusal_when_closed(&self) -> Option<Error> {
        self.closed.then(|| Error::new(ErrorCode::Closed, "the manager is shutting down - make a new port"))
    }

    pub(super) fn begin_shutdown(&mut self, done: oneshot::Sender<()>) {
        self.closed = true;
        self.shutdown.push(done);
        self.end_downloads();
        let paths: Vec<String> = self.models.keys().cloned().collect();
        for path in paths {
            self.drive(&path, entry::Event::Unload);
        }
    }

    /// Answers callers of shutdown once no engine is left, when the last thread has been joined.
    pub(super) fn finish_shutdown(&mut self) {
        if self.shutdown.is_empty() || self.models.values().any(|model| model.running.is_some()) {
            return;
        }
        let (mut joins, callers) = (std::mem::take(&mut self.joins), std::mem::take(&mut self.shutdown));
        if let Some(disk) = self.disk.take() {
            // Whoever asked for the shutdown may open the directory again at once.
            let thread = disk.close();
            joins.push(self.runtime.spawn_blocking(move || drop(thread.join())));
        }
        self.runtime.spawn(async move {
            for join in joins {
                let _panicked = join.await;
            }
            for caller in callers {
                let _gone = caller.send(());
            }
        });
    }
}
