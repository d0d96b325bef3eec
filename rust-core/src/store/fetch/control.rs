//! Decides whether a transfer may run: its callers can pause or leave it, and the process can be suspended.

use std::time::Duration;

use tokio::sync::watch;

/// What the callers of a transfer want it to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Run.
    Run,
    /// Wait until it is resumed.
    Pause,
}

/// A transfer's view of pause, suspension and departure.
#[derive(Debug, Clone)]
pub struct Control {
    /// Closed when the last caller has left.
    pub intent: watch::Receiver<Intent>,
    /// Whether the process is suspended; closed with the store.
    pub suspended: watch::Receiver<bool>,
}

/// Why a transfer has to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// It is paused.
    Pause,
    /// Its last caller has left.
    Abandoned,
}

impl Control {
    fn now(&self) -> Option<StopReason> {
        if self.intent.has_changed().is_err() || self.suspended.has_changed().is_err() {
            Some(StopReason::Abandoned)
        } else if *self.intent.borrow() == Intent::Pause || *self.suspended.borrow() {
            Some(StopReason::Pause)
        } else {
            None
        }
    }

    /// Whether the transfer may run now.
    pub fn is_allowed(&self) -> bool {
        self.now().is_none()
    }

    /// Whether the last caller has left.
    pub fn is_abandoned(&self) -> bool {
        self.now() == Some(StopReason::Abandoned)
    }

    /// Returns when the transfer has to stop.
    pub async fn stopped(&mut self) -> StopReason {
        loop {
            if let Some(stop) = self.now() {
                return stop;
            }
            self.changed().await;
        }
    }

    /// Returns `true` when the transfer may run, and `false` when its last caller has left.
    pub async fn wait_until_allowed(&mut self) -> bool {
        loop {
            match self.now() {
                None => return true,
                Some(StopReason::Abandoned) => return false,
                Some(StopReason::Pause) => self.changed().await,
            }
        }
    }

    /// Sleeps, but no longer than the transfer may run.
    pub async fn wait(&mut self, wait: Duration) {
        tokio::select! {
            _ = self.stopped() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    /// Returns at any change, the closing of a channel included.
    async fn changed(&mut self) {
        tokio::select! {
            _ = self.intent.changed() => {}
            _ = self.suspended.changed() => {}
        }
    }
}
