//! The entry of the high-level API.

use std::marker::PhantomData;
use std::sync::Arc;

use super::scope::LlamaScope;
use super::session::Session;
use crate::error::Result;
use crate::manager::ModelManager;
use crate::protocol::ModelConfig;

/// One model, and any number of conversations with it.
///
/// Without `dispose`, dropping it and its scopes works as for any client: the lease stays for another 10 seconds, and
/// the conversations remain.
pub struct LlamaParent<'manager> {
    session: Arc<Session>,
    manager: PhantomData<&'manager ModelManager>,
}

impl<'manager> LlamaParent<'manager> {
    /// Creates a parent. Loads nothing yet.
    pub fn new(manager: &'manager ModelManager, config: ModelConfig) -> Self {
        Self { session: Arc::new(Session::new(manager, config, "LlamaParent")), manager: PhantomData }
    }

    /// Loads the model, or joins its load, and keeps it loaded until `dispose`. Blocks until it is ready. Without this
    /// call the first prompt loads the model.
    ///
    /// # Errors
    /// Load errors: the file is missing or damaged, or there is not enough memory.
    pub fn init(&self) -> Result<()> {
        self.session.load()
    }

    /// Returns a conversation. Without an id it is a new one under a generated id such as `scope_1`, never written to
    /// disk. With an id it is that conversation, even if another parent or an earlier process started it. It takes no
    /// memory before its first prompt.
    #[must_use]
    pub fn get_scope(&self, id: Option<&str>) -> LlamaScope<'manager> {
        let id = id.map_or_else(|| self.session.new_scope("scope"), str::to_owned);
        LlamaScope::new(id, self.session.clone())
    }

    /// Deletes the conversations with generated ids, and frees the model unless another lease keeps it. Blocks until
    /// its memory is free. Conversations with given ids stay. Waiting and later calls of this parent's scopes fail with
    /// `closed`.
    ///
    /// # Errors
    /// Errors of freeing the model. The parent is closed even then.
    pub fn dispose(self) -> Result<()> {
        self.session.end()
    }
}
