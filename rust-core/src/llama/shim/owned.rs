//! The owned forms of what shim calls hand out.

use std::ffi::CStr;

use super::ffi::{self, OUT_OF_MEMORY, RawError, RawTexts, RawTokens};
use crate::llama::refusal::{Cause, Refusal};

/// Receives the failure of a shim call.
pub(in crate::llama) struct ShimError(RawError);

impl ShimError {
    pub fn new() -> Self {
        Self(RawError { kind: 0, text: std::ptr::null_mut() })
    }

    pub fn slot(&mut self) -> *mut RawError {
        &raw mut self.0
    }

    /// The exception's text, or `otherwise` if the call failed without one.
    pub fn text(&self, otherwise: &str) -> String {
        if self.0.text.is_null() {
            return otherwise.to_owned();
        }
        // SAFETY: a pointer that is not null was set by the shim to a NUL-terminated text, which `drop` frees.
        unsafe { CStr::from_ptr(self.0.text) }.to_string_lossy().into_owned()
    }

    /// The refusal that ended the call: the exception, or the error that llama.cpp logged.
    pub fn refusal(&self, logged: Option<Refusal>) -> Refusal {
        match (self.0.kind, logged) {
            (OUT_OF_MEMORY, _) => Refusal { cause: Cause::OutOfMemory, reason: self.text("out of memory") },
            (_, Some(logged)) if self.0.text.is_null() => logged,
            (_, _) => Refusal::other(self.text("llama.cpp gave no reason")),
        }
    }
}

impl Drop for ShimError {
    fn drop(&mut self) {
        if !self.0.text.is_null() {
            // SAFETY: the shim made the text for us to free, and there is no other holder.
            unsafe { ffi::shim_error_free(self.0) }
        }
    }
}

/// Texts from a shim call.
pub(in crate::llama) struct Texts(RawTexts);

impl Texts {
    pub fn none() -> Self {
        Self(RawTexts { items: std::ptr::null_mut(), count: 0 })
    }

    pub fn slot(&mut self) -> *mut RawTexts {
        &raw mut self.0
    }

    /// Copies the texts. Invalid bytes become U+FFFD.
    pub fn to_strings(&self) -> Vec<String> {
        (0..self.0.count)
            .map(|index| {
                // SAFETY: the shim filled `count` items, each with `length` readable bytes; they live until `drop`.
                let bytes = unsafe {
                    let text = &*self.0.items.add(index);
                    std::slice::from_raw_parts(text.data.cast::<u8>(), text.length)
                };
                String::from_utf8_lossy(bytes).into_owned()
            })
            .collect()
    }
}

impl Drop for Texts {
    fn drop(&mut self) {
        // SAFETY: the texts are the shim's, or none, which it accepts; this owner was their last user.
        unsafe { ffi::shim_texts_free(self.0) }
    }
}

/// Tokens from a shim call.
pub(in crate::llama) struct Tokens(RawTokens);

impl Tokens {
    pub fn none() -> Self {
        Self(RawTokens { items: std::ptr::null_mut(), count: 0 })
    }

    pub fn slot(&mut self) -> *mut RawTokens {
        &raw mut self.0
    }

    pub fn as_slice(&self) -> &[i32] {
        if self.0.count == 0 {
            return &[];
        }
        // SAFETY: the shim filled `count` tokens, which live until `drop`.
        unsafe { std::slice::from_raw_parts(self.0.items, self.0.count) }
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        // SAFETY: the tokens are the shim's, or none, which it accepts; this owner was their last user.
        unsafe { ffi::shim_tokens_free(self.0) }
    }
}
