//! Where a scope is when it has no slot: parked in RAM, saved on disk. Plain data, pure rules and files; the engine takes
//! a scope out and puts it back, the manager decides and keeps.

mod fingerprint;
mod parked;
mod parking;
mod shelf;
mod storage;
mod worth;

pub use fingerprint::Fingerprint;
pub use parked::Parked;
pub(crate) use parking::Parking;
pub(crate) use shelf::{DEFAULT_SAVED_BUDGET_BYTES, Shelf};
pub use storage::{Found, FoundScope, SavedKv, SavedTranscript, SetAside, Storage, Unusable};
pub(crate) use worth::is_worth_saving;
