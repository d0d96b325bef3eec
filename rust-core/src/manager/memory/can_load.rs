//! Answers `canLoad`: whether a model would fit into the memory that is free now.

use super::fit::{ResidentCount, fit};
use super::usage::{model_memory, taken};
use crate::engine::{Estimate, ModelLoader};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::library::resolve::resolving;
use crate::manager::models::conflict;
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::protocol::{FitVerdict, MemoryEstimate, MemoryFit, ModelConfig};

/// Runs on the blocking pool, because it reads the file's header, perhaps many times.
pub(in crate::manager) fn can_load(it: &Owners, config: ModelConfig, reply: Reply<MemoryFit>) {
    let loader = resolving(it, it.loader.clone());
    let own = model_memory(it, &config.path);
    let others = taken(it).saturating_sub(own.map_or(0, |own| own.total()));
    let budget_left = it.memory.budget().map(|budget| budget.saturating_sub(others));
    let serves = own.filter(|_| serves(it, &config));
    let crash = crashed(&config);
    let work = move || {
        let available = available(loader.available_memory(), own, budget_left);
        match serves {
            Some(estimate) => Ok(MemoryFit { verdict: FitVerdict::Fits, estimate, available_bytes: available }),
            None => estimated_fit(&loader, &config, available),
        }
    };
    it.run_blocking(work, move |_it, _fx, fit| {
        reply(fit.map_err(|error| if error.code == ErrorCode::Internal { crash } else { error }));
    });
}

/// Whether the model is loaded and serves this config without a reload.
fn serves(it: &Owners, config: &ModelConfig) -> bool {
    it.models.info(&config.path).is_some_and(|info| conflict(config, info).is_none())
}

/// Bytes that a load may take: the system's free memory or the rest of the budget, whichever is less. A reload first
/// frees the model's own KV and buffers. Its weights are not added, because the system counts mapped weights as free.
pub(in crate::manager) fn available(
    system: Option<u64>,
    own: Option<MemoryEstimate>,
    budget_left: Option<u64>,
) -> Option<u64> {
    let own = own.map_or(0, |own| own.kv_bytes.saturating_add(own.compute_bytes));
    system.map(|free| free.saturating_add(own)).into_iter().chain(budget_left).min()
}

fn estimated_fit(loader: &dyn ModelLoader, config: &ModelConfig, available: Option<u64>) -> Result<MemoryFit> {
    let count = if config.max_resident.is_some() { ResidentCount::Requested } else { ResidentCount::Automatic };
    fit(loader.estimate(config, Estimate::Load)?, count, available, |context_size, max_resident| {
        let (context_size, max_resident) = (Some(context_size), Some(max_resident));
        loader.estimate(&ModelConfig { context_size, max_resident, ..config.clone() }, Estimate::Load)
    })
}

/// Leaves the panic's own text out, because it may quote the file.
fn crashed(config: &ModelConfig) -> Error {
    let detail = format!("estimating {} crashed - use another model file", config.path);
    Error::new(ErrorCode::ModelInvalid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_is_the_less_of_what_the_system_has_and_the_budget_leaves() {
        let own = MemoryEstimate { weights_bytes: 1_000, kv_bytes: 20, compute_bytes: 3, ..Default::default() };
        for (system, own, budget_left, expected) in [
            (None, None, None, None),
            (Some(500), None, None, Some(500)),
            (None, None, Some(400), Some(400)),
            (Some(500), None, Some(400), Some(400)),
            (Some(300), None, Some(400), Some(300)),
            (Some(300), Some(own), None, Some(323)),
            (Some(300), Some(own), Some(310), Some(310)),
            (Some(u64::MAX), Some(own), None, Some(u64::MAX)),
        ] {
            assert_eq!(available(system, own, budget_left), expected, "{system:?} {own:?} {budget_left:?}");
        }
    }
}
