//! The low-level API: named slots, one of which is active.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::session::Session;
use crate::error::{Error, ErrorCode, Result};
use crate::manager::ModelManager;
use crate::protocol::{GenerateOptions, ModelConfig};

/// A loaded model with slots that the caller manages.
///
/// A slot here is a conversation under a name that only this `Llama` knows. Their number is unlimited: the model holds
/// `max_resident` of them at once, and the least recently used ones wait in RAM.
pub struct Llama<'manager> {
    session: Session,
    slots: BTreeMap<String, Slot>,
    active: Option<String>,
    /// The scope that holds the copy, by state id; `None` if there was nothing to copy.
    states: BTreeMap<StateId, Option<String>>,
    manager: PhantomData<&'manager ModelManager>,
}

/// A saved conversation. Its bytes stay in the `Llama` that saved it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(String);

struct Slot {
    scope: String,
    /// The prompt that is set and not yet answered.
    prompt: Option<String>,
}

impl<'manager> Llama<'manager> {
    /// Loads the model, or joins its load. Blocks until it is ready.
    ///
    /// # Errors
    /// Load errors: the file is missing or damaged, or there is not enough memory.
    pub fn new(manager: &'manager ModelManager, config: ModelConfig) -> Result<Self> {
        let session = Session::new(manager, config, "Llama");
        session.load()?;
        Ok(Self { session, slots: BTreeMap::new(), active: None, states: BTreeMap::new(), manager: PhantomData })
    }

    /// Creates a slot. It takes no memory before its first prompt, and never fails for lack of memory.
    ///
    /// # Errors
    /// `invalidOptions` if the name is taken.
    pub fn create_slot(&mut self, name: &str) -> Result<()> {
        if self.slots.contains_key(name) {
            let detail = format!("slot {name} was created already - set it, or free it first");
            return Err(Error::new(ErrorCode::InvalidOptions, detail));
        }
        let slot = Slot { scope: self.session.new_scope("slot"), prompt: None };
        self.slots.insert(name.to_owned(), slot);
        Ok(())
    }

    /// Activates a slot. Costs nothing.
    ///
    /// # Errors
    /// `scopeNotFound` if there is no slot of this name.
    pub fn set_slot(&mut self, name: &str) -> Result<()> {
        if !self.slots.contains_key(name) {
            return Err(no_slot(name));
        }
        self.active = Some(name.to_owned());
        Ok(())
    }

    /// Deletes a slot and its conversation. If it was active, no slot is active afterwards.
    ///
    /// # Errors
    /// `scopeNotFound` if there is no slot of this name.
    pub fn free_slot(&mut self, name: &str) -> Result<()> {
        let slot = self.slots.get(name).ok_or_else(|| no_slot(name))?;
        self.session.forget(&slot.scope)?;
        self.slots.remove(name);
        self.active.take_if(|active| active == name);
        Ok(())
    }

    /// Sets the active slot's next message, which follows the slot's earlier messages and answers. Replaces a message
    /// that was not answered.
    ///
    /// # Errors
    /// `invalidOptions` if no slot is active.
    pub fn set_prompt(&mut self, text: &str) -> Result<()> {
        self.active_slot()?.prompt = Some(text.to_owned());
        Ok(())
    }

    /// Answers the active slot's prompt with default options. Blocks until the answer is complete.
    ///
    /// # Errors
    /// As `generate_complete_text_with`.
    pub fn generate_complete_text(&mut self) -> Result<String> {
        self.generate_complete_text_with(GenerateOptions::default(), |_| {})
    }

    /// As `generate_complete_text`, with sampling and limits for this answer alone. Calls `on_text` with each piece of
    /// text, on this thread.
    ///
    /// # Errors
    /// `invalidOptions` if no slot is active or it has no prompt, else the answer's error. After an error the slot is
    /// unchanged and its prompt still set.
    pub fn generate_complete_text_with(
        &mut self,
        options: GenerateOptions,
        mut on_text: impl FnMut(&str),
    ) -> Result<String> {
        let slot = self.active_slot()?;
        let Some(prompt) = slot.prompt.clone() else {
            return Err(Error::new(ErrorCode::InvalidOptions, "the active slot has no prompt - set one first"));
        };
        let scope = slot.scope.clone();
        let answer = self.session.run_turn(&scope, &prompt, options, &mut on_text)?;
        self.active_slot()?.prompt = None;
        Ok(answer)
    }

    /// Saves a copy of the active slot's conversation in RAM. The copy is independent of the slot, and leaves out a
    /// prompt that was not answered.
    ///
    /// # Errors
    /// `invalidOptions` if no slot is active.
    pub fn save_state(&mut self) -> Result<StateId> {
        let scope = self.active_slot()?.scope.clone();
        let copy = self.session.new_scope("state");
        let copied = self.session.fork(&scope, &copy)?;
        let id = StateId(copy.clone());
        self.states.insert(id.clone(), copied.then_some(copy));
        Ok(id)
    }

    /// Replaces the active slot's conversation by a saved one. The state stays and can be loaded again, into any slot.
    ///
    /// # Errors
    /// `invalidOptions` if no slot is active, `scopeNotFound` if this `Llama` has no such state.
    pub fn load_state(&mut self, id: &StateId) -> Result<()> {
        let replaced = self.active_slot()?.scope.clone();
        let state = self.states.get(id).ok_or_else(no_state)?;
        let scope = self.session.new_scope("slot");
        if let Some(copy) = state {
            self.session.fork(copy, &scope)?;
        }
        self.active_slot()?.scope = scope;
        self.session.forget(&replaced)
    }

    /// Deletes a saved state.
    ///
    /// # Errors
    /// `scopeNotFound` if this `Llama` has no such state.
    pub fn free_state(&mut self, id: &StateId) -> Result<()> {
        if let Some(copy) = self.states.get(id).ok_or_else(no_state)? {
            self.session.forget(copy)?;
        }
        self.states.remove(id);
        Ok(())
    }

    /// Deletes every slot and state, and frees the model unless another lease keeps it. Blocks until its memory is
    /// free.
    ///
    /// # Errors
    /// Errors of freeing the model. The connection is closed even then.
    pub fn dispose(self) -> Result<()> {
        self.session.end()
    }

    fn active_slot(&mut self) -> Result<&mut Slot> {
        let active = self.active.as_ref().and_then(|name| self.slots.get_mut(name));
        active.ok_or_else(|| Error::new(ErrorCode::InvalidOptions, "no slot is active - set one first"))
    }
}

fn no_slot(name: &str) -> Error {
    Error::new(ErrorCode::ScopeNotFound, format!("no slot {name} - create it first"))
}

fn no_state() -> Error {
    Error::new(ErrorCode::ScopeNotFound, "this Llama has no such state - it was freed, or another Llama saved it")
}
