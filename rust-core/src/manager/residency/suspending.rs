//! For the background: stop computing, save what would be lost, and go on later as if nothing had been.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::engine::EngineCommand;
use crate::manager::entry;
use crate::manager::mailbox::{Message, Reply};
use crate::manager::supervisor::Supervisor;
use crate::protocol::{Event, LifecycleEvent};

/// One that waits for the generations.
pub(in crate::manager) struct Suspension {
    pub(in crate::manager) deadline: Duration,
    pub(in crate::manager) reply: Reply,
}

impl Supervisor {
    /// Called after every message: the last generation may have ended.
    pub(in crate::manager) fn suspend_after_generations(&mut self) {
        if self.suspensions.is_empty() || !(self.turns.is_empty() || self.suspended) {
            return;
        }
        for Suspension { deadline, reply } in std::mem::take(&mut self.suspensions) {
            self.suspend(deadline, reply);
        }
    }

    /// Stops every engine at its next step, then saves as long as there is time. Asked again while suspended, it saves what
    /// is left.
    pub(in crate::manager) fn suspend(&mut self, deadline: Duration, reply: Reply) {
        if !self.suspended {
            self.suspended = true;
            self.hub.publish(Event::SuspensionChanged { suspended: true });
            self.drive_all(&entry::Event::Suspend);
            self.hold_downloads();
            for id in self.guesses.keys().cloned().collect::<Vec<_>>() {
                self.call_off_guess(&id);
            }
        }
        let mut stopping = Vec::new();
        for path in self.models.keys().cloned().collect::<Vec<_>>() {
            let (done, stopped) = oneshot::channel();
            // One that is not loaded, or is about to go, answers at once.
            let reply = Box::new(move |result| drop(done.send(result)));
            self.ask_engine(&path, EngineCommand::Suspend { reply });
            stopping.push(stopped);
        }
        let mailbox = self.mailbox.clone();
        self.runtime.spawn(async move {
            for stopped in stopping {
                let _stopped_or_gone = stopped.await;
            }
            mailbox.tell(Message::Continue(Box::new(move |it| it.save_before_deadline(deadline, reply))));
        });
    }

    fn save_before_deadline(&mut self, deadline: Duration, reply: Reply) {
        // A turn that runs keeps in its file what it would keep if it were cancelled now.
        let running: Vec<String> =
            self.scopes.iter().filter(|(_, scope)| !scope.turns.is_empty()).map(|(id, _)| id.clone()).collect();
        for id in running {
            self.save_transcript(&id);
        }
        let until = Instant::now() + deadline;
        self.save_each(self.unsaved(None), Some(until), move |it, saved_scopes| {
            it.after_writing(until, move |it| {
                it.record_all(LifecycleEvent::Suspended { saved_scopes }, "the host asked".into());
                reply(Ok(()));
            });
        });
    }

    pub(in crate::manager) fn resume(&mut self, reply: Reply) {
        for Suspension { reply, .. } in std::mem::take(&mut self.suspensions) {
            reply(Ok(()));
        }
        if self.suspended {
            self.suspended = false;
            self.hub.publish(Event::SuspensionChanged { suspended: false });
            self.record_all(LifecycleEvent::Resumed, "the host asked".into());
            for path in self.models.keys().cloned().collect::<Vec<_>>() {
                self.ask_engine(&path, EngineCommand::Resume);
            }
            self.drive_all(&entry::Event::Resume);
            self.release_downloads();
            self.ask_again_for_models();
            self.ask_again_for_errands();
        }
        reply(Ok(()));
    }
}
