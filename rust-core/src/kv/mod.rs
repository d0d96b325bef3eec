//! The KV of scopes without a slot: parked in RAM or saved on disk. Holds plain data, pure rules and files. The engine
//! takes KV out of slots and puts it back; the manager decides where each KV is.

mod disk_index;
mod fingerprint;
mod ram_cache;
mod save_policy;
mod snapshot;
mod storage;

pub(crate) use disk_index::{DEFAULT_SAVED_BUDGET_BYTES, DiskIndex};
pub use fingerprint::Fingerprint;
pub(crate) use ram_cache::RamCache;
pub(crate) use save_policy::is_cheaper_to_read;
pub use snapshot::KvSnapshot;
pub use storage::{FoundScope, SavedKv, SavedTranscript, SetAside, Storage, StorageContents, UnusableKv};
