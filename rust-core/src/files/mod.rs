//! What every folder of ours needs: locks between processes, and files that change as wholes. Knows no folder's contents.

mod atomic_write;
mod lock;

pub(crate) use atomic_write::{ignore_absence, make_directory, sync_directory, write_new};
pub(crate) use lock::Lock;
