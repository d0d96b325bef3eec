//! One prefill job on its way.

use std::time::Duration;

use crate::engine::backend::Sequence;
use crate::engine::command::{PrefillJob, Prefilled};
use crate::error::Result;

pub(super) struct RunningPrefill {
    pub(super) job: Box<PrefillJob>,
    /// None until the job has a slot.
    pub(super) admitted: Option<Admitted>,
}

/// A prefill job's slot, and how far the job is.
pub(super) struct Admitted {
    pub(super) sequence: Sequence,
    /// Tokens that the slot held when the job was admitted.
    pub(super) cached: usize,
    pub(super) prefilled: usize,
    pub(super) took: Duration,
}

impl RunningPrefill {
    pub(super) fn end(self, result: Result<Prefilled>) {
        (self.job.reply)(result);
    }
}
