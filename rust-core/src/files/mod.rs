//! Primitives for the library's folders: locks between processes, and atomic, durable writes. Knows no folder's
//! contents.

mod atomic_write;
mod lock;

pub(crate) use atomic_write::{ignore_absence, make_directory, sync_directory, write_new};
pub(crate) use lock::Lock;
