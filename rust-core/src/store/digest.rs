//! SHA-256 digests, by which the cache names files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, ErrorCode, Result};

/// A SHA-256 digest. Its text is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

/// Computes a digest incrementally.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of all bytes.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = Error;

    /// Fails with `InvalidOptions` for anything but 64 hexadecimal digits. Upper-case digits are accepted.
    fn from_str(text: &str) -> Result<Self> {
        let digits = text.as_bytes();
        let mut digest = [0; 32];
        let digit = |at: usize| (digits[at] as char).to_digit(16).map(|digit| digit as u8);
        let read = digits.len() == 2 * digest.len()
            && digest.iter_mut().enumerate().all(|(at, byte)| match (digit(2 * at), digit(2 * at + 1)) {
                (Some(high), Some(low)) => {
                    *byte = high << 4 | low;
                    true
                }
                _ => false,
            });
        if read {
            Ok(Self(digest))
        } else {
            let detail = "this is not a sha256 - give its 64 hexadecimal digits and nothing else";
            Err(Error::new(ErrorCode::InvalidOptions, detail))
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_is_the_one_of_the_standard() {
        let mut hasher = Hasher::default();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), Digest::of(b"abc"));
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
    }

    #[test]
    fn text_becomes_a_digest_or_is_refused() {
        assert_eq!(ABC.parse::<Digest>(), Ok(Digest::of(b"abc")));
        assert_eq!(ABC.to_uppercase().parse::<Digest>(), Ok(Digest::of(b"abc")));
        let long = format!("{ABC}0");
        for text in ["", &ABC[1..], &long, &ABC.replace('b', "g"), &ABC.replace("ba", "é")] {
            assert_eq!(text.parse::<Digest>().map_err(|error| error.code), Err(ErrorCode::InvalidOptions), "{text}");
        }
    }
}
