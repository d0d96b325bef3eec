//! Why a file is not used, and whether the file is to blame.

use std::io;

/// Both texts are for a person, and never hold what a conversation said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reject {
    /// Nothing is wrong with the file, as far as can be told: it may be of use another time.
    Kept(String),
    /// Nobody will ever be able to use it as it is.
    Damaged(String),
}

impl Reject {
    pub(super) fn damaged(reason: &str) -> Self {
        Self::Damaged(reason.to_owned())
    }
}

/// A file that is locked away now (a phone before its first unlock) is no damaged file; one that ends early is.
impl From<io::Error> for Reject {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Kept("it is not there".into()),
            io::ErrorKind::UnexpectedEof => Self::damaged("it ends too early"),
            _ => Self::Kept(format!("it could not be read: {error}")),
        }
    }
}
