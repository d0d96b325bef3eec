//! The vocabulary of a loaded model, as the engine's `Tokenizer`.

use std::sync::Arc;

use super::model::{Model, SpecialTokens};
use super::prompter::LlamaPrompter;
use crate::engine::{Token, Tokenizer, check_tokens};
use crate::error::{Error, ErrorCode, Result};

pub(super) struct LlamaTokenizer(pub Arc<Model>);

impl Tokenizer for LlamaTokenizer {
    fn tokenize(&self, text: &str, special: bool) -> Result<Vec<Token>> {
        self.0.tokenize(text, SpecialTokens::None, special).map_err(|reason| failed(&reason))
    }

    fn tokenize_text(&self, text: &str) -> Result<Vec<Token>> {
        self.0.tokenize(text, SpecialTokens::Default, false).map_err(|reason| failed(&reason))
    }

    fn detokenize(&self, tokens: &[Token]) -> Result<String> {
        check_tokens(tokens, self.0.token_count())?;
        // Not llama.cpp's own detokenizer, which removes spaces before a comma.
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| self.0.piece(*token, true)).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Tokenizer for LlamaPrompter {
    fn tokenize(&self, text: &str, special: bool) -> Result<Vec<Token>> {
        vocabulary(self).tokenize(text, special)
    }

    fn tokenize_text(&self, text: &str) -> Result<Vec<Token>> {
        vocabulary(self).tokenize_text(text)
    }

    fn detokenize(&self, tokens: &[Token]) -> Result<String> {
        vocabulary(self).detokenize(tokens)
    }
}

fn vocabulary(prompter: &LlamaPrompter) -> LlamaTokenizer {
    LlamaTokenizer(Arc::clone(prompter.model()))
}

fn failed(reason: &str) -> Error {
    Error::new(ErrorCode::InferenceFailed, format!("the model's tokenizer failed: {reason} - use another text"))
}
