//! Decisions on compute: which device, how many threads, how large a chunk. Policies are pure; the loops carry them
//! out.

mod core_probe;
mod devices;
mod governor;
mod pace;
mod threads;

pub use self::devices::{DeviceChoice, Devices};
pub(super) use self::pace::ChunkPace;
pub(super) use self::threads::{ComputeThreads, ThreadChange};
