//! The high level's entry.

use std::marker::PhantomData;
use std::sync::Arc;

use super::scope::LlamaScope;
use super::session::Session;
use crate::error::Result;
use crate::manager::ModelManager;
use crate::protocol::ModelConfig;

/// One model, and any number of conversations with it.
///
/// Dropped without `dispose`, it and its scopes leave like any client: the lease counts for another 10 seconds, and the
/// conversations stay.
pub struct LlamaParent<'manager> {
    session: Arc<Session>,
    manager: PhantomData<&'manager ModelManager>,
}

impl<'manager> LlamaParent<'manager> {
    /// Loads nothing yet.
    pub fn new(manager: &'manager ModelManager, config: ModelConfig) -> Self {
        Self { session: Arc::new(Session::new(manager, config, "LlamaParent")), manager: PhantomData }
    }

    /// Loads the model, or joins its load, and keeps it loaded until `dispose`. Blocks until it is ready. Without it the
    /// first prompt loads the model.
    ///
    /// # Errors
    /// Those of a load: the file is missing or damaged, or memory does not suffice.
    pub fn init(&self) -> Result<()> {
        self.session.load()
    }

    /// A conversation: a new one under a generated id such as `scope_1`, never written to disk; or the one of this id,
    /// whoever began it, in this process or an earlier one. It takes no memory before its first prompt.
    #[must_use]
    pub fn get_scope(&self, id: Option<&str>) -> LlamaScope<'manager> {
        let id = id.map_or_else(|| self.session.new_scope("scope"), str::to_owned);
        LlamaScope::new(id, self.session.clone())
    }

    /// Forgets the conversations whose ids were generated, and frees the model unless somebody else has a lease. Blocks
    /// until its memory is free. Conversations under given ids stay. Scopes of this parent answer `closed` from now on, and
    /// their calls that wait end so.
    ///
    /// # Errors
    /// What went wrong with freeing the model. The parent is closed all the same.
    pub fn dispose(self) -> Result<()> {
        self.session.end()
    }
}
