//! The seam to a chat template.

use super::answer_format::Format;
use super::row::Token;
use super::tokenizer::Tokenizer;
use crate::error::Result;
use crate::protocol::{GenerateOptions, Message, RenderedPrompt};

/// The parts of a model that need no context: template and tokenizer.
pub trait Prompter: Tokenizer {
    /// Renders the model's chat template, ready for the assistant's answer, and tokenizes the result. Reads tools,
    /// response format and reasoning from the options; an error says which of them the model or its template does not
    /// support.
    fn render(&self, messages: &[Message], options: &GenerateOptions) -> Result<Prompt>;

    /// Renders as `render` does, for a prompt that is not to be answered yet: the format, which costs time, may be left
    /// out.
    fn render_ahead(&self, messages: &[Message], options: &GenerateOptions) -> Result<Prompt> {
        self.render(messages, options)
    }

    /// Tokenizes a text without a template, names of control tokens included. Reads the response format from the
    /// options.
    fn complete(&self, text: &str, options: &GenerateOptions) -> Result<Prompt>;

    /// Renders as `render` does, without options, for a person to read: the text, and the template that wrote it.
    fn show(&self, messages: &[Message]) -> Result<RenderedPrompt>;
}

/// A conversation as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The whole conversation, from the first token of the first message on.
    pub tokens: Vec<Token>,
    /// Texts that end an answer under this template, besides the caller's own.
    pub stop: Vec<String>,
    /// How the answer is written, where it is more than text.
    pub format: Option<Format>,
}
