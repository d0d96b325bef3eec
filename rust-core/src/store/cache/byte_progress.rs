//! Progress of a long file operation, and its cancellation.

use std::ops::ControlFlow;

use crate::error::{Error, ErrorCode, Result};

/// How far a file operation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteProgress {
    /// Bytes processed so far.
    pub done: u64,
    /// `None` where the size is not known beforehand.
    pub total: Option<u64>,
}

/// Called at least once per mebibyte. Returning `Break` ends the operation with `Cancelled`.
pub type OnByteProgress<'a> = &'a mut dyn FnMut(ByteProgress) -> ControlFlow<()>;

/// Adds up the bytes of several files.
pub(super) struct ProgressCounter<'a> {
    progress: ByteProgress,
    on_progress: OnByteProgress<'a>,
}

impl<'a> ProgressCounter<'a> {
    pub(super) fn new(total: Option<u64>, on_progress: OnByteProgress<'a>) -> Self {
        Self { progress: ByteProgress { done: 0, total }, on_progress }
    }

    pub(super) fn add(&mut self, bytes: u64) -> Result<()> {
        self.progress.done += bytes;
        match (self.on_progress)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => {
                Err(Error::new(ErrorCode::Cancelled, "the operation was cancelled - start it again"))
            }
        }
    }
}
