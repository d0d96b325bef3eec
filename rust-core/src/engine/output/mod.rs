//! Turns tokens into text, reasoning and tool calls. Decides nothing about scheduling.

mod assembler;
mod logprobs;
mod parser;

pub(super) use self::assembler::{Assembler, Found};
pub(super) use self::logprobs::token_logprob;
pub(super) use self::parser::AnswerParser;
