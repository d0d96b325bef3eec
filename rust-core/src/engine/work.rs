//! What the thread of an engine runs once its model is loaded: a loop of its own for each kind of model, with one end.

use std::collections::VecDeque;
use std::time::Instant;

use super::mailbox::Mailbox;
use super::stream::{Ending, never_admitted};
use super::{EngineCommand, EngineReport};
use crate::error::Error;

/// What an engine does with its model, once that is loaded.
pub(super) trait Work {
    /// Works until the stop flag is set. What is left then is for `fail_all`.
    fn run(&mut self, mailbox: &Mailbox);

    /// Ends everything with `error`, and what `rest` brings. Touches neither model nor sinks, so it may follow a panic.
    fn fail_all(&mut self, rest: VecDeque<EngineCommand>, error: &Error);
}

/// Answers commands that nobody will carry out.
pub(super) fn fail_unread(
    report: &dyn Fn(EngineReport),
    commands: impl IntoIterator<Item = EngineCommand>,
    error: &Error,
) {
    for command in commands {
        match command {
            EngineCommand::Generate(job) => {
                let finished = never_admitted(&job, Ending::Failed(error.clone()), Instant::now());
                report(EngineReport::Finished(finished));
            }
            EngineCommand::Wake
            | EngineCommand::Prefill(_)
            | EngineCommand::Embed(_)
            | EngineCommand::Bench(_)
            | EngineCommand::FreeEmbedder
            | EngineCommand::DropScope(_)
            | EngineCommand::Park { .. }
            | EngineCommand::Copy { .. }
            | EngineCommand::Keep(_)
            | EngineCommand::Restore { .. }
            | EngineCommand::Suspend { .. }
            | EngineCommand::Resume
            | EngineCommand::SetHeat(_) => command.refuse(error),
        }
    }
}
