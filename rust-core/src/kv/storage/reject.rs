//! Reasons not to use a file, and whether the file is damaged.

use std::io;

/// The texts are for people and never quote a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reject {
    /// The file seems intact and may be usable another time.
    Kept(String),
    /// The file can never be used.
    Damaged(String),
}

impl Reject {
    pub(super) fn damaged(reason: &str) -> Self {
        Self::Damaged(reason.to_owned())
    }
}

/// A file that is temporarily unreadable (a phone before its first unlock) is not damaged. A file that ends early is.
impl From<io::Error> for Reject {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Kept("it is not there".into()),
            io::ErrorKind::UnexpectedEof => Self::damaged("it ends too early"),
            _ => Self::Kept(format!("it could not be read: {error}")),
        }
    }
}
