//! Decides how many threads compute, and how large a chunk is. Policies are pure; the loops carry them out.

mod core_probe;
mod governor;
mod pace;
mod threads;

pub(super) use self::pace::ChunkPace;
pub(super) use self::threads::{ComputeThreads, ThreadChange};
