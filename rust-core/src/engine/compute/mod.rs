//! Decisions on compute: how many threads, how large a chunk. Policies are pure; the loops carry them
//! out.

mod core_probe;
mod governor;
mod pace;
mod threads;

pub(super) use self::pace::ChunkPace;
pub(super) use self::threads::{ComputeThreads, ThreadChange};
