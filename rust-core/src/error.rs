//! The one error of the crate: a stable public code and a text that says what failed, on what, and what to do.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The stable name of a failure. Apps may match on it; texts may change, codes do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// The command is not JSON, has no known `type`, or lacks a field.
    InvalidCommand,
    /// A field is out of range; the detail names the field and the range.
    InvalidOptions,
    /// No file at the path or the address; no such repository on the hub, or the name means none of its files.
    ModelNotFound,
    /// The file is not a GGUF, is truncated, or contradicts itself.
    ModelInvalid,
    /// llama.cpp refused a well-formed file, for example for an unknown architecture; or the model is not made for the
    /// request, as an embedding model is not made for a conversation.
    ModelUnsupported,
    /// The model or its context does not fit into memory, even after idle models were unloaded.
    OutOfMemory,
    /// The model is in use with other options that this request cannot share.
    OptionsConflict,
    /// The load was cancelled on request, or because no lease waited for it any longer.
    LoadCancelled,
    /// The generation was cancelled before it was admitted; a `prefill` made way for another request; work on the model
    /// store was cancelled.
    Cancelled,
    /// A queue is full; try again when running work has finished.
    Busy,
    /// The prompt, or prompt and answer, exceed `contextSize`.
    ContextFull,
    /// The chat template refused the messages or exceeded its limits.
    TemplateFailed,
    /// The scope has no KV that could be restored; its next generation prefills.
    NotCached,
    /// The manager is suspended; the request is tried again on `resume`.
    Suspended,
    /// No directory for saved scopes is known, or it belongs to another process.
    StorageUnavailable,
    /// A file could not be read or written: the disk is full, or access is denied.
    StorageFailed,
    /// The disk is full, or `modelsBudgetBytes` is, and nothing that may go would make room enough.
    DiskFull,
    /// The model's name has no known form, or a part of it is not allowed.
    InvalidModelName,
    /// The model is not in the store, or not all of it.
    ModelNotCached,
    /// The model or its download is in use, and the request would remove it.
    ModelInUse,
    /// The bytes do not match their SHA-256.
    DigestMismatch,
    /// No scope of that name.
    ScopeNotFound,
    /// No generation of that id is queued, running or recently finished.
    GenerationNotFound,
    /// No model of that path is known.
    ModelNotKnown,
    /// The model was unloaded while the work was queued or running, or is not loaded for work that loads none.
    ModelUnloaded,
    /// The engine thread died; the next request starts it again.
    EngineCrashed,
    /// llama.cpp failed in the middle of work.
    InferenceFailed,
    /// No server could be reached: no network, no such host, or no answer from it. Stored models work.
    Offline,
    /// The connection was lost again and again; the received part is kept for the next try.
    ConnectionLost,
    /// The server sends too little, or nothing at all; the received part is kept for the next try.
    TooSlow,
    /// No secure connection: the certificate is expired, for another name, or from an untrusted issuer.
    TlsFailed,
    /// The server answered with a status that is no file; the detail names it.
    HttpStatus,
    /// The server wants a token, or another one: a private or gated repository.
    AccessDenied,
    /// One redirect followed another, past the limit.
    TooManyRedirects,
    /// The address, or where it leads, is not `https:`.
    InsecureUrl,
    /// The server's answer breaks the rules of HTTP, or has a form that was not requested.
    ResponseInvalid,
    /// The file is not as long as it should be. Nothing of it is kept.
    LengthMismatch,
    /// The port or the manager is closed.
    Closed,
    /// The library lost the request, or crashed on it: a defect of the library. Asking again may work.
    Internal,
}

/// An error as JavaScript, Kotlin and Swift see it, and as Rust carries it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "ErrorInfo")]
pub struct Error {
    /// What kind of failure: for programs.
    pub code: ErrorCode,
    /// What failed, on what, and what to do. Never holds prompt or answer text.
    pub detail: String,
    /// The failure underneath. It stays in Rust: it does not cross the port, and two errors are equal without it.
    #[serde(skip)]
    #[ts(skip)]
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error from its code and a text as `detail` wants it.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        (self.code, &self.detail) == (other.code, &other.detail)
    }
}

impl Eq for Error {}

/// A result with this crate's one error.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_error_keeps_its_cause_and_equals_one_without_it() {
        let cause = std::io::Error::other("disk full");
        let bare = Error::new(ErrorCode::StorageFailed, "could not write a.kv");
        let error = bare.clone().with_source(cause);
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk full"));
        assert_eq!(error, bare);
        let json = serde_json::to_value(&error).expect("an error is plain data");
        assert_eq!(json, serde_json::json!({ "code": "storageFailed", "detail": "could not write a.kv" }));
    }
}
