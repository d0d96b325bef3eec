//! Runs disk I/O away from the threads that drive the network.

use crate::error::{Error, ErrorCode, Result};

/// Runs a closure on tokio's blocking pool. It keeps running when the future is dropped. Fails with `Closed` if the
/// runtime ends before the closure starts.
pub async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let closed = |_| Error::new(ErrorCode::Closed, "the store was closed during the operation - start it again");
    tokio::task::spawn_blocking(work).await.map_err(closed)?
}
