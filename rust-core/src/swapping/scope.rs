//! The conversation of the high-level API.

use std::marker::PhantomData;
use std::sync::Arc;

use super::session::Session;
use crate::error::Result;
use crate::manager::ModelManager;
use crate::protocol::GenerateOptions;

/// An independent conversation, such as a session or a tab. Several threads may use it: prompts of one scope are
/// answered in order, prompts of different scopes concurrently.
///
/// Dropping it does not change the conversation.
pub struct LlamaScope<'manager> {
    id: String,
    session: Arc<Session>,
    manager: PhantomData<&'manager ModelManager>,
}

impl LlamaScope<'_> {
    pub(super) fn new(id: String, session: Arc<Session>) -> Self {
        Self { id, session, manager: PhantomData }
    }

    /// The given or generated id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends the user's message with default options. Blocks until the answer is complete.
    ///
    /// # Errors
    /// As `send_prompt_with`.
    pub fn send_prompt(&self, text: &str) -> Result<String> {
        self.send_prompt_with(text, GenerateOptions::default(), |_| {})
    }

    /// As `send_prompt`, with sampling and limits for this answer alone. Calls `on_text` with each piece of text, on
    /// this thread.
    ///
    /// # Errors
    /// `cancelled` if the scope is disposed of meanwhile, `closed` if the parent is, else the answer's error. After an
    /// error the conversation is unchanged.
    pub fn send_prompt_with(
        &self,
        text: &str,
        options: GenerateOptions,
        mut on_text: impl FnMut(&str),
    ) -> Result<String> {
        self.session.run_turn(&self.id, text, options, &mut on_text)
    }

    /// Deletes the conversation: its memory, its transcript and its files. A running answer ends with `cancelled`.
    ///
    /// # Errors
    /// `closed` if the parent is disposed of.
    pub fn dispose(self) -> Result<()> {
        self.session.forget(&self.id)
    }
}
