//! Whether a transfer may go on: what its callers want, and whether the process is suspended.

use std::time::Duration;

use tokio::sync::watch;

/// What those who wait for a transfer want of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Will {
    /// That it goes on.
    Run,
    /// That it waits.
    Pause,
}

/// A transfer's ear.
#[derive(Debug, Clone)]
pub struct Control {
    /// Closed when nobody waits for the transfer any longer.
    pub will: watch::Receiver<Will>,
    /// Of the whole process; closed with the store.
    pub suspended: watch::Receiver<bool>,
}

/// The transfer is to stop at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Until it may go on.
    Pause,
    /// For good: the last one has left.
    Left,
}

impl Control {
    fn now(&self) -> Option<Stop> {
        if self.will.has_changed().is_err() || self.suspended.has_changed().is_err() {
            Some(Stop::Left)
        } else if *self.will.borrow() == Will::Pause || *self.suspended.borrow() {
            Some(Stop::Pause)
        } else {
            None
        }
    }

    /// Whether nothing stands against it.
    pub fn may_go_on_now(&self) -> bool {
        self.now().is_none()
    }

    /// Whether nobody waits for the transfer any longer.
    pub fn is_left(&self) -> bool {
        self.now() == Some(Stop::Left)
    }

    /// Returns when the transfer is to stop.
    pub async fn stopped(&mut self) -> Stop {
        loop {
            if let Some(stop) = self.now() {
                return stop;
            }
            self.changed().await;
        }
    }

    /// Returns when the transfer may go on: `false` if it never will.
    pub async fn may_go_on(&mut self) -> bool {
        loop {
            match self.now() {
                None => return true,
                Some(Stop::Left) => return false,
                Some(Stop::Pause) => self.changed().await,
            }
        }
    }

    /// Waits, unless the transfer is to stop before.
    pub async fn wait(&mut self, wait: Duration) {
        tokio::select! {
            _ = self.stopped() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    /// A closed channel is a change too.
    async fn changed(&mut self) {
        tokio::select! {
            _ = self.will.changed() => {}
            _ = self.suspended.changed() => {}
        }
    }
}
