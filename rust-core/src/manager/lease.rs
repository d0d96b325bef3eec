//! The right to keep a model loaded. Dropping it gives the right back; it never waits.

use super::mailbox::{Mailbox, Message};

/// Unique in the process, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LeaseId(pub(crate) u64);

/// Held by whoever wants a model to stay loaded: a client on behalf of a component, or Rust code.
///
/// What it held before an `unload` or a crash is gone; it then still says that the model is wanted, and counts again
/// as soon as anybody loads the model.
#[must_use = "dropping a lease releases it"]
#[derive(Debug)]
pub struct Lease {
    pub(super) id: LeaseId,
    pub(super) mailbox: Mailbox,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.mailbox.tell(Message::Release { lease: self.id });
    }
}
