//! Words as tokens. A word includes the space before it. Ids are given in the order of first use.

use std::sync::{Arc, Mutex};

use super::lock;
use crate::engine::backend::{Prompt, Prompter, Token, Tokenizer, check_tokens};
use crate::error::Result;
use crate::protocol::{GenerateOptions, Message, RenderedPrompt, Role};

pub(super) const SYSTEM: Token = 0;
pub(super) const USER: Token = 1;
pub(super) const ASSISTANT: Token = 2;
pub(super) const END: Token = 3;
const CONTROL: [&str; 4] = ["<system>", "<user>", "<assistant>", "<end>"];

/// Clones share one table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary(Arc<Mutex<Vec<Vec<u8>>>>);

impl Vocabulary {
    pub(crate) fn token(&self, bytes: &[u8]) -> Token {
        let mut words = lock(&self.0);
        let index = words.iter().position(|word| word == bytes).unwrap_or_else(|| {
            words.push(bytes.to_vec());
            words.len() - 1
        });
        (index + CONTROL.len()) as Token
    }

    pub(crate) fn tokens(&self, text: &str) -> Vec<Token> {
        words(text).map(|word| self.token(word.as_bytes())).collect()
    }

    /// The number of tokens so far.
    pub(super) fn size(&self) -> usize {
        CONTROL.len() + lock(&self.0).len()
    }

    pub(crate) fn is_control(token: Token) -> bool {
        (token as usize) < CONTROL.len()
    }

    /// The bytes of a token in a prompt.
    pub(crate) fn bytes(&self, token: Token) -> Vec<u8> {
        match CONTROL.get(token as usize) {
            Some(name) => name.as_bytes().to_vec(),
            None => lock(&self.0)[token as usize - CONTROL.len()].clone(),
        }
    }

    /// The text of words, control tokens left out.
    pub(super) fn text(&self, tokens: &[Token]) -> String {
        let words = tokens.iter().filter(|token| !Self::is_control(**token));
        let bytes: Vec<u8> = words.flat_map(|token| self.bytes(*token)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Prompter for Vocabulary {
    /// `<user>` words `<end>` … `<assistant>`.
    fn render(&self, messages: &[Message], _: &GenerateOptions) -> Result<Prompt> {
        let mut tokens = Vec::new();
        for message in messages {
            tokens.push(match message.role {
                Role::System => SYSTEM,
                Role::User | Role::Tool => USER,
                Role::Assistant => ASSISTANT,
            });
            tokens.extend(self.tokens(&message.content));
            tokens.push(END);
        }
        tokens.push(ASSISTANT);
        Ok(Prompt { tokens, stop: vec![], format: None })
    }

    fn complete(&self, text: &str, _: &GenerateOptions) -> Result<Prompt> {
        Ok(Prompt { tokens: self.tokenize(text, true)?, stop: vec![], format: None })
    }

    fn show(&self, messages: &[Message]) -> Result<RenderedPrompt> {
        let Prompt { tokens, stop, .. } = self.render(messages, &GenerateOptions::default())?;
        let (text, token_count) = (self.detokenize(&tokens)?, tokens.len() as u32);
        Ok(RenderedPrompt { text, token_count, stop, template: Some("the script's".into()) })
    }
}

impl Tokenizer for Vocabulary {
    /// A control token is recognized only as a word of its own.
    fn tokenize(&self, text: &str, special: bool) -> Result<Vec<Token>> {
        let control = |word: &str| CONTROL.iter().position(|name| special && *name == word.trim_start());
        Ok(words(text)
            .map(|word| control(word).map_or_else(|| self.token(word.as_bytes()), |index| index as Token))
            .collect())
    }

    /// Puts `<end>` behind the text.
    fn tokenize_text(&self, text: &str) -> Result<Vec<Token>> {
        Ok([self.tokens(text), vec![END]].concat())
    }

    fn detokenize(&self, tokens: &[Token]) -> Result<String> {
        check_tokens(tokens, self.size())?;
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| self.bytes(*token)).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Cuts a text before each space.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next_space = rest.char_indices().skip(1).find(|(_, character)| *character == ' ');
        let (word, tail) = rest.split_at(next_space.map_or(rest.len(), |(index, _)| index));
        rest = tail;
        Some(word)
    })
}
