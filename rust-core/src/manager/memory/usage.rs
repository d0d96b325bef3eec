//! Adds up what counts in the memory budget now.

use crate::manager::owners::Owners;
use crate::protocol::{MemoryEstimate, ModelInfo, ModelStatus};

/// Bytes that are left of the budget. None if no budget is set.
pub(in crate::manager) fn budget_left(it: &Owners) -> Option<u64> {
    it.memory.budget().map(|budget| budget.saturating_sub(taken(it)))
}

/// Bytes that everything in the budget takes together.
pub(super) fn taken(it: &Owners) -> u64 {
    let paths = it.models.paths().into_iter();
    let models = paths.filter_map(|path| model_memory(it, &path)).map(|memory| memory.total());
    let auxiliary = it.models.engines().map(|(_, engine)| engine.auxiliary_bytes());
    models.chain(auxiliary).fold(it.memory.residents.bytes(), u64::saturating_add)
}

/// Memory of a model from its claim until its engine has exited: the estimate, or the weights alone if there was none.
pub(super) fn model_memory(it: &Owners, path: &str) -> Option<MemoryEstimate> {
    it.memory.claimed(path).or_else(|| match it.models.status(path)? {
        ModelStatus::Ready { info } | ModelStatus::Idle { info } => Some(weights_of(&info)),
        ModelStatus::Unloaded
        | ModelStatus::Downloading { .. }
        | ModelStatus::Loading { .. }
        | ModelStatus::Unloading
        | ModelStatus::Failed { .. } => None,
    })
}

fn weights_of(info: &ModelInfo) -> MemoryEstimate {
    MemoryEstimate {
        weights_bytes: info.size_bytes,
        kv_bytes: 0,
        compute_bytes: 0,
        context_size: info.context_size,
        max_resident: info.max_resident,
    }
}
