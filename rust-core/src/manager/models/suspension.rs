//! Suspension of a model. In the background nothing is loaded: a lease is refused but kept, and the model is loaded on
//! resume. A loaded model stays, and may still be unloaded to free memory.

use super::lifecycle::{Lifecycle, ModelEffect, State, record};
use crate::error::{Error, ErrorCode};
use crate::protocol::LifecycleEvent;

impl Lifecycle {
    pub(super) fn suspend(&mut self, effects: &mut Vec<ModelEffect>) {
        self.suspended = true;
        match &self.state {
            State::Loading { .. } | State::Downloading { .. } => {
                self.stop("the app went to the background", effects);
                self.state = State::Unloading { interrupted: true };
            }
            // Its engine has exited already. Other models go on making room, which is needed on resume.
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

    pub(super) fn resume(&mut self, effects: &mut Vec<ModelEffect>) {
        self.suspended = false;
        if let State::Deferred = self.state {
            self.start_engine("retried on resume", false, effects);
        }
    }

    /// Starts an engine, unless the app is in the background.
    pub(super) fn load(&mut self, reason: &str, effects: &mut Vec<ModelEffect>) {
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

    fn defer(&mut self, effects: &mut Vec<ModelEffect>) {
        let error = self.deferral();
        if !matches!(self.state, State::Deferred) {
            let failed = LifecycleEvent::Failed { error: error.clone() };
            effects.push(record(failed, "nothing is loaded in the background"));
        }
        self.state = State::Deferred;
        self.answer_waiting(&Err(error), effects);
    }
}
