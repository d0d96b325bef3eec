//! The high level's conversation.

use std::marker::PhantomData;
use std::sync::Arc;

use super::session::Session;
use crate::error::Result;
use crate::manager::ModelManager;
use crate::protocol::GenerateOptions;

/// A conversation that knows nothing of the others: a session, or a tab. May be used from several threads; prompts of one
/// scope are answered one after another, those of several at once.
///
/// Dropping it leaves the conversation as it is.
pub struct LlamaScope<'manager> {
    id: String,
    session: Arc<Session>,
    manager: PhantomData<&'manager ModelManager>,
}

impl LlamaScope<'_> {
    pub(super) fn new(id: String, session: Arc<Session>) -> Self {
        Self { id, session, manager: PhantomData }
    }

    /// As given or generated.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends the user's message and blocks until the whole answer is there, with every option left out.
    ///
    /// # Errors
    /// As `send_prompt_with`.
    pub fn send_prompt(&self, text: &str) -> Result<String> {
        self.send_prompt_with(text, GenerateOptions::default(), |_| {})
    }

    /// As `send_prompt`, with sampling and limits of this answer alone. `on_text` is called with each piece, on this thread.
    ///
    /// # Errors
    /// `cancelled` when the scope was disposed of meanwhile, `closed` when the parent was, else what went wrong with the
    /// answer. The conversation is then as it was before.
    pub fn send_prompt_with(
        &self,
        text: &str,
        options: GenerateOptions,
        mut on_text: impl FnMut(&str),
    ) -> Result<String> {
        self.session.say(&self.id, text, options, &mut on_text)
    }

    /// Forgets the conversation: its memory, its transcript, and what is on disk of it. An answer that is being written
    /// ends as `cancelled`.
    ///
    /// # Errors
    /// `closed` when the parent was disposed of.
    pub fn dispose(self) -> Result<()> {
        self.session.forget(&self.id)
    }
}
