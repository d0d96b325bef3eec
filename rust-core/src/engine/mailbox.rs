//! The engine's bounded mailbox. A std channel would lose a command that is sent between the last look and the drop of
//! its receiver. This mailbox closes and hands the rest back in one act, so that every accepted job is answered.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::command::EngineCommand;

/// The most commands that wait. Beyond that, `send` hands the command back.
pub(super) const CAPACITY: usize = 1024;

#[derive(Default)]
pub(super) struct Mailbox {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    commands: VecDeque<EngineCommand>,
    woken: bool,
    closed: bool,
}

impl Mailbox {
    /// Never waits for the engine. `Err` hands the command back: the mailbox is full or closed. A full mailbox still
    /// takes a `Wake`, which needs no room.
    pub(super) fn send(&self, command: EngineCommand) -> Result<(), EngineCommand> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(command);
        }
        match command {
            EngineCommand::Wake => inner.woken = true,
            EngineCommand::Generate(_)
            | EngineCommand::Prefill(_)
            | EngineCommand::Embed(_)
            | EngineCommand::Bench(_)
            | EngineCommand::DropScope(_)
            | EngineCommand::Park { .. }
            | EngineCommand::Copy { .. }
            | EngineCommand::Keep(_)
            | EngineCommand::Restore { .. }
                if inner.commands.len() >= CAPACITY =>
            {
                return Err(command);
            }
            EngineCommand::Generate(_)
            | EngineCommand::Prefill(_)
            | EngineCommand::Embed(_)
            | EngineCommand::Bench(_)
            | EngineCommand::FreeEmbeddingContext
            | EngineCommand::DropScope(_)
            | EngineCommand::Park { .. }
            | EngineCommand::Copy { .. }
            | EngineCommand::Keep(_)
            | EngineCommand::Restore { .. }
            | EngineCommand::Suspend { .. }
            | EngineCommand::Resume
            | EngineCommand::SetHeat(_) => inner.commands.push_back(command),
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Ends a `receive` that sleeps, now or the next one.
    pub(super) fn wake(&self) {
        self.lock().woken = true;
        self.changed.notify_one();
    }

    /// Takes all waiting commands. With `sleep` it first blocks until there is a command, or a wake.
    pub(super) fn receive(&self, sleep: bool, into: &mut VecDeque<EngineCommand>) {
        let mut inner = self.lock();
        while sleep && inner.commands.is_empty() && !inner.woken {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.woken = false;
        into.append(&mut inner.commands);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Refuses every command from now on, and takes those that were accepted before.
    pub(super) fn close(&self) -> VecDeque<EngineCommand> {
        let mut inner = self.lock();
        inner.closed = true;
        std::mem::take(&mut inner.commands)
    }

    /// No code under the lock can panic, so a poisoned lock guards consistent data.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mailbox").field("waiting", &self.lock().commands.len()).finish_non_exhaustive()
    }
}
