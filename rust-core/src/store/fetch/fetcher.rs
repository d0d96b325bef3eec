//! Downloads models into a store. Callers of the same model share one transfer, which stops when the last of them
//! leaves. Partial files stay for the next time.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::control::{Control, Intent};
use super::header::{RemoteHeaders, read_headers};
use super::network::Network;
use super::plan::{DownloadRequest, RemoteFile, plan, repository_file};
use super::progress::Progress;
use super::secret::Secret;
use super::set::SetTransfer;
use crate::error::{Error, ErrorCode, Result};
use crate::store::huggingface::{HuggingFace, Repository, Variant};
use crate::store::{FileKind, HubName, ModelName, Store};

/// At most ten events a second.
const EVENT_EVERY: Duration = Duration::from_millis(100);

/// The transfers of one process into one store. Clones share them.
#[derive(Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    network: Network,
    hub: Mutex<HuggingFace>,
    suspended: watch::Sender<bool>,
    running: Mutex<HashMap<ModelName, LastTransfer>>,
}

/// The running transfer of a model, or its last one.
struct LastTransfer {
    transfer: Weak<SharedTransfer>,
    /// Closed when the task has ended.
    ended: watch::Receiver<()>,
}

/// The callers' shared end of a transfer. The transfer ends when the last caller drops it.
struct SharedTransfer {
    name: ModelName,
    intent: watch::Sender<Intent>,
    progress: watch::Receiver<Progress>,
    outcome: watch::Receiver<Option<Result<()>>>,
    /// Closed when the task has ended.
    ended: watch::Receiver<()>,
}

/// One caller's share in a transfer. Dropping it leaves the transfer.
#[must_use = "dropping the handle leaves the transfer"]
pub struct FetchHandle {
    running: Arc<SharedTransfer>,
    progress: watch::Receiver<Progress>,
    outcome: watch::Receiver<Option<Result<()>>>,
    last_event: Option<Instant>,
}

impl Fetcher {
    /// Downloads into `store`, from servers and from a Hugging Face endpoint.
    pub fn new(store: Store, network: Network, hub: HuggingFace) -> Self {
        let (hub, suspended, running) = (Mutex::new(hub), watch::Sender::new(false), Mutex::default());
        Self { shared: Arc::new(Shared { store, network, hub, suspended, running }) }
    }

    /// The store that models are downloaded into.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// The rules for requests.
    pub fn network(&self) -> &Network {
        &self.shared.network
    }

    /// The Hugging Face endpoint.
    pub fn hub(&self) -> HuggingFace {
        self.shared.hub.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the Hugging Face endpoint for new transfers. SharedTransfer transfers keep the old one.
    pub fn set_hub(&self, hub: HuggingFace) {
        *self.shared.hub.lock().unwrap_or_else(PoisonError::into_inner) = hub;
    }

    /// Resolves a name to its files, weights first. Reads none of them.
    pub async fn files(&self, request: &DownloadRequest) -> Result<Vec<RemoteFile>> {
        plan(&self.shared.network, &self.hub(), request).await
    }

    /// Lists a repository's files. Fails with `ModelNotFound`, `AccessDenied`, or a network error.
    pub async fn repository(&self, name: &HubName, token: Option<&Secret>) -> Result<Repository> {
        self.hub().repository(&self.shared.network, &name.repository(), name.revision(), token).await
    }

    /// The files of a repository's variant.
    pub fn files_of(
        &self,
        repository: &Repository,
        variant: &Variant,
        token: Option<&Secret>,
    ) -> Result<Vec<RemoteFile>> {
        let hub = self.hub();
        let file = |file| repository_file(&hub, repository, file, FileKind::Weights, token);
        variant.files.iter().map(file).collect()
    }

    /// Reads the GGUF headers of the weights among `files`, by range requests, into a folder that the caller removes.
    pub async fn headers(&self, files: &[RemoteFile], folder: &Path) -> Result<RemoteHeaders> {
        let weights: Vec<_> = files.iter().filter(|file| file.kind == FileKind::Weights).cloned().collect();
        read_headers(&self.shared.network, &weights, folder).await
    }

    /// Joins a model's transfer, or starts one where an earlier transfer stopped. Needs no network for a model that is
    /// in the store. A transfer keeps the token, digest and projector of its first caller. Must be called on a tokio
    /// runtime with time and I/O, which then drives the transfer.
    pub fn fetch(&self, request: DownloadRequest) -> FetchHandle {
        let mut running = self.shared.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, entry| entry.ended.has_changed().is_ok());
        let before = running.get(&request.name);
        // An ended transfer is not joined: it may have failed, or its files may have been deleted since.
        let joined =
            before.and_then(|entry| entry.transfer.upgrade()).filter(|transfer| transfer.outcome.borrow().is_none());
        if let Some(transfer) = joined {
            return FetchHandle::new(transfer);
        }
        let before = before.map(|entry| entry.ended.clone());
        let name = request.name.clone();
        let (transfer, ended) = self.begin(request, before);
        running.insert(name, LastTransfer { transfer: Arc::downgrade(&transfer), ended });
        FetchHandle::new(transfer)
    }

    /// Pauses every transfer, whatever its callers want, because the process is about to be suspended.
    pub fn suspend(&self) {
        self.shared.suspended.send_replace(true);
    }

    /// Resumes every transfer at its last byte, except those that their callers paused.
    pub fn resume(&self) {
        self.shared.suspended.send_replace(false);
    }

    fn begin(
        &self,
        request: DownloadRequest,
        before: Option<watch::Receiver<()>>,
    ) -> (Arc<SharedTransfer>, watch::Receiver<()>) {
        let (intent, progress, outcome) =
            (watch::Sender::new(Intent::Run), watch::Sender::new(Progress::NONE), watch::Sender::new(None));
        let (ending, ended) = watch::channel(());
        let control = Control { intent: intent.subscribe(), suspended: self.shared.suspended.subscribe() };
        let name = request.name.clone();
        let (watched, heard) = (progress.subscribe(), outcome.subscribe());
        let running = SharedTransfer { name, intent, progress: watched, outcome: heard, ended: ended.clone() };
        let Shared { store, network, .. } = &*self.shared;
        let transfer = SetTransfer::new(store.clone(), network.clone(), self.hub(), request, control, progress);
        tokio::spawn(async move {
            if let Some(mut before) = before {
                // An error means that the previous task has dropped its end.
                while before.changed().await.is_ok() {}
            }
            let done = transfer.run().await;
            outcome.send_replace(Some(done));
            drop(ending);
        });
        (Arc::new(running), ended)
    }
}

impl FetchHandle {
    fn new(running: Arc<SharedTransfer>) -> Self {
        let (progress, outcome) = (running.progress.clone(), running.outcome.clone());
        Self { running, progress, outcome, last_event: None }
    }

    /// The transfer's current progress.
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// The next change of the progress, at most ten a second; `None` after the transfer has ended. Cancel-safe.
    pub async fn next_progress(&mut self) -> Option<Progress> {
        if let Some(last) = self.last_event {
            tokio::time::sleep_until(last + EVENT_EVERY).await;
        }
        self.progress.changed().await.ok()?;
        self.last_event = Some(Instant::now());
        Some(*self.progress.borrow_and_update())
    }

    /// Returns when the model is in the store, or its transfer has failed. Cancel-safe.
    pub async fn finished(&mut self) -> Result<()> {
        let outcome = self.outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        outcome.ok().flatten().unwrap_or_else(|| {
            let detail =
                format!("the store was closed while {} was downloading - download it again", self.running.name);
            Err(Error::new(ErrorCode::Closed, detail))
        })
    }

    /// Leaves the transfer. Returns when it has stopped, or at once if other callers share it.
    pub async fn leave(self) {
        let mut ended = self.running.ended.clone();
        // The last caller to leave ends the transfer.
        if Arc::into_inner(self.running).is_some() {
            // An error means that the task has dropped its end.
            while ended.changed().await.is_ok() {}
        }
    }

    /// Pauses the transfer for all its callers, until one of them [resumes](Self::resume) it.
    pub fn pause(&self) {
        self.running.intent.send_replace(Intent::Pause);
    }

    /// Resumes the transfer at its last byte.
    pub fn resume(&self) {
        self.running.intent.send_replace(Intent::Run);
    }
}
