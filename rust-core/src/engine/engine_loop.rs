//! The loop that an engine's thread runs once its model is loaded. Models for conversations and models for embeddings
//! have an implementation each.

use std::collections::VecDeque;
use std::time::Instant;

use super::command::EngineCommand;
use super::mailbox::Mailbox;
use super::report::{Ending, EngineReport, Finished};
use crate::error::Error;

/// The loop of one loaded model.
pub(super) trait EngineLoop {
    /// Serves until the stop flag is set. `fail_all` ends the rest.
    fn run(&mut self, mailbox: &Mailbox);

    /// Ends all work with `error`, and the commands in `rest`. Touches neither model nor sinks, so it may follow a
    /// panic.
    fn fail_all(&mut self, rest: VecDeque<EngineCommand>, error: &Error);
}

/// Answers commands that will not be carried out.
pub(super) fn fail_unread(
    report: &dyn Fn(EngineReport),
    commands: impl IntoIterator<Item = EngineCommand>,
    error: &Error,
) {
    for command in commands {
        match command {
            EngineCommand::Generate(job) => {
                let ending = Ending::Failed(error.clone());
                report(EngineReport::Finished(Finished::never_admitted(&job, ending, Instant::now())));
            }
            EngineCommand::Wake
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
            | EngineCommand::SetHeat(_) => command.refuse(error),
        }
    }
}
