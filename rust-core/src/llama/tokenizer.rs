//! The vocabulary of a loaded model, for whoever wants text or tokens of it.

use super::chat::LlamaPrompter;
use super::model::Around;
use crate::engine::{Token, Tokenizer, check_tokens};
use crate::error::{Error, ErrorCode, Result};

impl Tokenizer for LlamaPrompter {
    fn tokenize(&self, text: &str, special: bool) -> Result<Vec<Token>> {
        self.model().tokenize(text, Around::Nothing, special).map_err(|reason| failed(&reason))
    }

    fn tokenize_text(&self, text: &str) -> Result<Vec<Token>> {
        self.model().tokenize(text, Around::ItsOwn, false).map_err(|reason| failed(&reason))
    }

    fn detokenize(&self, tokens: &[Token]) -> Result<String> {
        check_tokens(tokens, self.model().token_count())?;
        // Not llama.cpp's own detokenizer: it takes the spaces away that stand before a comma.
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| self.model().piece(*token, true)).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn failed(reason: &str) -> Error {
    Error::new(ErrorCode::InferenceFailed, format!("the model's tokenizer failed: {reason} - use another text"))
}
