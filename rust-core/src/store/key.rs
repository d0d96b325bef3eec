//! Names of the cache's own files and folders.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use crate::error::{Error, ErrorCode, Result};

/// A hash of a text, usable as a file name. The text itself may come from outside and contain anything, even `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Key(String);

impl Key {
    const DIGITS: usize = 32;

    pub(super) fn of(text: &str) -> Self {
        let mut digits = Digest::of(text.as_bytes()).to_string();
        digits.truncate(Self::DIGITS);
        Self(digits)
    }

    /// Reads a file name that [`Key::of`] may have produced; `None` for a foreign file.
    pub(super) fn read(name: &str) -> Option<Self> {
        let ours = name.len() == Self::DIGITS && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        ours.then(|| Self(name.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Key {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        Self::read(&name).ok_or_else(|| {
            let detail = format!("a key has {} hexadecimal digits - remove the file", Self::DIGITS);
            Error::new(ErrorCode::StorageFailed, detail)
        })
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}
