//! The memory budget: claims and residents that count in it, evictions and trims that wait for memory. Holds numbers,
//! never memory.

use std::collections::HashMap;

use super::pending::PendingEviction;
use super::residents::{Departure, Residents};
use super::trim_state::Trims;
use crate::protocol::MemoryEstimate;

#[derive(Default)]
pub(in crate::manager) struct Ledger {
    /// Bytes that everything may take together. None means no limit but the system's.
    budget: Option<u64>,
    /// The estimate of each loading or loaded model, by path.
    claims: HashMap<String, MemoryEstimate>,
    pub(super) residents: Residents,
    /// By the path of the model that needs the memory.
    pub(super) evictions: HashMap<String, PendingEviction>,
    pub(super) trims: Trims,
}

impl Ledger {
    /// Sets the budget, which counts from the next load on. Loaded models stay. `None` changes nothing.
    pub(in crate::manager) fn set_budget(&mut self, budget: Option<u64>) {
        self.budget = budget.or(self.budget);
    }

    pub(super) fn budget(&self) -> Option<u64> {
        self.budget
    }

    pub(super) fn claim(&mut self, path: &str, estimate: MemoryEstimate) {
        self.claims.insert(path.to_owned(), estimate);
    }

    pub(super) fn claimed(&self, path: &str) -> Option<MemoryEstimate> {
        self.claims.get(path).copied()
    }

    /// Removes the claim of a model whose engine has exited.
    pub(super) fn model_gone(&mut self, path: &str) {
        self.claims.remove(path);
        for eviction in self.evictions.values_mut() {
            eviction.freed += usize::from(eviction.exits.models.remove(path));
        }
        if let Some(trim) = &mut self.trims.running {
            trim.exits.models.remove(path);
        }
    }

    /// A resident, perhaps one that was asked to go, has gone or stays.
    pub(super) fn resident_answered(&mut self, id: &str, departure: &Departure) {
        let bytes = match departure {
            Departure::Gone(bytes) => Some(*bytes),
            Departure::Stays => None,
        };
        for eviction in self.evictions.values_mut() {
            eviction.freed += usize::from(eviction.exits.residents.remove(id) && bytes.is_some());
        }
        if let Some(trim) = &mut self.trims.running
            && trim.exits.residents.remove(id)
        {
            trim.resident_bytes += bytes.unwrap_or(0);
        }
    }
}
