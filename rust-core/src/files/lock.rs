//! Locks between processes, and between the instances of one: the system takes them back when their holder dies, however
//! it dies.

use std::fs::File;
use std::io;
use std::path::Path;

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Alone, on a file that is made for this and stays. Never waits: `WouldBlock` while somebody else holds it.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        Self::exclusive(File::options().create(true).truncate(false).write(true).open(path)?)
    }

    /// Alone, on an open file. Never waits: `WouldBlock` while somebody else holds it, shared or alone.
    pub(crate) fn exclusive(file: File) -> io::Result<Self> {
        exclusive(&file)?;
        Ok(Self { file })
    }

    /// Together with others, on an open file. Never waits: `WouldBlock` while somebody holds it alone.
    pub(crate) fn shared(file: File) -> io::Result<Self> {
        shared(&file)?;
        Ok(Self { file })
    }

    /// What is locked.
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
