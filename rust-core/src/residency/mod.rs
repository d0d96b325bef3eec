//! Where a scope's KV is when it has no slot: parked in RAM. Plain data and pure rules; the engine takes a scope out and
//! puts it back, the manager keeps what was taken out.

mod parked;
mod parking;

pub use parked::Parked;
pub(crate) use parking::Parking;
