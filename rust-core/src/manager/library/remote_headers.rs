//! Reads the headers of models on servers into files with holes in place of the weights, from which loads are
//! estimated.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Result;
use crate::store::{Fetcher, RemoteFile, Store};

/// The folder of headers, inside the folder of models.
const HEADERS: &str = "headers";

/// The headers of one model. Their folder is removed with this value.
pub(super) struct RemoteHeaders {
    path: PathBuf,
    folder: PathBuf,
}

impl RemoteHeaders {
    /// Downloads only the headers of the files.
    pub(super) async fn read(fetcher: &Fetcher, files: &[RemoteFile]) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let folder = fetcher.store().directory().join(HEADERS).join(number);
        let mut headers = Self { path: PathBuf::new(), folder };
        headers.path = fetcher.headers(files, &headers.folder).await?.path;
        Ok(headers)
    }

    /// The file to estimate from.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RemoteHeaders {
    fn drop(&mut self) {
        // The next process removes a folder that stays.
        let _left = fs::remove_dir_all(&self.folder);
    }
}

/// Removes the headers that a crashed process has left.
pub(in crate::manager) fn remove_all(store: &Store) {
    let _was_none = fs::remove_dir_all(store.directory().join(HEADERS));
}
