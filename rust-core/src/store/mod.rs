//! Model files on the device: from a name to verified weights.

mod digest;
mod file_name;
mod name;

pub use digest::{Digest, Hasher};
pub use file_name::FileName;
pub use name::{HubName, HubSelection, ModelName};
