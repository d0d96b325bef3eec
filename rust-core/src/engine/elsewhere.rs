//! A model that is read at another path than the one that it was asked for by.

use crate::error::{Error, Result};
use crate::protocol::ModelConfig;

/// Reads the model at `path`. Errors call it `name`.
pub(crate) fn read_at<T>(
    config: &ModelConfig,
    path: &str,
    name: &str,
    read: impl FnOnce(&ModelConfig) -> Result<T>,
) -> Result<T> {
    let named = |mut error: Error| {
        error.detail = error.detail.replace(path, name);
        error
    };
    read(&ModelConfig { path: path.to_owned(), ..config.clone() }).map_err(named)
}
