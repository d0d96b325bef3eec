//! The format of the answers to one prompt, if they are more than text.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::answer::Answer;
use super::row::Token;
use crate::error::Result;

/// The format of the answers to one prompt, derived from the chat template, the tools and the response format.
pub trait AnswerFormat: Send + Sync {
    /// The parts of an answer. `complete`: the text has ended, and an error says that it is not in this format. Before
    /// that, a part whose end has not arrived is left open or left out.
    fn parse(&self, raw: &str, complete: bool) -> Result<Answer>;

    /// Whether a control token is part of the raw text, such as one that begins a call.
    fn shows(&self, token: Token) -> bool;

    /// For the implementation behind `InferenceContext::sampler`, which knows its own formats.
    fn as_any(&self) -> &dyn Any;
}

/// A format that prompts share. Two are equal when they are the same object.
#[derive(Clone)]
pub struct Format(pub Arc<dyn AnswerFormat>);

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Format(…)")
    }
}
