//! The right to keep a model loaded. Dropping it gives the right back and never waits.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Unique in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LeaseId(pub(crate) u64);

impl LeaseId {
    /// No number is given twice in a process, even by different managers.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Keeps a model loaded, on behalf of a component or of Rust code.
///
/// An `unload` or a crash frees a model despite its leases. Such a lease counts again as soon as the model is loaded
/// again.
#[must_use = "dropping a lease releases it"]
pub struct Lease {
    id: LeaseId,
    release: Box<dyn Fn(LeaseId) + Send + Sync>,
}

impl Lease {
    /// `release` is called once, from `Drop`; it must not block.
    pub(crate) fn new(id: LeaseId, release: impl Fn(LeaseId) + Send + Sync + 'static) -> Self {
        Self { id, release: Box::new(release) }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.id).finish()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        (self.release)(self.id);
    }
}
