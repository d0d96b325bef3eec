//! Models from the tests' server, with little patience.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use llama_rs_core::error::Result;
use llama_rs_core::store::{
    Digest, DownloadRequest, Fetcher, HttpOptions, HuggingFace, ModelName, Network, NetworkOptions, ReqwestClient,
    RetryPolicy, Store, StoreOptions,
};

use crate::seeded::Random;
use crate::transfer_server::Certificates;

/// Bytes that follow from their number.
pub fn content(length: u64) -> Vec<u8> {
    let mut random = Random(length);
    let mut bytes = Vec::with_capacity(length as usize + 8);
    while (bytes.len() as u64) < length {
        bytes.extend(random.next().to_le_bytes());
    }
    bytes.truncate(length as usize);
    bytes
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A folder in memory, where there is such a place: for tests that store hundreds of files, each of which waits for the disk.
pub fn folder_in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).expect("a folder") } else { folder() }
}

/// RetryPolicy that no test has to wait for.
pub fn impatient() -> NetworkOptions {
    NetworkOptions {
        retry_policy: RetryPolicy {
            attempts: 5,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(4),
            longest_retry_after: Duration::from_secs(2),
        },
        spare_bytes: 0,
        ..NetworkOptions::default()
    }
}

/// A network that trusts a root besides the usual ones.
pub fn network(options: NetworkOptions, root: String) -> Network {
    let http = ReqwestClient::new(&HttpOptions { extra_roots: vec![root], ..HttpOptions::default() });
    Network::new(Arc::new(http.expect("a good root")), options)
}

pub fn store(folder: &Path) -> Result<Store> {
    Store::open(StoreOptions { directory: folder.to_owned(), models_budget_bytes: None })
}

/// Into a store in `folder`.
pub fn fetcher(folder: &Path, options: NetworkOptions) -> Fetcher {
    let network = network(options, Certificates::root());
    Fetcher::new(store(folder).expect("a folder"), network, HuggingFace::default())
}

pub fn wanted(url: &str) -> DownloadRequest {
    DownloadRequest::new(ModelName::parse(url).expect("a name"))
}

/// A file whose digest is known.
pub fn expecting(url: &str, content: &[u8]) -> DownloadRequest {
    DownloadRequest { sha256: Some(Digest::of(content)), ..wanted(url) }
}

/// What a store has under a name.
pub fn stored(store: &Store, name: &ModelName) -> Result<Vec<u8>> {
    let pinned = store.pin(name, &mut |_| std::ops::ControlFlow::Continue(()))?;
    Ok(std::fs::read(pinned.weights()).expect("it is pinned"))
}

/// One model from its beginning to its end.
pub async fn fetch(folder: &Path, wanted: DownloadRequest) -> Result<Vec<u8>> {
    fetch_by(&fetcher(folder, impatient()), wanted).await
}

/// The same, with patience of one's own.
pub async fn fetch_by(fetcher: &Fetcher, wanted: DownloadRequest) -> Result<Vec<u8>> {
    let name = wanted.name.clone();
    fetcher.fetch(wanted).finished().await?;
    stored(fetcher.store(), &name)
}

/// Whether a store has accepted nothing: neither a file in its place, nor one that was meant for it.
pub fn is_empty(folder: &Path) -> bool {
    let blobs = std::fs::read_dir(folder.join("blobs")).expect("it is there");
    blobs.count() == 0
        && store(folder).expect("a folder").list().expect("readable").iter().all(|model| !model.is_complete)
}
