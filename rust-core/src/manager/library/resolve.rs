//! Resolves a model's name to a file on this device, and downloads the model first if it is missing.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Handle;

use super::remote_headers::RemoteHeaders;
use crate::engine::{Devices, Estimate, LoadProgress, Loaded, ModelLoader, OnLoad};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::owners::Owners;
use crate::protocol::{MemoryEstimate, ModelConfig};
use crate::store::{ByteProgress, DownloadRequest, Fetcher, ModelName, Phase, Pinned, Progress, Secret};

/// Interval of checks whether the load was cancelled.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// The loader of one engine. It downloads the model if it is missing, then loads it. The engine's thread has no other
/// work meanwhile, so one flag cancels both the download and the load.
pub(in crate::manager) struct ResolvingLoader {
    /// None before a host has named the manager's directory.
    fetcher: Option<Fetcher>,
    /// Drives the transfers.
    runtime: Handle,
    loader: Arc<dyn ModelLoader>,
    /// The token for the hub. No other server gets it.
    token: Option<Secret>,
    /// The source of estimates, looked up once, because a search makes dozens of estimates.
    estimate_source: OnceLock<Result<EstimateSource>>,
}

/// The file whose header an estimate reads.
enum EstimateSource {
    Stored(Pinned),
    Remote(RemoteHeaders),
    /// The named file itself. The path is None if only the host can open it.
    AsNamed(Option<PathBuf>),
}

impl EstimateSource {
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Stored(pinned) => Some(pinned.weights()),
            Self::Remote(headers) => Some(headers.path()),
            Self::AsNamed(path) => path.as_deref(),
        }
    }
}

/// A loader that resolves names to files on this device, and loads with `loader`.
pub(in crate::manager) fn resolving(it: &Owners, loader: Arc<dyn ModelLoader>) -> ResolvingLoader {
    let (fetcher, runtime, token) =
        (it.library.fetcher().ok().cloned(), it.runtime.clone(), it.library.token().cloned());
    ResolvingLoader { fetcher, runtime, loader, token, estimate_source: OnceLock::new() }
}

impl ModelLoader for ResolvingLoader {
    fn load(&self, config: &ModelConfig, on_load: OnLoad<'_>) -> Result<Loaded> {
        let Some(name) = name_of(&config.path)? else { return self.loader.load(config, on_load) };
        let pinned = match name {
            ModelName::Url(_) | ModelName::Hub(_) => self.fetch(&name, on_load)?,
            ModelName::Path(_) | ModelName::Asset(_) | ModelName::Picked(_) => match self.imported(&name, on_load)? {
                Some(pinned) => pinned,
                None => {
                    return read_at(config, &name, name.path().as_deref(), |config| self.loader.load(config, on_load));
                }
            },
        };
        let model = read_at(config, &name, Some(pinned.weights()), |config| self.loader.load(config, on_load))?;
        Ok(model.pinning(pinned))
    }

    fn estimate(&self, config: &ModelConfig, what: Estimate) -> Result<MemoryEstimate> {
        let Some(name) = name_of(&config.path)? else { return self.loader.estimate(config, what) };
        let estimate_source =
            self.estimate_source.get_or_init(|| self.estimate_source(&name)).as_ref().map_err(Clone::clone)?;
        read_at(config, &name, estimate_source.path(), |config| self.loader.estimate(config, what))
    }

    fn available_memory(&self) -> Option<u64> {
        self.loader.available_memory()
    }

    fn devices(&self) -> Devices {
        self.loader.devices()
    }
}

impl ResolvingLoader {
    /// Pins the stored model, which needs no network. Downloads the model first if it is missing.
    fn fetch(&self, name: &ModelName, on_load: OnLoad<'_>) -> Result<Pinned> {
        match self.pin(name, on_load) {
            Err(error) if error.code == ErrorCode::ModelNotCached => {}
            pinned => return pinned,
        }
        self.runtime.block_on(download(self.fetcher(name)?, self.request(name), on_load))?;
        self.pin(name, on_load)
    }

    /// The stored import of a local name, if there is one. It is preferred to the original, which may be gone.
    fn imported(&self, name: &ModelName, on_load: OnLoad<'_>) -> Result<Option<Pinned>> {
        if self.fetcher.is_none() || matches!(name, ModelName::Path(_)) {
            return Ok(None);
        }
        match self.pin(name, on_load) {
            Err(error) if error.code == ErrorCode::ModelNotCached => Ok(None),
            pinned => pinned.map(Some),
        }
    }

    /// Pins a stored model. Files that changed since they were verified are verified again, which takes as long as
    /// reading them.
    fn pin(&self, name: &ModelName, on_load: OnLoad<'_>) -> Result<Pinned> {
        let mut on_progress = |ByteProgress { done, total }| {
            let progress = Progress { phase: Phase::Verifying, bytes: done, total_bytes: total, ..Progress::NONE };
            match on_load(LoadProgress::Downloading(progress)) {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        };
        self.fetcher(name)?.store().pin(name, &mut on_progress)
    }

    /// The stored model if there is one, else its headers.
    fn estimate_source(&self, name: &ModelName) -> Result<EstimateSource> {
        match name {
            ModelName::Url(_) | ModelName::Hub(_) => match self.pin(name, &mut |_| true) {
                Err(error) if error.code == ErrorCode::ModelNotCached => {
                    self.read_headers(name).map(EstimateSource::Remote)
                }
                pinned => pinned.map(EstimateSource::Stored),
            },
            ModelName::Path(_) | ModelName::Asset(_) | ModelName::Picked(_) => {
                let imported = self.imported(name, &mut |_| true)?;
                Ok(imported.map_or_else(|| EstimateSource::AsNamed(name.path()), EstimateSource::Stored))
            }
        }
    }

    /// Downloads only the headers of the model.
    fn read_headers(&self, name: &ModelName) -> Result<RemoteHeaders> {
        let fetcher = self.fetcher(name)?;
        self.runtime.block_on(async {
            let files = fetcher.files(&self.request(name)).await?;
            RemoteHeaders::read(fetcher, &files).await
        })
    }

    fn request(&self, name: &ModelName) -> DownloadRequest {
        request_for(name, self.token.as_ref())
    }

    fn fetcher(&self, name: &ModelName) -> Result<&Fetcher> {
        self.fetcher.as_ref().ok_or_else(|| {
            let detail =
                format!("{name} cannot be stored: this process has no directory for models - let its host name one");
            Error::new(ErrorCode::StorageUnavailable, detail)
        })
    }
}

/// The model's name that a path is. None for a form that only the host can open, such as a bookmark of iOS.
fn name_of(path: &str) -> Result<Option<ModelName>> {
    let scheme = path.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match (ModelName::parse(path), scheme.as_deref()) {
        (Ok(name), _) => Ok(Some(name)),
        (Err(error), Some("hf" | "http" | "https")) => Err(error),
        (Err(_), _) => Ok(None),
    }
}

/// A request for a model, with the token if the name is a hub's.
pub(super) fn request_for(name: &ModelName, token: Option<&Secret>) -> DownloadRequest {
    let token = match name {
        ModelName::Hub(_) => token.cloned(),
        ModelName::Url(_) | ModelName::Path(_) | ModelName::Asset(_) | ModelName::Picked(_) => None,
    };
    DownloadRequest { token, ..DownloadRequest::new(name.clone()) }
}

/// Downloads the model, or joins its running transfer.
async fn download(fetcher: &Fetcher, wanted: DownloadRequest, on_load: OnLoad<'_>) -> Result<()> {
    let name = wanted.name.clone();
    let mut handle = fetcher.fetch(wanted);
    loop {
        let progress = tokio::select! {
            progress = handle.next_progress() => progress,
            () = tokio::time::sleep(CHECK_EVERY) => Some(handle.progress()),
        };
        let Some(progress) = progress else { return handle.finished().await };
        if !on_load(LoadProgress::Downloading(progress)) {
            let detail = format!("the download of {name} was cancelled - the received part is kept");
            return Err(Error::new(ErrorCode::LoadCancelled, detail));
        }
    }
}

/// Reads the model at `path`, or the named file itself. Errors show the requested name without a URL's query, which may
/// be a secret.
fn read_at<T>(
    config: &ModelConfig,
    name: &ModelName,
    path: Option<&Path>,
    read: impl FnOnce(&ModelConfig) -> Result<T>,
) -> Result<T> {
    match path {
        Some(path) => read(&config.read_as(path.display().to_string(), name.to_string())),
        None => read(config),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_host_can_open_is_left_to_it_and_a_misspelt_name_is_not() {
        assert_eq!(name_of("bookmark:Ym9va21hcms="), Ok(None));
        assert_eq!(name_of("/a:b\0"), Ok(None));
        assert_eq!(name_of("HF:no-slash").map_err(|error| error.code), Err(ErrorCode::InvalidModelName));
        assert_eq!(name_of("https://").map_err(|error| error.code), Err(ErrorCode::InvalidModelName));
        for path in ["chat.gguf", "hf:org/chat:Q4_K_M", "https://host/chat.gguf", "content://downloads/7"] {
            assert_eq!(name_of(path), ModelName::parse(path).map(Some));
        }
    }
}
