//! One-shot tasks whose model is not loaded yet. `T` is the type of a task's continuation.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::Prompter;
use crate::error::{Error, ErrorCode, Result};
use crate::manager::models::LeaseId;
use crate::protocol::{ModelConfig, ModelInfo};

/// Tasks that may wait at once for one model to be loaded.
const QUEUE_LIMIT: usize = 256;

/// A model that stays loaded until the lease is released. An `unload` waits only for jobs on the blocking pool.
pub(in crate::manager) struct LoadedModelRef {
    pub(in crate::manager) lease: LeaseId,
    pub(in crate::manager) path: String,
    /// Epoch of the engine that has the model.
    pub(in crate::manager) epoch: u64,
    pub(in crate::manager) prompter: Arc<dyn Prompter>,
    pub(in crate::manager) info: ModelInfo,
}

pub(in crate::manager) struct WaitingTasks<T> {
    by_lease: HashMap<LeaseId, ModelTask<T>>,
}

struct ModelTask<T> {
    config: ModelConfig,
    then: T,
}

impl<T> Default for WaitingTasks<T> {
    fn default() -> Self {
        Self { by_lease: HashMap::new() }
    }
}

impl<T> WaitingTasks<T> {
    /// `busy` if too many tasks wait for this model already.
    pub(in crate::manager) fn check_room(&self, path: &str) -> Result<()> {
        let waiting = self.leases_for(path).len();
        if waiting < QUEUE_LIMIT {
            return Ok(());
        }
        let detail = format!("{waiting} requests wait for {path} - try again when it is loaded");
        Err(Error::new(ErrorCode::Busy, detail))
    }

    pub(in crate::manager) fn insert(&mut self, lease: LeaseId, config: ModelConfig, then: T) {
        self.by_lease.insert(lease, ModelTask { config, then });
    }

    pub(in crate::manager) fn remove(&mut self, lease: LeaseId) -> Option<(ModelConfig, T)> {
        self.by_lease.remove(&lease).map(|ModelTask { config, then }| (config, then))
    }

    pub(in crate::manager) fn leases(&self) -> Vec<LeaseId> {
        self.by_lease.keys().copied().collect()
    }

    pub(in crate::manager) fn leases_for(&self, path: &str) -> Vec<LeaseId> {
        self.by_lease.iter().filter(|(_, task)| task.config.path == path).map(|(lease, _)| *lease).collect()
    }

    pub(in crate::manager) fn config(&self, lease: LeaseId) -> Option<&ModelConfig> {
        self.by_lease.get(&lease).map(|task| &task.config)
    }
}
