//! File locks between processes, and between instances within one. The system releases them when their owner dies.

use std::fs::File;
use std::io;
use std::path::Path;

/// A lock on a file, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes an exclusive lock on a lock file, created if needed and never removed. Never waits: fails with
    /// `WouldBlock` while another owner has it.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        Self::exclusive(File::options().create(true).truncate(false).write(true).open(path)?)
    }

    /// Takes an exclusive lock on an open file. Never waits: fails with `WouldBlock` while another owner has any lock
    /// on it.
    pub(crate) fn exclusive(file: File) -> io::Result<Self> {
        exclusive(&file)?;
        Ok(Self { file })
    }

    /// Takes a shared lock on an open file. Never waits: fails with `WouldBlock` while another owner has it
    /// exclusively.
    pub(crate) fn shared(file: File) -> io::Result<Self> {
        shared(&file)?;
        Ok(Self { file })
    }

    /// The locked file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

#[cfg(unix)]
fn exclusive(file: &File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    Ok(flock(file, FlockOperation::NonBlockingLockExclusive)?)
}

#[cfg(unix)]
fn shared(file: &File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    Ok(flock(file, FlockOperation::NonBlockingLockShared)?)
}

#[cfg(not(unix))]
fn exclusive(file: &File) -> io::Result<()> {
    Ok(file.try_lock()?)
}

#[cfg(not(unix))]
fn shared(file: &File) -> io::Result<()> {
    Ok(file.try_lock_shared()?)
}
