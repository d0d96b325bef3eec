//! The seam to a vocabulary: text to tokens and back.

use super::row::Token;
use crate::error::Result;
#[cfg(any(test, feature = "llama"))]
use crate::error::{Error, ErrorCode};

/// The vocabulary of a model. May be used from any thread, also while the model computes.
pub trait Tokenizer: Send + Sync {
    /// The tokens of a text and no others. With `special`, the names of control tokens in the text become those tokens.
    fn tokenize(&self, text: &str, special: bool) -> Result<Vec<Token>>;

    /// The tokens of a whole text, with those that the vocabulary puts around one. Names of control tokens stay text.
    fn tokenize_text(&self, text: &str) -> Result<Vec<Token>>;

    /// The text of tokens, control tokens by their names, invalid bytes as U+FFFD. `InvalidOptions` names the first
    /// token that is not in the vocabulary.
    fn detokenize(&self, tokens: &[Token]) -> Result<String>;
}

/// Refuses tokens that a vocabulary of `count` tokens does not have.
#[cfg(any(test, feature = "llama"))]
pub(crate) fn check_tokens(tokens: &[Token], count: usize) -> Result<()> {
    let unknown = |token: &Token| usize::try_from(*token).map_or(true, |token| token >= count);
    match tokens.iter().position(unknown) {
        None => Ok(()),
        Some(index) => {
            let (last, got) = (count.saturating_sub(1), tokens[index]);
            let detail = format!("tokens[{index}] is out of range - use 0 to {last}, got {got}");
            Err(Error::new(ErrorCode::InvalidOptions, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_token_outside_of_the_vocabulary_is_named() {
        for (tokens, expected) in [
            (vec![], None),
            (vec![0, 7], None),
            (vec![0, 8, -1], Some("tokens[1] is out of range - use 0 to 7, got 8")),
            (vec![-1], Some("tokens[0] is out of range - use 0 to 7, got -1")),
            (vec![i32::MIN], Some("tokens[0] is out of range - use 0 to 7, got -2147483648")),
        ] {
            let refused = check_tokens(&tokens, 8).err();
            assert_eq!(refused.as_ref().map(|error| error.detail.as_str()), expected);
            assert!(refused.is_none_or(|error| error.code == ErrorCode::InvalidOptions));
        }
    }
}
