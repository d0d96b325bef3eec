//! A flag that tells work on any thread to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The caller sets it once, from any thread; the work that it ends reads it.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag {
    own: Arc<AtomicBool>,
    other: Option<Arc<AtomicBool>>,
}

impl CancelFlag {
    /// Sets the flag, for every copy of it. It cannot be unset.
    pub fn cancel(&self) {
        self.own.store(true, Ordering::Release);
    }

    /// Whether this flag, or the one that it was joined with, has been set.
    pub fn is_cancelled(&self) -> bool {
        self.own.load(Ordering::Acquire) || self.other.as_ref().is_some_and(|other| other.load(Ordering::Acquire))
    }

    /// A flag that is set as soon as this one or `other` is. Cancelling it cancels this one.
    #[must_use]
    pub fn or(&self, other: &CancelFlag) -> Self {
        Self { own: self.own.clone(), other: Some(other.own.clone()) }
    }
}
