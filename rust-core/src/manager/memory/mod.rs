//! The memory budget: what counts in it, whether one more model may load, and how memory is freed.

pub(super) mod admission;
mod auxiliary;
pub(super) mod can_load;
pub(super) mod eviction;
mod fit;
mod ledger;
pub(super) mod make_room;
mod pending;
mod residents;
pub(super) mod trim;
mod trim_state;
pub(super) mod usage;

pub(super) use auxiliary::AuxiliaryEstimate;
pub(super) use fit::{ResidentCount, fit};
pub(super) use ledger::Ledger;
