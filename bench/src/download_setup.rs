//! A private store, and a connection to a server on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use llama_rs_core::store::{
    DownloadRequest, Fetcher, HttpOptions, HuggingFace, ModelName, Network, NetworkOptions, ReqwestClient, Store,
    StoreOptions,
};
use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::web::Web;

/// A store whose folder is removed with it.
pub struct DownloadSetup {
    web: Web,
    pub fetcher: Fetcher,
    /// Has as many threads as a manager's runtime.
    pub runtime: Runtime,
    directory: Directory,
}

impl DownloadSetup {
    /// Opens a store for the file of `web`. `name` distinguishes its folder within this process.
    pub fn open(name: &str, web: Web) -> Result<Self> {
        let directory = Directory(std::env::temp_dir().join(format!("llama-rs-bench-{name}-{}", std::process::id())));
        let store = Store::open(StoreOptions { directory: directory.0.join("models"), models_budget_bytes: None })?;
        let network = Network::new(Arc::new(ReqwestClient::new(&HttpOptions::default())?), NetworkOptions::default());
        let fetcher = Fetcher::new(store, network, HuggingFace::default());
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Self { web, fetcher, runtime, directory })
    }

    /// A request for the server's file. Each number is another name for it.
    pub fn request(&self, number: u64) -> Result<DownloadRequest> {
        Ok(DownloadRequest::new(ModelName::parse(&self.web.url(number))?))
    }

    pub fn directory(&self) -> &Path {
        &self.directory.0
    }
}

/// A folder that is removed when this is dropped.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}
