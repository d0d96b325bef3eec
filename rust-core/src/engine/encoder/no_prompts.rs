//! The prompter of a model that holds no conversations: it tokenizes, and answers every prompt with an error.

use std::sync::Arc;

use crate::engine::backend::{Prompt, Prompter, Token, Tokenizer};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{GenerateOptions, Message, RenderedPrompt};

pub(in crate::engine) struct NoPrompts {
    tokenizer: Arc<dyn Tokenizer>,
    /// The path that the model was asked for by.
    name: String,
}

impl NoPrompts {
    pub(in crate::engine) fn new(tokenizer: Arc<dyn Tokenizer>, name: &str) -> Self {
        Self { tokenizer, name: name.to_owned() }
    }
}

impl Prompter for NoPrompts {
    fn render(&self, _: &[Message], _: &GenerateOptions) -> Result<Prompt> {
        Err(no_conversations(&self.name))
    }

    fn complete(&self, _: &str, _: &GenerateOptions) -> Result<Prompt> {
        Err(no_conversations(&self.name))
    }

    fn show(&self, _: &[Message]) -> Result<RenderedPrompt> {
        Err(no_conversations(&self.name))
    }
}

impl Tokenizer for NoPrompts {
    fn tokenize(&self, text: &str, special: bool) -> Result<Vec<Token>> {
        self.tokenizer.tokenize(text, special)
    }

    fn tokenize_text(&self, text: &str) -> Result<Vec<Token>> {
        self.tokenizer.tokenize_text(text)
    }

    fn detokenize(&self, tokens: &[Token]) -> Result<String> {
        self.tokenizer.detokenize(tokens)
    }
}

pub(super) fn no_conversations(name: &str) -> Error {
    let detail = format!(
        "{name} holds no conversation: it is an embedding model - embed texts with it, and use a chat model for this"
    );
    Error::new(ErrorCode::ModelUnsupported, detail)
}
