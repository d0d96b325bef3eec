//! Models by name: brought to this device before they are loaded.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Handle;

use super::remote_headers::Headers;
use crate::engine::{Devices, Estimate, LoadProgress, Loaded, ModelLoader, OnLoad};
use crate::error::{Error, ErrorCode, Result};
use crate::manager::owners::Owners;
use crate::protocol::{MemoryEstimate, ModelConfig};
use crate::store::{ByteProgress, DownloadRequest, Fetcher, ModelName, Phase, Pinned, Progress, Secret};

/// How long a load that is given up may go on downloading.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The loader of one engine: what a name means is on this device, then it is loaded from there. Runs on the engine's thread,
/// which has nothing else to do meanwhile: so a download ends as a load does, by the same flag.
pub(in crate::manager) struct ResolvingLoader {
    /// None before a host has named the manager's directory.
    fetcher: Option<Fetcher>,
    /// Drives the transfers.
    runtime: Handle,
    loader: Arc<dyn ModelLoader>,
    /// For the hub, and nobody else.
    token: Option<Secret>,
    /// What estimates are read from, looked up once: a search asks for dozens.
    readable: OnceLock<Result<Readable>>,
}

/// What says how a model is made.
enum Readable {
    Stored(Pinned),
    Headers(Headers),
    /// Where it is, if that is a path; else the host's opener knows.
    AsNamed(Option<PathBuf>),
}

impl Readable {
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Stored(pinned) => Some(pinned.weights()),
            Self::Headers(headers) => Some(headers.path()),
            Self::AsNamed(path) => path.as_deref(),
        }
    }
}

/// A loader that resolves names to files on this device, and loads with `loader`.
pub(in crate::manager) fn resolving(it: &Owners, loader: Arc<dyn ModelLoader>) -> ResolvingLoader {
    let (fetcher, runtime, token) =
        (it.library.fetcher().ok().cloned(), it.runtime.clone(), it.library.token().cloned());
    ResolvingLoader { fetcher, runtime, loader, token, readable: OnceLock::new() }
}

impl ModelLoader for ResolvingLoader {
    fn load(&self, config: &ModelConfig, on_load: OnLoad<'_>) -> Result<Loaded> {
        let Some(name) = name_of(&config.path)? else { return self.loader.load(config, on_load) };
        let pinned = match name {
            ModelName::Url(_) | ModelName::Hub(_) => self.fetch(&name, on_load)?,
            ModelName::Path(_) | ModelName::Asset(_) | ModelName::Picked(_) => match self.imported(&name, on_load)? {
                Some(pinned) => pinned,
                None => return at(config, &name, name.path().as_deref(), |config| self.loader.load(config, on_load)),
            },
        };
        let model = at(config, &name, Some(pinned.weights()), |config| self.loader.load(config, on_load))?;
        Ok(model.pinning(pinned))
    }

    fn estimate(&self, config: &ModelConfig, what: Estimate) -> Result<MemoryEstimate> {
        let Some(name) = name_of(&config.path)? else { return self.loader.estimate(config, what) };
        let readable = self.readable.get_or_init(|| self.readable(&name)).as_ref().map_err(Clone::clone)?;
        at(config, &name, readable.path(), |config| self.loader.estimate(config, what))
    }

    fn available_memory(&self) -> Option<u64> {
        self.loader.available_memory()
    }

    fn devices(&self) -> Devices {
        self.loader.devices()
    }
}

impl ResolvingLoader {
    /// What is in the store is used as it is there, without any network.
    fn fetch(&self, name: &ModelName, on_load: OnLoad<'_>) -> Result<Pinned> {
        match self.pin(name, on_load) {
            Err(error) if error.code == ErrorCode::ModelNotCached => {}
            pinned => return pinned,
        }
        self.runtime.block_on(fetched(self.fetcher(name)?, self.request(name), on_load))?;
        self.pin(name, on_load)
    }

    /// What the store has of a name that means something outside of it: the import counts, as the original may be gone.
    fn imported(&self, name: &ModelName, on_load: OnLoad<'_>) -> Result<Option<Pinned>> {
        if self.fetcher.is_none() || matches!(name, ModelName::Path(_)) {
            return Ok(None);
        }
        match self.pin(name, on_load) {
            Err(error) if error.code == ErrorCode::ModelNotCached => Ok(None),
            pinned => pinned.map(Some),
        }
    }

    /// Files that changed since they were verified are verified again: that takes as long as reading them.
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

    /// The model itself where the store has it, else its headers.
    fn readable(&self, name: &ModelName) -> Result<Readable> {
        match name {
            ModelName::Url(_) | ModelName::Hub(_) => match self.pin(name, &mut |_| true) {
                Err(error) if error.code == ErrorCode::ModelNotCached => self.read_headers(name).map(Readable::Headers),
                pinned => pinned.map(Readable::Stored),
            },
            ModelName::Path(_) | ModelName::Asset(_) | ModelName::Picked(_) => {
                let imported = self.imported(name, &mut |_| true)?;
                Ok(imported.map_or_else(|| Readable::AsNamed(name.path()), Readable::Stored))
            }
        }
    }

    /// Reads no more of the model than its headers.
    fn read_headers(&self, name: &ModelName) -> Result<Headers> {
        let fetcher = self.fetcher(name)?;
        self.runtime.block_on(async {
            let files = fetcher.files(&self.request(name)).await?;
            Headers::read(fetcher, &files).await
        })
    }

    fn request(&self, name: &ModelName) -> DownloadRequest {
        request_for(name, self.token.as_ref())
    }

    fn fetcher(&self, name: &ModelName) -> Result<&Fetcher> {
        self.fetcher.as_ref().ok_or_else(|| {
            let detail =
                format!("{name} cannot be kept: this process has no directory for models - let its host name one");
            Error::new(ErrorCode::StorageUnavailable, detail)
        })
    }
}

/// What a path means. None for a form that only the host's own opener may know, such as the bookmarks of iOS.
fn name_of(path: &str) -> Result<Option<ModelName>> {
    let scheme = path.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match (ModelName::parse(path), scheme.as_deref()) {
        (Ok(name), _) => Ok(Some(name)),
        (Err(error), Some("hf" | "http" | "https")) => Err(error),
        (Err(_), _) => Ok(None),
    }
}

/// The token is the hub's.
pub(super) fn request_for(name: &ModelName, token: Option<&Secret>) -> DownloadRequest {
    let token = match name {
        ModelName::Hub(_) => token.cloned(),
        ModelName::Url(_) | ModelName::Path(_) | ModelName::Asset(_) | ModelName::Picked(_) => None,
    };
    DownloadRequest { token, ..DownloadRequest::new(name.clone()) }
}

/// Joins the model's transfer until its end.
async fn fetched(fetcher: &Fetcher, wanted: DownloadRequest, on_load: OnLoad<'_>) -> Result<()> {
    let name = wanted.name.clone();
    let mut fetching = fetcher.fetch(wanted);
    loop {
        let progress = tokio::select! {
            progress = fetching.next_progress() => progress,
            () = tokio::time::sleep(LOOK_EVERY) => Some(fetching.progress()),
        };
        let Some(progress) = progress else { return fetching.finished().await };
        if !on_load(LoadProgress::Downloading(progress)) {
            let detail = format!("the download of {name} was given up - what has come is kept");
            return Err(Error::new(ErrorCode::LoadCancelled, detail));
        }
    }
}

/// Reads the model at `path`, or as it was asked for. Errors name it as it was asked for, but for a URL's query: that may
/// be a secret.
fn at<T>(
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
