//! Decides whether one more model may take memory. An engine's load asks the supervisor before it begins. The
//! supervisor owns all claims, so two loads never get the same memory.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::usage::taken;
use crate::engine::{Devices, Estimate, Loaded, ModelLoader, OnLoad};
use crate::error::{Error, ErrorCode, Result};
use crate::human_bytes;
use crate::manager::owners::{Owners, Post};
use crate::manager::tasks::embedders::free_all_idle;
use crate::protocol::{MemoryEstimate, ModelConfig};

/// The loader of one engine: estimates, asks for the memory, and only then loads.
pub(in crate::manager) struct ClaimingLoader {
    pub(in crate::manager) loader: Arc<dyn ModelLoader>,
    pub(in crate::manager) post: Post,
    /// The name that the model is acquired by. The loader may be given another path.
    pub(in crate::manager) path: String,
    /// Epoch of the engine that loads.
    pub(in crate::manager) epoch: u64,
}

impl ModelLoader for ClaimingLoader {
    fn load(&self, config: &ModelConfig, on_load: OnLoad<'_>) -> Result<Loaded> {
        // If the file cannot be estimated, the load itself refuses it.
        if let Ok(estimate) = self.loader.estimate(config, Estimate::Load) {
            self.claim(estimate, config.force)?;
        }
        self.loader.load(config, on_load)
    }

    fn estimate(&self, config: &ModelConfig, what: Estimate) -> Result<MemoryEstimate> {
        self.loader.estimate(config, what)
    }

    fn available_memory(&self) -> Option<u64> {
        self.loader.available_memory()
    }

    fn devices(&self) -> Devices {
        self.loader.devices()
    }
}

impl ClaimingLoader {
    /// Waits for the supervisor, which answers at once and never waits for an engine. If it has ended, its mailbox
    /// drops the reply, and the load is cancelled.
    fn claim(&self, estimate: MemoryEstimate, force: bool) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let (path, epoch) = (self.path.clone(), self.epoch);
        self.post.send(move |it, _fx| claim(it, &path, epoch, estimate, force, reply));
        answer.blocking_recv().unwrap_or_else(|_| Err(cancelled(&self.path)))
    }
}

/// Answers a load that claims its memory. The engine's thread waits for the answer.
fn claim(
    it: &mut Owners,
    path: &str,
    epoch: u64,
    estimate: MemoryEstimate,
    force: bool,
    reply: oneshot::Sender<Result<()>>,
) {
    let fits = |it: &Owners| admit(path, estimate, taken(it), it.memory.budget(), force);
    let answer = if it.models.is_current(path, epoch) {
        fits(it).or_else(|_| {
            // Idle embedding contexts go first, because making them anew costs milliseconds.
            free_all_idle(it);
            fits(it)
        })
    } else {
        Err(cancelled(path))
    };
    if answer.is_ok() {
        it.memory.claim(path, estimate);
    }
    // An engine that no longer waits needs no answer.
    let _gone = reply.send(answer);
}

/// The answer to a claim, when `taken` bytes of the budget are taken.
fn admit(path: &str, estimate: MemoryEstimate, taken: u64, budget: Option<u64>, force: bool) -> Result<()> {
    let Some(budget) = budget.filter(|_| !force) else { return Ok(()) };
    let left = budget.saturating_sub(taken);
    if estimate.total() <= left {
        return Ok(());
    }
    let detail = format!(
        "could not load {path}: it needs {}, {} of the memory budget of {} are left - use a smaller contextSize, a \
         smaller maxResident or a smaller quantization, unload another model, or set force",
        human_bytes::format(estimate.total()),
        human_bytes::format(left),
        human_bytes::format(budget),
    );
    Err(Error::new(ErrorCode::OutOfMemory, detail))
}

fn cancelled(path: &str) -> Error {
    Error::new(ErrorCode::LoadCancelled, format!("the load of {path} was cancelled - acquire it again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scripted::Script;
    use crate::manager::message::Mailbox;

    #[test]
    fn a_claim_is_admitted_within_the_budget_or_by_force() {
        let estimate = MemoryEstimate { weights_bytes: 600, kv_bytes: 300, compute_bytes: 100, ..Default::default() };
        for (taken, budget, force, expected) in [
            (0, None, false, true),
            (u64::MAX, None, false, true),
            (0, Some(1_000), false, true),
            (0, Some(999), false, false),
            (500, Some(1_500), false, true),
            (501, Some(1_500), false, false),
            (2_000, Some(1_500), false, false),
            (2_000, Some(1_500), true, true),
        ] {
            let admitted = admit("a.gguf", estimate, taken, budget, force);
            assert_eq!(admitted.is_ok(), expected, "{taken} taken of {budget:?}, force {force}: {admitted:?}");
        }
    }

    #[test]
    fn a_load_whose_supervisor_ends_is_cancelled_and_does_not_wait() {
        let script = Script::new();
        let (mailbox, inbox) = Mailbox::new();
        let loader = ClaimingLoader { loader: script.loader(), post: mailbox.post(), path: "a.gguf".into(), epoch: 1 };
        let load = || loader.load(&ModelConfig::new("a.gguf"), &mut |_| true).map(|_| ()).map_err(|error| error.code);
        std::thread::scope(|threads| {
            let asks = threads.spawn(load);
            // The supervisor may end before or after the claim.
            drop(inbox);
            assert_eq!(asks.join().expect("a load does not panic"), Err(ErrorCode::LoadCancelled));
        });
        assert_eq!(load(), Err(ErrorCode::LoadCancelled));
        assert_eq!(script.counts().loads, 0);
    }

    #[test]
    fn a_refusal_says_what_is_needed_and_what_is_left() {
        let estimate = MemoryEstimate { weights_bytes: 3_100_000_000, ..Default::default() };
        let refused = admit("big.gguf", estimate, 1_800_000_000, Some(4_000_000_000), false);
        let error = refused.expect_err("it is too big");
        assert_eq!(error.code, ErrorCode::OutOfMemory);
        let numbers = "could not load big.gguf: it needs 3.1 GB, 2.2 GB of the memory budget of 4.0 GB are left";
        assert!(error.detail.starts_with(numbers), "{}", error.detail);
    }
}
