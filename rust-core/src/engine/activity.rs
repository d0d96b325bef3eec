//! Compute stops for a while and goes on as if nothing had been: what is computed is whole between two steps, so nothing is taken
//! down and nothing is put back.

/// Whether an engine computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    Working,
    Suspended,
    /// Nothing was computed yet since the end of a suspension.
    Resuming,
}

impl Activity {
    /// Commands are read between steps, so nothing computes when this one is.
    pub(super) fn suspend(&mut self) {
        *self = Self::Suspended;
    }

    pub(super) fn resume(&mut self) {
        if *self == Self::Suspended {
            *self = Self::Resuming;
            tracing::debug!("resumed");
        }
    }

    /// Whether a call that has just succeeded tells how fast this engine is. The first one after a suspension does not: it
    /// pays for weights that the system took out of memory, and for new threads.
    pub(super) fn is_measured(&mut self) -> bool {
        std::mem::replace(self, Self::Working) == Self::Working
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_call_after_a_suspension_says_nothing_about_speed() {
        let mut activity = Activity::Working;
        activity.resume();
        assert!(activity.is_measured(), "nothing was suspended");
        activity.suspend();
        activity.resume();
        assert_eq!([activity.is_measured(), activity.is_measured()], [false, true]);
    }
}
