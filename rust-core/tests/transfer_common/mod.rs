//! Downloads from the tests' server, with short waits.

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

/// Reproducible bytes.
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

/// A folder in memory where possible, for tests that store hundreds of files, each of which is synced.
pub fn folder_in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).expect("a folder") } else { folder() }
}

/// Network options whose waits are negligible.
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

/// A network that trusts an additional root.
pub fn network(options: NetworkOptions, root: String) -> Network {
    let http = ReqwestClient::new(&HttpOptions { extra_roots: vec![root], ..HttpOptions::default() });
    Network::new(Arc::new(http.expect("a good root")), options)
}

pub fn store(folder: &Path) -> Result<Store> {
    Store::open(StoreOptions { directory: folder.to_owned(), models_budget_bytes: None })
}

/// A fetcher for a store in `folder`.
pub fn fetcher(folder: &Path, options: NetworkOptions) -> Fetcher {
    let network = network(options, Certificates::root());
    Fetcher::new(store(folder).expect("a folder"), network, HuggingFace::default())
}

pub fn wanted(url: &str) -> DownloadRequest {
    DownloadRequest::new(ModelName::parse(url).expect("a name"))
}

/// A request for a file with a known digest.
pub fn expecting(url: &str, content: &[u8]) -> DownloadRequest {
    DownloadRequest { sha256: Some(Digest::of(content)), ..wanted(url) }
}

/// The stored bytes of a name.
pub fn stored(store: &Store, name: &ModelName) -> Result<Vec<u8>> {
    let pinned = store.pin(name, &mut |_| std::ops::ControlFlow::Continue(()))?;
    Ok(std::fs::read(pinned.weights()).expect("it is pinned"))
}

/// Downloads one model.
pub async fn fetch(folder: &Path, wanted: DownloadRequest) -> Result<Vec<u8>> {
    fetch_by(&fetcher(folder, impatient()), wanted).await
}

/// The same with a given fetcher.
pub async fn fetch_by(fetcher: &Fetcher, wanted: DownloadRequest) -> Result<Vec<u8>> {
    let name = wanted.name.clone();
    fetcher.fetch(wanted).finished().await?;
    stored(fetcher.store(), &name)
}

/// Whether a store has accepted nothing: no blob, and no complete model.
pub fn is_empty(folder: &Path) -> bool {
    let blobs = std::fs::read_dir(folder.join("blobs")).expect("it is there");
    blobs.count() == 0
        && store(folder).expect("a folder").list().expect("readable").iter().all(|model| !model.is_complete)
}
