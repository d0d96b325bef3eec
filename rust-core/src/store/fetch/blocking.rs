//! Work that waits for the disk, away from the threads that wait for the network.

use crate::error::{Error, ErrorCode, Result};

/// Runs it on tokio's blocking pool. It goes on when the future is dropped. `Closed` if the runtime ends before it began.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let closed = |_| Error::new(ErrorCode::Closed, "the store was closed in the middle of its work - ask for it again");
    tokio::task::spawn_blocking(work).await.map_err(closed)?
}
