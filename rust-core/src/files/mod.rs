//! What every folder of ours needs: locks between processes, and files that change as wholes. Knows no folder's contents.

mod lock;
mod whole;

pub(crate) use lock::Lock;
pub(crate) use whole::{ignore_absence, make_directory, sync_directory, write_new};
