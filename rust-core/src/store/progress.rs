//! How far long work is, and whether it is still wanted.

use std::ops::ControlFlow;

use crate::error::{Error, ErrorCode, Result};

/// How far work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub done: u64,
    /// Bytes in all; `None` where nobody knows.
    pub total: Option<u64>,
}

/// Is told at least once a mebibyte. Breaking off ends the work as `Cancelled`.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// Adds up what is done, over several files.
pub(super) struct Count<'a> {
    progress: Progress,
    on_progress: OnProgress<'a>,
}

impl<'a> Count<'a> {
    pub(super) fn new(total: Option<u64>, on_progress: OnProgress<'a>) -> Self {
        Self { progress: Progress { done: 0, total }, on_progress }
    }

    pub(super) fn add(&mut self, bytes: u64) -> Result<()> {
        self.progress.done += bytes;
        match (self.on_progress)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => {
                Err(Error::new(ErrorCode::Cancelled, "the work was cancelled - ask again to begin anew"))
            }
        }
    }
}
