//! The only error that is thrown. Refused commands throw nothing: events answer them.

use llama_rs_core::error::{Error, ErrorCode};

/// A refused call.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum PortError {
    /// `code` is one of the protocol's `ErrorCode`s. `detail` says what failed, on what, and what to do.
    #[error("{code}: {detail}")]
    Refused {
        /// For programs.
        code: String,
        /// For people.
        detail: String,
    },
}

impl PortError {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Error::new(code, detail).into()
    }
}

impl From<Error> for PortError {
    fn from(Error { code, detail, .. }: Error) -> Self {
        let code = serde_json::to_value(code).expect("a code is plain data");
        Self::Refused { code: code.as_str().unwrap_or_default().to_owned(), detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_protocol_s() {
        let error = PortError::new(ErrorCode::StorageUnavailable, "no directory is known");
        assert_eq!(error.to_string(), "storageUnavailable: no directory is known");
    }
}
