//! Every requested model: its lifetime, its leases and its engine.

mod config_conflict;
mod engine_slot;
mod lease;
mod leases;
mod lifecycle;
#[cfg(test)]
mod lifecycle_tests;
mod suspension;
mod table;

pub(super) use config_conflict::conflict;
#[cfg(test)]
pub(super) use config_conflict::tests::loaded;
pub(super) use engine_slot::{Embedder, EngineSlot};
pub use lease::Lease;
pub(crate) use lease::LeaseId;
pub(super) use lifecycle::ModelEvent;
pub(super) use table::{Holder, LoadedModel, ModelTable, unloaded};
