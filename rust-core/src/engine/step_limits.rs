//! The limits of one call of an auxiliary context, which computes embeddings or a bench.

use super::cancel_flag::CancelFlag;
use super::run_state::RunState;

/// The limits of one step, from the loop that takes it.
pub(super) struct StepLimits<'a> {
    /// Whether streams are running, which wait for the call.
    pub(super) has_streams: bool,
    pub(super) threads: u32,
    pub(super) stop: &'a CancelFlag,
    pub(super) run_state: &'a mut RunState,
}
