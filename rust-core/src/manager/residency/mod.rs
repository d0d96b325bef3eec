//! Where each scope's KV is: in a slot, in RAM, on disk or nowhere. The engines report, hosts and budgets ask, and the
//! moves are carried out here.

mod by_hand;
mod opening;
mod places;
mod saving;
mod suspending;

pub(super) use saving::When;
pub(super) use suspending::Suspension;

use super::mailbox::Message;
use super::supervisor::Supervisor;
use crate::engine::{EngineCommand, EngineReply};
use crate::error::{Error, ErrorCode, Result};
use crate::kv::Storage;

impl Supervisor {
    /// Gives a command to a loaded model's engine. One that takes none answers the command's reply with why not.
    pub(super) fn ask_engine(&self, path: &str, command: EngineCommand) {
        let running = self.models.get(path).and_then(|model| model.running.as_ref());
        let refused = match running.filter(|running| running.is_loaded()) {
            Some(running) => running.engine.send(command).err(),
            None => Some(command),
        };
        if let Some(command) = refused {
            let detail = format!("the engine of {path} takes no work now - load the model, or try again soon");
            command.refuse(&Error::new(ErrorCode::Busy, detail));
        }
    }

    /// Of a model's engine. Another one has other memory, and perhaps another setup.
    pub(super) fn epoch(&self, path: &str) -> Option<u64> {
        self.models.get(path).map(|model| model.entry.epoch())
    }

    /// A reply that comes back to the supervisor.
    pub(super) fn reply_here<T: Send + 'static>(
        &self,
        then: impl FnOnce(&mut Self, Result<T>) + Send + 'static,
    ) -> EngineReply<T> {
        let mailbox = self.mailbox.clone();
        Box::new(move |result| mailbox.tell(Message::Continue(Box::new(move |it| then(it, result)))))
    }

    /// Runs `work` on the disk's thread, and `then` with its result here. Without a directory nothing can be done.
    pub(super) fn on_disk<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Storage) -> Result<T> + Send + 'static,
        then: impl FnOnce(&mut Self, Result<T>) + Send + 'static,
    ) {
        let back = self.reply_here(then);
        match &self.disk {
            Some(disk) => disk.run(work, back),
            None => back(Err(no_directory())),
        }
    }

    /// Runs `work`, which may take a while, on the blocking pool, and `then` with its result here.
    pub(super) fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(&mut Self, T) + Send + 'static,
    ) {
        let mailbox = self.mailbox.clone();
        self.runtime.spawn_blocking(move || {
            let result = work();
            mailbox.tell(Message::Continue(Box::new(move |it| then(it, result))));
        });
    }
}

fn no_directory() -> Error {
    let detail = "no directory for saved scopes is known - the host names one when it makes the manager";
    Error::new(ErrorCode::StorageUnavailable, detail)
}
