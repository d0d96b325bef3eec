//! What happened, for every client, in one order: the bus, the world that snapshots show, each client's queue, and the
//! flight recorder.

mod bus;
mod flight_recorder;
mod queue;
mod sink;
#[cfg(test)]
mod tests;
mod world;

pub use bus::Pull;
pub(crate) use bus::{Bus, ClientId, no_generation};
