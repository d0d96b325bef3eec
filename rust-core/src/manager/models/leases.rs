//! The leases of a model: acquire, share, release, and the keep-alive after the last release.

use std::time::Duration;

use super::config_conflict::conflict;
use super::lease::LeaseId;
use super::lifecycle::{LeaseTerms, Lifecycle, ModelEffect, State, record};
use crate::protocol::{LifecycleEvent, ModelConfig, ModelInfo};

impl Lifecycle {
    pub(super) fn acquire(
        &mut self,
        lease: LeaseId,
        debug_label: String,
        config: ModelConfig,
        effects: &mut Vec<ModelEffect>,
    ) {
        let conflict = match &self.state {
            State::Ready { info } | State::Idle { info } => conflict(&config, info),
            State::Unloaded
            | State::Loading { .. }
            | State::Downloading { .. }
            | State::MakingRoom { .. }
            | State::Unloading { .. }
            | State::Deferred
            | State::Failed { .. } => None,
        };
        match conflict {
            Some(error) if self.leases.keys().any(|held| *held != lease) => {
                effects.push(ModelEffect::Answer { lease, result: Err(error) });
            }
            Some(error) => {
                self.hold(lease, debug_label, &config, false, effects);
                self.config = config;
                self.stop(&format!("reloading with other options: {}", error.detail), effects);
            }
            None => self.share(lease, debug_label, config, effects),
        }
    }

    /// Joins the loaded model or the running load, or starts a load.
    fn share(&mut self, lease: LeaseId, debug_label: String, config: ModelConfig, effects: &mut Vec<ModelEffect>) {
        match &self.state {
            State::Ready { .. } => {
                self.hold(lease, debug_label, &config, true, effects);
                self.config.keep_alive_ms = config.keep_alive_ms;
                self.answer_waiting(&Ok(()), effects);
            }
            State::Idle { info } => {
                self.state = State::Ready { info: info.clone() };
                self.hold(lease, debug_label, &config, true, effects);
                self.config.keep_alive_ms = config.keep_alive_ms;
                effects.push(record(LifecycleEvent::Ready, "leased again within the keep-alive"));
                self.answer_waiting(&Ok(()), effects);
            }
            State::Loading { .. } | State::Downloading { .. } | State::MakingRoom { .. } => {
                self.hold(lease, debug_label, &config, true, effects);
                self.config.keep_alive_ms = config.keep_alive_ms;
            }
            State::Unloading { .. } => {
                self.hold(lease, debug_label, &config, false, effects);
                self.config = config;
            }
            State::Unloaded | State::Deferred | State::Failed { .. } => {
                self.hold(lease, debug_label, &config, false, effects);
                self.config = config;
                self.load("first lease", effects);
            }
        }
    }

    fn hold(
        &mut self,
        lease: LeaseId,
        debug_label: String,
        config: &ModelConfig,
        reused: bool,
        effects: &mut Vec<ModelEffect>,
    ) {
        let terms = LeaseTerms { debug_label: debug_label.clone(), config: config.clone(), waits: true };
        if self.leases.insert(lease, terms).is_none() {
            let reason = if reused { "the loaded model is shared" } else { "the model is not loaded" };
            effects.push(record(LifecycleEvent::Acquired { debug_label, reused }, reason));
        }
    }

    pub(super) fn release(&mut self, lease: LeaseId, effects: &mut Vec<ModelEffect>) {
        let Some(terms) = self.leases.remove(&lease) else { return };
        effects.push(record(LifecycleEvent::Released { debug_label: terms.debug_label }, "given back"));
        if !self.leases.is_empty() {
            return;
        }
        match &self.state {
            State::Ready { info } => {
                let info = info.clone();
                self.rest(info, effects);
            }
            // With a keep-alive the load goes on, so that the next lease finds it done.
            State::Loading { .. } if self.config.keep_alive_ms == Some(0) => {
                self.stop("no lease waits for the load any longer", effects);
            }
            // The received part stays on the device, and the next lease goes on from there.
            State::Downloading { .. } => self.stop("no lease waits for the download any longer", effects),
            State::Deferred => self.state = State::Unloaded,
            State::Loading { .. }
            | State::MakingRoom { .. }
            | State::Unloaded
            | State::Idle { .. }
            | State::Unloading { .. }
            | State::Failed { .. } => {}
        }
    }

    /// Starts the keep-alive of a loaded model without leases.
    pub(super) fn rest(&mut self, info: ModelInfo, effects: &mut Vec<ModelEffect>) {
        match self.config.keep_alive_ms {
            Some(0) => self.stop("the last lease was released and keepAliveMs is 0", effects),
            Some(ms) => {
                self.state = State::Idle { info };
                self.timer += 1;
                effects.push(record(LifecycleEvent::Idle, &format!("no lease; unloads in {ms} ms")));
                effects.push(ModelEffect::StartKeepAlive { timer: self.timer, after: Duration::from_millis(ms) });
            }
            None => {
                self.state = State::Idle { info };
                self.timer += 1;
                effects.push(record(LifecycleEvent::Idle, "no lease; kept for ever, as keepAliveMs is null"));
            }
        }
    }
}
