//! The models that are kept on this device: listed, removed, bounded, and where they come from. Waits for the disk elsewhere.

use std::ops::ControlFlow;

use super::mailbox::Reply;
use super::supervisor::Supervisor;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{DiskUse, HubToken, StoredModel, StoredModels};
use crate::store::{self, Fetcher, HuggingFace, ModelName, Secret, Store};

impl Supervisor {
    pub(super) fn set_models_budget(&mut self, bytes: Option<u64>) {
        self.models_budget = bytes.or(self.models_budget);
        if let Some(fetcher) = &self.fetcher {
            fetcher.store().set_models_budget(self.models_budget);
        }
    }

    pub(super) fn set_hub(&mut self, endpoint: Option<&str>, token: Option<HubToken>) -> Result<()> {
        let fetcher = self.fetcher()?;
        let hub = endpoint.map(|endpoint| HuggingFace::new(endpoint, fetcher.network())).transpose()?;
        let token = token.map(|HubToken(token)| Secret::new(token)).transpose()?;
        if let Some(hub) = hub {
            fetcher.set_hub(hub);
        }
        self.hub_token = token;
        Ok(())
    }

    pub(super) fn list_stored_models(&self, reply: Reply<StoredModels>) {
        self.ask_store(reply, |store| {
            let models = store.list()?.into_iter().map(described).collect();
            let store::DiskUse { models_bytes, partial_bytes, budget_bytes, free_bytes } = store.disk_use()?;
            Ok(StoredModels { models, disk: DiskUse { models_bytes, partial_bytes, budget_bytes, free_bytes } })
        });
    }

    pub(super) fn remove_stored_model(&self, name: String, reply: Reply) {
        self.ask_store(reply, move |store| store.remove(&ModelName::parse(&name)?));
    }

    pub(super) fn verify_stored_model(&self, name: String, reply: Reply) {
        self.ask_store(reply, move |store| {
            let name = ModelName::parse(&name)?;
            let verdict = store.verify(&name, &mut |_| ControlFlow::Continue(()))?;
            let is_whole = verdict.is_whole();
            verdict.undamaged(&name)?;
            if is_whole {
                return Ok(());
            }
            let detail = format!("a file of {name} has been deleted - download or import it again");
            Err(Error::new(ErrorCode::ModelNotCached, detail))
        });
    }

    fn ask_store<T: Send + 'static>(&self, reply: Reply<T>, ask: impl FnOnce(&Store) -> Result<T> + Send + 'static) {
        match self.fetcher() {
            Ok(fetcher) => {
                let store = fetcher.store().clone();
                self.runtime.spawn_blocking(move || reply(ask(&store)));
            }
            Err(error) => reply(Err(error)),
        }
    }

    pub(super) fn fetcher(&self) -> Result<&Fetcher> {
        self.fetcher.as_ref().ok_or_else(|| {
            let detail = "this process has no directory for models - let its host name one";
            Error::new(ErrorCode::StorageUnavailable, detail)
        })
    }
}

fn described(model: store::StoredModel) -> StoredModel {
    let store::StoredModel { name, bytes, last_used_at, is_complete, is_incoming, is_in_use, files: _ } = model;
    StoredModel { name: name.text(), bytes, last_used_at, is_complete, is_incoming, is_in_use }
}
