//! The manager for hosts: creates clients.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use llama_rs_core::manager::ModelManager as CoreManager;

use crate::client::Client;
use crate::error::PortError;
use crate::loader::loader;

/// Owns models and conversations. An app has one per process (`global`); tests create their own.
#[derive(uniffi::Object)]
pub struct ModelManager(Owned);

enum Owned {
    ByProcess(&'static CoreManager),
    Here(CoreManager),
}

#[uniffi::export]
impl ModelManager {
    /// Returns the manager of this process. It outlives this object.
    #[uniffi::constructor]
    pub fn global() -> Arc<Self> {
        Arc::new(Self(Owned::ByProcess(CoreManager::global_with(loader))))
    }

    /// Creates a private manager. It ends with this object and its clients, or by `shutdown`.
    #[uniffi::constructor]
    pub fn own() -> Arc<Self> {
        Arc::new(Self(Owned::Here(CoreManager::new(loader()))))
    }

    /// Sets the directory of saved scopes, and restores those that an earlier process saved there. Call it before the
    /// first `connect`. Waits while the directory is read. Setting the same directory again does nothing.
    ///
    /// Throws `storageUnavailable` for a second directory, or one that another process uses; `storageFailed` for one
    /// that cannot be read; `closed` after `shutdown`.
    pub fn keep_in(&self, directory: &str) -> Result<(), PortError> {
        Ok(self.manager().keep_in(Path::new(directory))?)
    }

    /// Connects a new client: one host's side of the port.
    pub fn connect(self: Arc<Self>) -> Arc<Client> {
        Client::new(self.connect_core(), self)
    }

    /// Cancels everything and frees every model. Waits at most `deadlineMs`; returns true if everything was done by
    /// then. Later commands are refused with `closed`.
    pub fn shutdown(&self, deadline_ms: u32) -> bool {
        self.manager().shutdown(Duration::from_millis(deadline_ms.into()))
    }
}

impl ModelManager {
    pub(crate) fn connect_core(&self) -> llama_rs_core::client::Client {
        self.manager().connect()
    }

    fn manager(&self) -> &CoreManager {
        match &self.0 {
            Owned::ByProcess(manager) => manager,
            Owned::Here(manager) => manager,
        }
    }
}
