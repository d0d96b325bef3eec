//! Where each scope's KV is, and its moves between a slot, RAM and disk.

pub(super) mod attach;
mod disk_writer;
pub(super) mod fork;
pub(super) mod location;
pub(super) mod restore;
pub(super) mod save;
pub(super) mod saved_files;

pub(super) use disk_writer::DiskWriter;
