//! An error inside a change of the folder, before the change's name and advice are added to it.

use std::fmt::Display;
use std::io::{self, ErrorKind};

use crate::error::{Error, ErrorCode};

/// An I/O error without context, or an error that already says everything.
#[derive(Debug)]
pub(super) enum CacheError {
    Io(io::Error),
    Complete(Error),
}

impl CacheError {
    /// Adds the context: "could not ACT WHAT: …".
    pub(super) fn with_context(self, act: &str, what: &dyn Display) -> Error {
        let error = match self {
            Self::Complete(error) => return error,
            Self::Io(error) => error,
        };
        let (code, advice) = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (ErrorCode::DiskFull, "free some space"),
            ErrorKind::FileTooLarge => (ErrorCode::StorageFailed, "name a folder on a file system for larger files"),
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                (ErrorCode::StorageFailed, "name a folder that can be written")
            }
            _ => (ErrorCode::StorageFailed, "check that the folder is there and can be written, and try again"),
        };
        Error::new(code, format!("could not {act} {what}: {error} - {advice}")).with_source(error)
    }
}

impl From<io::Error> for CacheError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for CacheError {
    fn from(error: Error) -> Self {
        Self::Complete(error)
    }
}
