//! Compute stops for a while and goes on as if nothing had been: a stream is whole between two steps, so nothing is taken
//! down and nothing is put back.

use super::Scheduler;
use crate::error::Result;

/// Whether the engine computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    Working,
    Suspended,
    /// Nothing was computed yet since the end of a suspension.
    Resuming,
}

impl Scheduler<'_> {
    /// Commands are read between steps, so nothing computes when this one is.
    pub(super) fn suspend(&mut self) -> Result<()> {
        self.activity = Activity::Suspended;
        self.context.rest();
        tracing::debug!(streams = self.streams.len(), queued = self.queue.len(), "suspended");
        Ok(())
    }

    pub(super) fn resume(&mut self) {
        if self.activity == Activity::Suspended {
            self.activity = Activity::Resuming;
            tracing::debug!("resumed");
        }
    }

    /// Whether a call that has just succeeded tells how fast this engine is. The first one after a suspension does not: it
    /// pays for weights that the system took out of memory, and for new threads.
    pub(super) fn is_measured(&mut self) -> bool {
        std::mem::replace(&mut self.activity, Activity::Working) == Activity::Working
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CancelFlag;
    use crate::engine::scripted::Script;
    use crate::protocol::ModelConfig;

    #[test]
    fn the_first_call_after_a_suspension_says_nothing_about_speed() {
        let model = Script::new().loader().load(&ModelConfig::new("script.gguf"), &mut |_| true).expect("it loads");
        let mut scheduler = Scheduler::new(model.context, &model.info, CancelFlag::default(), &|_| {});
        scheduler.resume();
        assert!(scheduler.is_measured(), "nothing was suspended");
        scheduler.suspend().expect("an engine can be suspended");
        scheduler.resume();
        assert_eq!([scheduler.is_measured(), scheduler.is_measured()], [false, true]);
    }
}
