//! An answer: reasoning, text and tool calls.

use crate::protocol::ToolCall;

/// The parts of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The reasoning before it.
    pub reasoning: String,
    /// The text of the answer.
    pub text: String,
    /// The tools to call.
    pub tool_calls: Vec<ToolCall>,
}

impl Answer {
    /// Whether every part is empty.
    pub fn is_empty(&self) -> bool {
        self.reasoning.is_empty() && self.text.is_empty() && self.tool_calls.is_empty()
    }

    /// The answer without calls that a stop text, a limit or a cancel cut short: they cannot be carried out, and a
    /// template could not render them.
    #[must_use]
    pub fn without_cut_calls(mut self) -> Self {
        self.tool_calls.retain(ToolCall::is_whole);
        self
    }
}
