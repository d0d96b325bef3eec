//! Secrets: texts that no log, error, event or file may contain.

use std::fmt;

use crate::error::{Error, ErrorCode, Result};

/// A token for one server. It has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Fails with `InvalidOptions` for a text that cannot be a header value. The error does not repeat the text.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if text.is_empty() || text.len() > 4_096 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let detail = "the token is empty, too long, or contains an invalid character - copy it again";
            return Err(Error::new(ErrorCode::InvalidOptions, detail));
        }
        Ok(Self(text))
    }

    /// The text, for the Authorization header only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hf_abcdef").expect("a token");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.reveal(), "hf_abcdef");
        for bad in ["", "two words", "line\r\nX-Other: 1", "ümlaut"] {
            let error = Secret::new(bad).expect_err("not for a header");
            assert_eq!(error.code, ErrorCode::InvalidOptions);
            assert!(bad.is_empty() || !error.detail.contains(bad));
        }
    }
}
