//! The prefills that have not been answered, one per scope. Knows neither scopes nor models.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::{CancelFlag, Prefilled};
use crate::kv::KvSnapshot;
use crate::manager::scopes::Stamp;
use crate::manager::ticket::Reply;

#[derive(Default)]
pub(in crate::manager) struct Prefills {
    by_scope: HashMap<String, RunningPrefill>,
}

pub(super) struct RunningPrefill {
    /// Differs from the stamps of earlier prefills of the scope.
    pub(super) stamp: Stamp,
    /// Path of the model that computes.
    pub(super) path: String,
    /// Epoch of the engine that computes.
    pub(super) epoch: u64,
    pub(super) cancel: CancelFlag,
    /// KV read from disk for it, kept alive until the engine has it.
    pub(super) kept: Option<Arc<KvSnapshot>>,
    pub(super) reply: Reply<Prefilled>,
}

impl Prefills {
    pub(in crate::manager) fn scopes(&self) -> Vec<String> {
        self.by_scope.keys().cloned().collect()
    }

    pub(super) fn insert(&mut self, scope: String, prefill: RunningPrefill) {
        self.by_scope.insert(scope, prefill);
    }

    /// Removes the scope's prefill.
    pub(super) fn remove(&mut self, scope: &str) -> Option<RunningPrefill> {
        self.by_scope.remove(scope)
    }

    /// The scope's prefill with this stamp. None if it was called off.
    pub(super) fn get_mut(&mut self, scope: &str, stamp: Stamp) -> Option<&mut RunningPrefill> {
        self.by_scope.get_mut(scope).filter(|prefill| prefill.stamp == stamp)
    }
}
