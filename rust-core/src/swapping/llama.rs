//! The low level: slots by name, one of them active.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::session::Session;
use crate::error::{Error, ErrorCode, Result};
use crate::manager::ModelManager;
use crate::protocol::{GenerateOptions, ModelConfig};

/// A loaded model with slots that the caller manages.
///
/// A slot here is a conversation by a name that this `Llama` alone knows. There is no limit to their number: the model has
/// room for `slots` of the configuration at once, and the least recently used waits in RAM.
pub struct Llama<'manager> {
    session: Session,
    slots: BTreeMap<String, Slot>,
    active: Option<String>,
    /// By id: the scope that holds the copy, if there was anything to copy.
    states: BTreeMap<StateId, Option<String>>,
    manager: PhantomData<&'manager ModelManager>,
}

/// A conversation as it was at one moment, kept by the `Llama` that saved it. The bytes stay in there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(String);

struct Slot {
    scope: String,
    /// Set and not yet answered.
    prompt: Option<String>,
}

impl<'manager> Llama<'manager> {
    /// Loads the model, or joins its load. Blocks until it is ready.
    ///
    /// # Errors
    /// Those of a load: the file is missing or damaged, or memory does not suffice.
    pub fn new(manager: &'manager ModelManager, config: ModelConfig) -> Result<Self> {
        let session = Session::new(manager, config, "Llama");
        session.load()?;
        Ok(Self { session, slots: BTreeMap::new(), active: None, states: BTreeMap::new(), manager: PhantomData })
    }

    /// Makes a slot. It takes no memory before its first prompt, and never fails for want of memory.
    ///
    /// # Errors
    /// `invalidOptions` when there is one of this name.
    pub fn create_slot(&mut self, name: &str) -> Result<()> {
        if self.slots.contains_key(name) {
            let detail = format!("slot {name} was created already - set it, or free it first");
            return Err(Error::new(ErrorCode::InvalidOptions, detail));
        }
        let slot = Slot { scope: self.session.new_scope("slot"), prompt: None };
        self.slots.insert(name.to_owned(), slot);
        Ok(())
    }

    /// Makes a slot the active one. Costs nothing.
    ///
    /// # Errors
    /// `scopeNotFound` when there is none of this name.
    pub fn set_slot(&mut self, name: &str) -> Result<()> {
        if !self.slots.contains_key(name) {
            return Err(no_slot(name));
        }
        self.active = Some(name.to_owned());
        Ok(())
    }

    /// Forgets a slot and its conversation. After the active one no slot is active.
    ///
    /// # Errors
    /// `scopeNotFound` when there is none of this name.
    pub fn free_slot(&mut self, name: &str) -> Result<()> {
        let slot = self.slots.get(name).ok_or_else(|| no_slot(name))?;
        self.session.forget(&slot.scope)?;
        self.slots.remove(name);
        self.active.take_if(|active| active == name);
        Ok(())
    }

    /// Sets the active slot's next message, in place of one that was not answered. Earlier messages and answers of the slot
    /// come before it.
    ///
    /// # Errors
    /// `invalidOptions` when no slot is active.
    pub fn set_prompt(&mut self, text: &str) -> Result<()> {
        self.active_slot()?.prompt = Some(text.to_owned());
        Ok(())
    }

    /// Answers the active slot's prompt, with every option left out. Blocks until the whole answer is there.
    ///
    /// # Errors
    /// As `generate_complete_text_with`.
    pub fn generate_complete_text(&mut self) -> Result<String> {
        self.generate_complete_text_with(GenerateOptions::default(), |_| {})
    }

    /// As `generate_complete_text`, with sampling and limits of this answer alone. `on_text` is called with each piece, on
    /// this thread.
    ///
    /// # Errors
    /// `invalidOptions` when no slot is active or it has no prompt, else what went wrong with the answer. The slot then is as
    /// it was before, and its prompt still set.
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
        let answer = self.session.say(&scope, &prompt, options, &mut on_text)?;
        self.active_slot()?.prompt = None;
        Ok(answer)
    }

    /// Keeps the active slot's conversation as it is now, in RAM, whatever becomes of the slot. Without its prompt, if that
    /// was not answered.
    ///
    /// # Errors
    /// `invalidOptions` when no slot is active.
    pub fn save_state(&mut self) -> Result<StateId> {
        let scope = self.active_slot()?.scope.clone();
        let copy = self.session.new_scope("state");
        let copied = self.session.fork(&scope, &copy)?;
        let id = StateId(copy.clone());
        self.states.insert(id.clone(), copied.then_some(copy));
        Ok(id)
    }

    /// Puts a saved conversation in place of the active slot's. The state stays, and can be loaded again, here or in another
    /// slot.
    ///
    /// # Errors
    /// `invalidOptions` when no slot is active, `scopeNotFound` when this `Llama` has no such state.
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

    /// Forgets a saved state.
    ///
    /// # Errors
    /// `scopeNotFound` when this `Llama` has no such state.
    pub fn free_state(&mut self, id: &StateId) -> Result<()> {
        if let Some(copy) = self.states.get(id).ok_or_else(no_state)? {
            self.session.forget(copy)?;
        }
        self.states.remove(id);
        Ok(())
    }

    /// Forgets every slot and state, and frees the model unless somebody else has a lease. Blocks until its memory is free.
    ///
    /// # Errors
    /// What went wrong with freeing the model. The connection is closed all the same.
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
    Error::new(ErrorCode::ScopeNotFound, "no such state - it was freed, or another Llama saved it")
}
