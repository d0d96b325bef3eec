//! One process, one instance: who holds the lock on the directory's file `lock` may write there. The system takes it back
//! when the process dies, however it dies.

use std::fs::File;
use std::io;
use std::path::Path;

/// The name of the file that is locked. It stays when the directory is emptied.
const NAME: &str = "lock";

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Never waits. `WouldBlock` while somebody else holds it, in this process or another one.
    pub(super) fn take(directory: &Path) -> io::Result<Self> {
        let file = File::options().create(true).truncate(false).write(true).open(directory.join(NAME))?;
        lock(&file)?;
        Ok(Self { _file: file })
    }
}

#[cfg(unix)]
fn lock(file: &File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    Ok(flock(file, FlockOperation::NonBlockingLockExclusive)?)
}

#[cfg(not(unix))]
fn lock(file: &File) -> io::Result<()> {
    Ok(file.try_lock()?)
}
