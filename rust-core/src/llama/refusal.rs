//! Why llama.cpp refused a model or a context. llama.cpp has one result for every refusal, and gives the reason only as
//! a text: an exception's, or the first error line of its log. The text is classified here, once, where it is captured.

use crate::error::{Error, ErrorCode};

/// The cause, as far as a caller can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    OutOfMemory,
    /// This build's llama.cpp is older than the model: it does not know the architecture or the tokenizer.
    TooNew,
    Other,
}

/// A cause, and llama.cpp's words for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("llama.cpp refused: {reason}")]
pub(super) struct Refusal {
    pub cause: Cause,
    pub reason: String,
}

impl Refusal {
    pub fn other(reason: impl Into<String>) -> Self {
        Self { cause: Cause::Other, reason: reason.into() }
    }

    pub fn out_of_memory(reason: impl Into<String>) -> Self {
        Self { cause: Cause::OutOfMemory, reason: reason.into() }
    }

    /// The refusal behind an error line of llama.cpp's log, which is all that it tells.
    pub fn of_log_line(line: &str) -> Self {
        let reason = without_function_name(line).to_owned();
        let lower = reason.to_lowercase();
        let cause = if lower.contains("alloc") {
            Cause::OutOfMemory
        } else if lower.contains("unknown model architecture") || lower.contains("unknown pre-tokenizer") {
            Cause::TooNew
        } else {
            Cause::Other
        };
        Self { cause, reason }
    }

    /// The same with `name` for the path that llama.cpp read, which its words may quote.
    #[must_use]
    pub fn naming(self, path: &str, name: &str) -> Self {
        if path == name { self } else { Self { reason: self.reason.replace(path, name), ..self } }
    }

    /// The error of a load, or of an estimate, of the model called `name`.
    pub fn load_error(&self, name: &str) -> Error {
        let (code, advice) = match self.cause {
            Cause::OutOfMemory => (ErrorCode::OutOfMemory, "use a smaller quantization or unload other models"),
            Cause::TooNew => (ErrorCode::ModelUnsupported, "it needs a newer llama.cpp than this build has"),
            Cause::Other => (ErrorCode::ModelUnsupported, "llama.cpp cannot use it"),
        };
        Error::new(code, format!("could not load {name}: {} - {advice}", self.reason)).with_source(self.clone())
    }

    /// The error of an auxiliary context for `purpose`, with advice for a lack of memory and for a model that is
    /// refused.
    pub fn context_error(&self, purpose: &str, for_memory: &str, for_model: &str) -> Error {
        let (code, advice) = match self.cause {
            Cause::OutOfMemory => (ErrorCode::OutOfMemory, for_memory),
            Cause::TooNew | Cause::Other => (ErrorCode::ModelUnsupported, for_model),
        };
        Error::new(code, format!("could not make room for {purpose}: {} - {advice}", self.reason))
            .with_source(self.clone())
    }
}

/// `llama_model_load: error loading model: …` tells a user nothing by its first word.
fn without_function_name(line: &str) -> &str {
    match line.split_once(": ") {
        Some((name, rest)) if name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_name_is_cut_and_nothing_else() {
        assert_eq!(without_function_name("llama_model_load: error: no"), "error: no");
        assert_eq!(without_function_name("two words: no"), "two words: no");
        assert_eq!(without_function_name("no colon"), "no colon");
    }

    #[test]
    fn a_log_line_tells_the_cause() {
        for (line, cause) in [
            ("llama_model_load: error loading model: unable to allocate CPU buffer", Cause::OutOfMemory),
            ("llama_init_from_model: failed to initialize the context: std::bad_alloc", Cause::OutOfMemory),
            ("llama_model_load: error loading model: unknown model architecture: 'x'", Cause::TooNew),
            ("llama_model_load: error loading model vocabulary: unknown pre-tokenizer type: 'x'", Cause::TooNew),
            ("llama_model_load: error loading model: missing tensor 'output_norm.weight'", Cause::Other),
        ] {
            assert_eq!(Refusal::of_log_line(line).cause, cause, "{line}");
        }
    }

    #[test]
    fn a_quoted_path_becomes_the_models_name() {
        let refusal = Refusal::other("failed to open GGUF file '/cache/x.gguf'").naming("/cache/x.gguf", "hf:org/x");
        let error = refusal.load_error("hf:org/x");
        let detail = "could not load hf:org/x: failed to open GGUF file 'hf:org/x' - llama.cpp cannot use it";
        assert_eq!((error.code, error.detail.as_str()), (ErrorCode::ModelUnsupported, detail));
    }
}
