//! Files that lie outside of an app's own folders: the host begins and ends the access to them. On Apple's systems, where
//! such a file is picked by a person and known by a bookmark.

use std::sync::{Arc, OnceLock};

use llama_rs_core::engine::{Opened, PathOpener};
use llama_rs_core::error::{Error, ErrorCode, Result};

use crate::error::PortError;

/// The host's way to files that a path alone does not open.
#[uniffi::export(with_foreign)]
pub trait FileAccess: Send + Sync {
    /// Where what `path` names can be read until `end`; null if it is a path like any other. Called on the thread that
    /// loads. Throws `modelNotFound` for what cannot be reached any more.
    fn begin(&self, path: String) -> std::result::Result<Option<String>, PortError>;

    /// Nothing of `path` is open any more. Called once for each `begin` that gave a place.
    fn end(&self, path: String);
}

/// The process's: whatever module of a later JavaScript runtime names its own again, the first one does the same.
static ACCESS: OnceLock<Arc<dyn FileAccess>> = OnceLock::new();

/// From now on a model's path may be whatever `access` knows. The first call counts.
#[uniffi::export]
pub fn open_files_with(access: Arc<dyn FileAccess>) {
    let _ = ACCESS.set(access);
}

/// Asks the host.
pub(crate) struct PickedFiles;

impl PathOpener for PickedFiles {
    fn open(&self, path: &str) -> Result<Option<Opened>> {
        let Some(access) = ACCESS.get() else { return Ok(None) };
        let place = access.begin(path.to_owned()).map_err(|PortError::Refused { code: _, detail }| {
            // Whatever it is, there is no model to be had.
            Error::new(ErrorCode::ModelNotFound, detail)
        })?;
        Ok(place.map(|place| Opened::at(place, Access { access: access.clone(), path: path.to_owned() })))
    }
}

/// Ends with the reading.
struct Access {
    access: Arc<dyn FileAccess>,
    path: String,
}

impl Drop for Access {
    fn drop(&mut self) {
        self.access.end(std::mem::take(&mut self.path));
    }
}
