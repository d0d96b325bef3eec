//! The commands about stored models: list, verify, remove, and the hub that models come from. The blocking pool waits
//! for the disk.

use std::ops::ControlFlow;

use crate::error::{Error, ErrorCode, Result};
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::protocol::{DiskUse, HubToken, StoredModel, StoredModels};
use crate::store::{self, HuggingFace, ModelName, Secret, Store};

/// Sets the hub that models come from, and its token.
pub(in crate::manager) fn set_hub(it: &mut Owners, endpoint: Option<&str>, token: Option<HubToken>) -> Result<()> {
    let fetcher = it.library.fetcher()?;
    let hub = endpoint.map(|endpoint| HuggingFace::new(endpoint, fetcher.network())).transpose()?;
    let token = token.map(|HubToken(token)| Secret::new(token)).transpose()?;
    if let Some(hub) = hub {
        fetcher.set_hub(hub);
    }
    it.library.set_token(token);
    Ok(())
}

pub(in crate::manager) fn list_stored_models(it: &Owners, reply: Reply<StoredModels>) {
    ask_store(it, reply, |store| {
        let models = store.list()?.into_iter().map(described).collect();
        let store::DiskUse { models_bytes, partial_bytes, budget_bytes, free_bytes } = store.disk_use()?;
        Ok(StoredModels { models, disk: DiskUse { models_bytes, partial_bytes, budget_bytes, free_bytes } })
    });
}

pub(in crate::manager) fn remove_stored_model(it: &Owners, name: String, reply: Reply) {
    ask_store(it, reply, move |store| store.remove(&ModelName::parse(&name)?));
}

pub(in crate::manager) fn verify_stored_model(it: &Owners, name: String, reply: Reply) {
    ask_store(it, reply, move |store| {
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

fn ask_store<T: Send + 'static>(it: &Owners, reply: Reply<T>, ask: impl FnOnce(&Store) -> Result<T> + Send + 'static) {
    match it.library.fetcher() {
        Ok(fetcher) => {
            let store = fetcher.store().clone();
            it.run_blocking(move || ask(&store), |_it, _fx, result| reply(result));
        }
        Err(error) => reply(Err(error)),
    }
}

fn described(model: store::StoredModel) -> StoredModel {
    let store::StoredModel { name, bytes, last_used_at, is_complete, is_incoming, is_in_use, files: _ } = model;
    StoredModel { name: name.text(), bytes, last_used_at, is_complete, is_incoming, is_in_use }
}
