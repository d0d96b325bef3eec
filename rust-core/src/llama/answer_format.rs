//! The format of the answers to one prompt, by the parser and the grammar that llama.cpp derives from the chat
//! template.

use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;

use super::model::Model;
use super::shim::{self, RawAnswerFormat, ShimError, Text, Texts, Tokens};
use crate::engine::{Answer, AnswerFormat, Format, Token};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::ToolCall;

pub(super) struct LlamaAnswerFormat {
    raw: NonNull<RawAnswerFormat>,
    preserved: Vec<Token>,
    /// The format refers to the model's vocabulary.
    _model: Arc<Model>,
}

// SAFETY: a format is plain memory without ties to a thread.
unsafe impl Send for LlamaAnswerFormat {}
// SAFETY: the shim only reads a format after it is made.
unsafe impl Sync for LlamaAnswerFormat {}

impl Drop for LlamaAnswerFormat {
    fn drop(&mut self) {
        // SAFETY: the pointer came from shim_chat_render and is freed here alone; samplers hold this owner.
        unsafe { shim::shim_answer_format_free(self.raw.as_ptr()) }
    }
}

impl LlamaAnswerFormat {
    /// Takes over a format that `shim_chat_render` made.
    pub fn new(raw: NonNull<RawAnswerFormat>, model: &Arc<Model>) -> Self {
        let mut format = Self { raw, preserved: Vec::new(), _model: Arc::clone(model) };
        let (mut tokens, mut error) = (Tokens::none(), ShimError::new());
        // SAFETY: the format is ours, and the shim only reads it.
        if unsafe { shim::shim_answer_format_preserved(raw.as_ptr(), tokens.slot(), error.slot()) } {
            format.preserved = tokens.as_slice().to_vec();
        }
        format
    }

    /// The format behind one of the engine's, if it is of this implementation.
    pub fn of(format: &Format) -> Option<&Self> {
        format.0.as_any().downcast_ref()
    }

    pub fn as_ptr(&self) -> *const RawAnswerFormat {
        self.raw.as_ptr()
    }
}

impl AnswerFormat for LlamaAnswerFormat {
    fn parse(&self, raw: &str, complete: bool) -> Result<Answer> {
        let (mut texts, mut error) = (Texts::none(), ShimError::new());
        // SAFETY: the format is ours, and the shim only reads it and the text, which outlives the call.
        let done = unsafe {
            shim::shim_answer_format_parse(self.raw.as_ptr(), Text::of(raw), complete, texts.slot(), error.slot())
        };
        if !done {
            return Err(Error::new(ErrorCode::InferenceFailed, error.text("the answer is not in its format")));
        }
        let mut parts = texts.to_strings().into_iter();
        let mut answer = Answer { reasoning: parts.next().unwrap_or_default(), ..Answer::default() };
        answer.text = parts.next().unwrap_or_default();
        while let (Some(id), Some(name), Some(arguments)) = (parts.next(), parts.next(), parts.next()) {
            answer.tool_calls.push(ToolCall { id, name, arguments });
        }
        Ok(answer)
    }

    fn shows(&self, token: Token) -> bool {
        self.preserved.contains(&token)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
