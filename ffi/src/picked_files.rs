//! Files outside the app's own folders, to which the host starts and ends access. On Apple's systems a person picks
//! such a file, and a bookmark identifies it.

use std::sync::{Arc, OnceLock};

use llama_rs_core::engine::{Opened, PathOpener};
use llama_rs_core::error::{Error, ErrorCode, Result};

use crate::error::PortError;

/// The host's access to files that a path alone does not open.
#[uniffi::export(with_foreign)]
pub trait FileAccess: Send + Sync {
    /// Starts access to `path`. Returns a readable path that is valid until `end`, or null if `path` is an ordinary
    /// path. Called on the loading thread. Throws `modelNotFound` if the file can no longer be reached.
    fn begin(&self, path: String) -> std::result::Result<Option<String>, PortError>;

    /// Ends access to `path`, which is closed by now. Called once for each `begin` that returned a path.
    fn end(&self, path: String);
}

/// Belongs to the process. Modules of later JavaScript runtimes set an equivalent one again, which is ignored.
static ACCESS: OnceLock<Arc<dyn FileAccess>> = OnceLock::new();

/// Sets the host's file access. Only the first call counts.
#[uniffi::export]
pub fn open_files_with(access: Arc<dyn FileAccess>) {
    let _ = ACCESS.set(access);
}

/// Asks the host about a path.
pub(crate) struct PickedFiles;

impl PathOpener for PickedFiles {
    fn open(&self, path: &str) -> Result<Option<Opened>> {
        let Some(access) = ACCESS.get() else { return Ok(None) };
        let place = access.begin(path.to_owned()).map_err(|error| {
            let PortError::Refused { code: _, detail } = &error;
            // The host's reason does not matter here: the model cannot be found.
            Error::new(ErrorCode::ModelNotFound, detail.clone()).with_source(error)
        })?;
        Ok(place.map(|place| Opened::at(place, Access { access: access.clone(), path: path.to_owned() })))
    }
}

/// Ends the access when the file is closed.
struct Access {
    access: Arc<dyn FileAccess>,
    path: String,
}

impl Drop for Access {
    fn drop(&mut self) {
        self.access.end(std::mem::take(&mut self.path));
    }
}
