//! The source of models (the fetcher, the hub's token), the running downloads, and the disk budget. Usable once a host
//! has named the manager's directory.

use super::downloads::Downloads;
use crate::error::{Error, ErrorCode, Result};
use crate::manager::effects::Effects;
use crate::store::{Fetcher, Secret};

#[derive(Default)]
pub(in crate::manager) struct Library {
    /// Fetches models into their directory. None until a host has named it.
    fetcher: Option<Fetcher>,
    pub(super) downloads: Downloads,
    /// Most bytes of stored models, if a host has set a budget.
    budget: Option<u64>,
    /// The token for the hub.
    token: Option<Secret>,
}

impl Library {
    /// Fetches models with `fetcher` from now on.
    pub(in crate::manager) fn attach(&mut self, fetcher: Fetcher, suspended: bool) {
        fetcher.store().set_models_budget(self.budget);
        if suspended {
            fetcher.suspend();
        }
        self.fetcher = Some(fetcher);
    }

    /// `storageUnavailable` before a host has named a directory.
    pub(super) fn fetcher(&self) -> Result<&Fetcher> {
        self.fetcher.as_ref().ok_or_else(|| {
            let detail = "this process has no directory for models - let its host name one";
            Error::new(ErrorCode::StorageUnavailable, detail)
        })
    }

    /// `None` changes nothing.
    pub(in crate::manager) fn set_budget(&mut self, bytes: Option<u64>) {
        self.budget = bytes.or(self.budget);
        if let Some(fetcher) = &self.fetcher {
            fetcher.store().set_models_budget(self.budget);
        }
    }

    pub(super) fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    pub(super) fn set_token(&mut self, token: Option<Secret>) {
        self.token = token;
    }

    /// Ends every download for a shutdown.
    pub(in crate::manager) fn end_downloads(&mut self, fx: &Effects) {
        self.downloads.end_all(fx);
    }
}
