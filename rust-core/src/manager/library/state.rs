//! Where models come from and how much of the disk they may take: known once a host has named the manager's directory.

use super::downloads::Downloads;
use crate::error::{Error, ErrorCode, Result};
use crate::manager::effects::Effects;
use crate::store::{Fetcher, Secret};

#[derive(Default)]
pub(in crate::manager) struct Library {
    /// Fetches models into their directory.
    fetcher: Option<Fetcher>,
    pub(super) downloads: Downloads,
    /// Bytes of models to keep, if a host has said so.
    budget: Option<u64>,
    /// For the hub.
    token: Option<Secret>,
}

impl Library {
    /// From now on models are fetched by `fetcher`.
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

    /// The manager shuts down.
    pub(in crate::manager) fn end_downloads(&mut self, fx: &Effects) {
        self.downloads.end_all(fx);
    }
}
