//! The headers of models on servers, for estimates: files with holes in place of the weights.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Result;
use crate::store::{Fetcher, RemoteFile, Store};

/// Inside the folder of models.
const HEADERS: &str = "headers";

/// The headers of one model, in a folder that ends with them.
pub(super) struct Headers {
    path: PathBuf,
    folder: PathBuf,
}

impl Headers {
    /// Reads no more of the files than their headers.
    pub(super) async fn read(fetcher: &Fetcher, files: &[RemoteFile]) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let folder = fetcher.store().directory().join(HEADERS).join(number);
        let mut headers = Self { path: PathBuf::new(), folder };
        headers.path = fetcher.headers(files, &headers.folder).await?.path;
        Ok(headers)
    }

    /// What an estimate is to be made of.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        // What is left here is removed by the next process.
        let _left = fs::remove_dir_all(&self.folder);
    }
}

/// Removes what a process that died has left of them.
pub(in crate::manager) fn remove_all(store: &Store) {
    let _was_none = fs::remove_dir_all(store.directory().join(HEADERS));
}
