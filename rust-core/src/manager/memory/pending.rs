//! The exits of models and residents that a load or a trim waits for.

use std::collections::HashSet;

/// Models and residents that were asked to go and have not gone yet.
#[derive(Default)]
pub(super) struct PendingExits {
    pub(super) models: HashSet<String>,
    pub(super) residents: HashSet<String>,
}

impl PendingExits {
    pub(super) fn is_empty(&self) -> bool {
        self.models.is_empty() && self.residents.is_empty()
    }
}

/// The eviction on behalf of one model.
#[derive(Default)]
pub(super) struct PendingEviction {
    pub(super) exits: PendingExits,
    /// Models and residents that have gone so far.
    pub(super) freed: usize,
}
