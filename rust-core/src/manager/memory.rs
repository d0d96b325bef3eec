//! Memory: what models, parked scopes and residents take, whether one more model may load, and how memory is given back.
//! Holds numbers and waits; never memory itself, and never blocks.

mod beside;
mod budget;
mod fit;
mod residents;
mod room;
mod trim;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

pub(super) use self::beside::Needed;
pub(super) use self::budget::ClaimingLoader;
pub(super) use self::fit::{Slots, fit};
use self::residents::{Departure, Residents};
use self::room::Room;
use self::trim::Trims;
use super::mailbox::Reply;
use super::options::conflict;
use super::supervisor::Supervisor;
use crate::engine::ModelLoader;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{FitVerdict, MemoryEstimate, MemoryFit, ModelConfig, ModelInfo, ModelStatus};

/// The supervisor's books about memory.
#[derive(Default)]
pub(super) struct Memory {
    /// Bytes that everything may take together. None: what the system has.
    budget: Option<u64>,
    /// What each loading or loaded model was estimated to take, by path.
    claims: HashMap<String, MemoryEstimate>,
    residents: Residents,
    /// By the model that needs it.
    rooms: HashMap<String, Room>,
    trims: Trims,
    /// When each model was used last, in uses of any model.
    used: HashMap<String, u64>,
    uses: u64,
}

/// Models and residents that were asked to go.
#[derive(Default)]
struct Leaving {
    models: HashSet<String>,
    residents: HashSet<String>,
}

impl Leaving {
    fn is_empty(&self) -> bool {
        self.models.is_empty() && self.residents.is_empty()
    }
}

impl Memory {
    /// A lease of the model was taken or given back.
    pub(super) fn used(&mut self, path: &str) {
        self.uses += 1;
        self.used.insert(path.to_owned(), self.uses);
    }

    /// Sets the budget, which counts from the next load on. What is loaded stays.
    pub(super) fn set_budget(&mut self, budget: Option<u64>) {
        self.budget = budget.or(self.budget);
    }

    fn model_gone(&mut self, path: &str) {
        self.claims.remove(path);
        for room in self.rooms.values_mut() {
            room.freed += usize::from(room.leaving.models.remove(path));
        }
        if let Some(trim) = &mut self.trims.running {
            trim.leaving.models.remove(path);
        }
    }

    fn resident_answered(&mut self, id: &str, departure: &Departure) {
        let bytes = match departure {
            Departure::Gone(bytes) => Some(*bytes),
            Departure::Stays => None,
        };
        for room in self.rooms.values_mut() {
            room.freed += usize::from(room.leaving.residents.remove(id) && bytes.is_some());
        }
        if let Some(trim) = &mut self.trims.running
            && trim.leaving.residents.remove(id)
        {
            trim.resident_bytes += bytes.unwrap_or(0);
        }
    }
}

impl Supervisor {
    /// A load asks for its memory, from its engine's thread.
    pub(super) fn claim(
        &mut self,
        path: &str,
        epoch: u64,
        estimate: MemoryEstimate,
        force: bool,
        reply: oneshot::Sender<Result<()>>,
    ) {
        let runs = |model: &&super::supervisor::Model| model.entry.epoch() == epoch && !model.is_stopping();
        let answer = match self.models.get(path).filter(runs) {
            Some(_) => self.admit(path, estimate, force).or_else(|_| {
                // They are made anew when they are needed, which costs milliseconds.
                self.free_idle_embedders();
                self.admit(path, estimate, force)
            }),
            None => Err(budget::cancelled(path)),
        };
        if answer.is_ok() {
            self.memory.claims.insert(path.to_owned(), estimate);
        }
        // An engine that does not wait any longer needs no answer.
        let _gone = reply.send(answer);
    }

    fn admit(&self, path: &str, estimate: MemoryEstimate, force: bool) -> Result<()> {
        budget::admit(path, estimate, self.taken(), self.memory.budget, force)
    }

    /// Answers off this thread: the file's header is read, perhaps many times.
    pub(super) fn can_load(&self, config: ModelConfig, reply: Reply<MemoryFit>) {
        let loader = self.bringing(self.loader.clone());
        let own = self.model_memory(&config.path);
        let others = self.taken().saturating_sub(own.map_or(0, |own| own.total()));
        let budget_left = self.memory.budget.map(|budget| budget.saturating_sub(others));
        let serves = own.filter(|_| self.serves(&config));
        self.runtime.spawn_blocking(move || {
            let system = loader.available_memory();
            let available = available(system, own, budget_left);
            let fit = match serves {
                Some(estimate) => Ok(MemoryFit { verdict: FitVerdict::Fits, estimate, available_bytes: available }),
                None => catch_unwind(AssertUnwindSafe(|| estimated_fit(&loader, &config, available)))
                    .unwrap_or_else(|_| Err(crashed(&config))),
            };
            reply(fit);
        });
    }

    /// What the budget leaves beside everything that counts in it. None: no budget was set.
    pub(super) fn budget_left(&self) -> Option<u64> {
        self.memory.budget.map(|budget| budget.saturating_sub(self.taken()))
    }

    /// Whether the model is loaded in a way that a request for it would share.
    fn serves(&self, config: &ModelConfig) -> bool {
        let status = self.models.get(&config.path).map(|model| model.entry.status());
        matches!(status, Some(ModelStatus::Ready { info } | ModelStatus::Idle { info }) if conflict(config, &info).is_none())
    }

    /// An engine has exited: who waited for its memory has it now.
    pub(super) fn memory_freed_by(&mut self, path: &str) {
        self.record_unloaded_for_trim(path);
        self.memory.model_gone(path);
        self.go_on();
    }

    /// Whatever waited may be complete.
    fn go_on(&mut self) {
        self.tell_of_room();
        self.go_on_trimming();
    }

    /// What everything in the budget takes together.
    fn taken(&self) -> u64 {
        let models = self.models.keys().filter_map(|path| self.model_memory(path)).map(|memory| memory.total());
        let running = self.models.values().filter_map(|model| model.running.as_ref());
        let beside = running.map(|running| {
            let embedder = running.embedder.map_or(0, |embedder| embedder.bytes);
            running
                .bench_claims
                .values()
                .fold(running.parking.bytes().saturating_add(embedder), |sum, bytes| sum.saturating_add(*bytes))
        });
        models.chain(beside).fold(self.memory.residents.bytes(), u64::saturating_add)
    }

    /// What a model takes from its claim on until its engine has exited: the estimate; the weights alone where there was none.
    fn model_memory(&self, path: &str) -> Option<MemoryEstimate> {
        let claimed = self.memory.claims.get(path).copied();
        claimed.or_else(|| match self.models.get(path)?.entry.status() {
            ModelStatus::Ready { info } | ModelStatus::Idle { info } => Some(weights_of(&info)),
            ModelStatus::Unloaded
            | ModelStatus::Downloading { .. }
            | ModelStatus::Loading { .. }
            | ModelStatus::Unloading
            | ModelStatus::Failed { .. } => None,
        })
    }
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

/// What a load may take: what the system has free and what the budget leaves, whichever is less. What the model itself
/// takes now is free before it is loaded anew; its weights are not added to the system's number, because mapped weights are
/// in there already.
pub(super) fn available(system: Option<u64>, own: Option<MemoryEstimate>, budget_left: Option<u64>) -> Option<u64> {
    let own = own.map_or(0, |own| own.kv_bytes.saturating_add(own.compute_bytes));
    system.map(|free| free.saturating_add(own)).into_iter().chain(budget_left).min()
}

fn estimated_fit(loader: &dyn ModelLoader, config: &ModelConfig, available: Option<u64>) -> Result<MemoryFit> {
    let slots = if config.max_resident.is_some() { Slots::Asked } else { Slots::Automatic };
    fit(loader.estimate(config)?, slots, available, |context_size, slots| {
        loader.estimate(&ModelConfig { context_size: Some(context_size), max_resident: Some(slots), ..config.clone() })
    })
}

/// The panic's own text stays out: it may quote the file.
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
