//! Suspension of an engine. All data is consistent between two steps, so compute can pause there: nothing is torn down
//! and nothing is restored.

/// Whether an engine computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunState {
    Running,
    Suspended,
    /// The suspension is over, and nothing has been computed since.
    Resuming,
}

impl RunState {
    /// Commands are read between steps, so no call is under way here.
    pub(super) fn suspend(&mut self) {
        *self = Self::Suspended;
    }

    pub(super) fn resume(&mut self) {
        if *self == Self::Suspended {
            *self = Self::Resuming;
            tracing::debug!("resumed");
        }
    }

    /// Whether a call that has just succeeded tells how fast this engine is. The first call after a suspension does
    /// not: it pays for new threads, and for weights that the system took out of memory.
    pub(super) fn is_measured(&mut self) -> bool {
        std::mem::replace(self, Self::Running) == Self::Running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_call_after_a_suspension_says_nothing_about_speed() {
        let mut state = RunState::Running;
        state.resume();
        assert!(state.is_measured(), "nothing was suspended");
        state.suspend();
        state.resume();
        assert_eq!([state.is_measured(), state.is_measured()], [false, true]);
    }
}
