//! The manager as a host sees it: where clients come from.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use llama_rs_core::manager::ModelManager as CoreManager;

use crate::client::Client;
use crate::error::PortError;
use crate::loader::loader;

/// Owns models and conversations. One per process in an app (`global`); tests make their own.
#[derive(uniffi::Object)]
pub struct ModelManager(Owned);

enum Owned {
    ByProcess(&'static CoreManager),
    Here(CoreManager),
}

#[uniffi::export]
impl ModelManager {
    /// The manager of this process. It stays when this object goes.
    #[uniffi::constructor]
    pub fn global() -> Arc<Self> {
        Arc::new(Self(Owned::ByProcess(CoreManager::global_with(loader))))
    }

    /// A manager that nobody else sees. It ends with this object and its clients, or by `shutdown`.
    #[uniffi::constructor]
    pub fn own() -> Arc<Self> {
        Arc::new(Self(Owned::Here(CoreManager::new(loader()))))
    }

    /// Names the directory of saved scopes, and takes over those that an earlier process left there. Call it before the
    /// first `connect`. Waits while the directory is read. Naming the same one again does nothing.
    ///
    /// Throws `storageUnavailable` for a second directory and for one that another process uses, `storageFailed` for one
    /// that cannot be read, `closed` after `shutdown`.
    pub fn keep_in(&self, directory: &str) -> Result<(), PortError> {
        Ok(self.manager().keep_in(Path::new(directory))?)
    }

    /// A new client: one host's side of the port.
    pub fn connect(self: Arc<Self>) -> Arc<Client> {
        Client::new(self.connect_core(), self)
    }

    /// Cancels everything and frees every model. Waits at most `deadlineMs`; true if all was done by then. What is asked
    /// for later is refused as `closed`.
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
