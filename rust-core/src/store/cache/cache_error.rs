//! Why something could not be done, before it is put into words.

use std::fmt::Display;
use std::io::{self, ErrorKind};

use crate::error::{Error, ErrorCode};

/// What the system said, or an error that says all there is to say.
#[derive(Debug)]
pub(super) enum CacheError {
    Io(io::Error),
    Said(Error),
}

impl CacheError {
    /// "could not ACT WHAT: …".
    pub(super) fn said(self, act: &str, what: &dyn Display) -> Error {
        let error = match self {
            Self::Said(error) => return error,
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
        Error::new(code, format!("could not {act} {what}: {error} - {advice}"))
    }
}

impl From<io::Error> for CacheError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for CacheError {
    fn from(error: Error) -> Self {
        Self::Said(error)
    }
}
