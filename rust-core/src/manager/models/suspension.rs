//! While the app is in the background nothing is loaded: whoever asks is refused, keeps the lease, and gets the model when
//! the app comes back. What is loaded stays, and may still be unloaded: that frees memory.

use super::lifecycle::{Effect, Lifecycle, State, record};
use crate::error::{Error, ErrorCode};
use crate::protocol::LifecycleEvent;

impl Lifecycle {
    pub(super) fn suspend(&mut self, effects: &mut Vec<Effect>) {
        self.suspended = true;
        match &self.state {
            State::Loading { .. } | State::Downloading { .. } => {
                self.stop("the app went to the background", effects);
                self.state = State::Unloading { interrupted: true };
            }
            // Its engine has gone already. The others that make room for it may go on doing so: it is needed later.
            State::MakingRoom { .. } if self.leases.is_empty() => self.state = State::Unloaded,
            State::MakingRoom { .. } => self.defer(effects),
            State::Unloaded
            | State::Ready { .. }
            | State::Idle { .. }
            | State::Unloading { .. }
            | State::Deferred
            | State::Failed { .. } => {}
        }
    }

    pub(super) fn resume(&mut self, effects: &mut Vec<Effect>) {
        self.suspended = false;
        if let State::Deferred = self.state {
            self.start_engine("retried on resume", false, effects);
        }
    }

    /// Starts an engine, unless the app is in the background.
    pub(super) fn load(&mut self, reason: &str, effects: &mut Vec<Effect>) {
        if self.suspended {
            self.defer(effects);
        } else {
            self.start_engine(reason, false, effects);
        }
    }

    pub(super) fn deferral(&self) -> Error {
        let path = &self.config.path;
        let detail = format!("could not load {path}: the app is in the background - it is loaded on resume");
        Error::new(ErrorCode::Suspended, detail)
    }

    fn defer(&mut self, effects: &mut Vec<Effect>) {
        let error = self.deferral();
        if !matches!(self.state, State::Deferred) {
            let failed = LifecycleEvent::Failed { error: error.clone() };
            effects.push(record(failed, "nothing is loaded in the background"));
        }
        self.state = State::Deferred;
        self.answer_waiting(&Err(error), effects);
    }
}
