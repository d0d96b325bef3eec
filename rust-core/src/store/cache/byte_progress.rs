//! How far long work is, and whether it is still wanted.

use std::ops::ControlFlow;

use crate::error::{Error, ErrorCode, Result};

/// How far work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteProgress {
    /// Bytes done.
    pub done: u64,
    /// Bytes in all; `None` where nobody knows.
    pub total: Option<u64>,
}

/// Is told at least once a mebibyte. Breaking off ends the work as `Cancelled`.
pub type OnByteProgress<'a> = &'a mut dyn FnMut(ByteProgress) -> ControlFlow<()>;

/// Adds up what is done, over several files.
pub(super) struct Count<'a> {
    work: ByteProgress,
    on_progress: OnByteProgress<'a>,
}

impl<'a> Count<'a> {
    pub(super) fn new(total: Option<u64>, on_progress: OnByteProgress<'a>) -> Self {
        Self { work: ByteProgress { done: 0, total }, on_progress }
    }

    pub(super) fn add(&mut self, bytes: u64) -> Result<()> {
        self.work.done += bytes;
        match (self.on_progress)(self.work) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => {
                Err(Error::new(ErrorCode::Cancelled, "the work was cancelled - ask again to begin anew"))
            }
        }
    }
}
