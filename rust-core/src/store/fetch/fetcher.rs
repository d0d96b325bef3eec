//! Brings models into a store. Whoever wants a model that is on its way joins its transfer, which stops when the last one
//! leaves. What has come stays for the next time.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::control::{Control, Will};
use super::header::{RemoteHeaders, read_headers};
use super::network::Network;
use super::plan::{DownloadRequest, RemoteFile, of_repository, plan};
use super::progress::Progress;
use super::secret::Secret;
use super::set::SetTransfer;
use crate::error::{Error, ErrorCode, Result};
use crate::store::huggingface::{HuggingFace, Repository, Variant};
use crate::store::{FileKind, HubName, ModelName, Store};

/// Ten events a second at most.
const EVENT_EVERY: Duration = Duration::from_millis(100);

/// The transfers of one process into one store. Clones are the same.
#[derive(Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    network: Network,
    hub: Mutex<HuggingFace>,
    suspended: watch::Sender<bool>,
    running: Mutex<HashMap<ModelName, Entry>>,
}

/// A transfer that runs, or has run last.
struct Entry {
    transfer: Weak<Running>,
    /// Closed when its task has ended.
    ended: watch::Receiver<()>,
}

/// What those who wait for a transfer share. Dropped with the last of them, it ends the transfer.
struct Running {
    name: ModelName,
    will: watch::Sender<Will>,
    progress: watch::Receiver<Progress>,
    outcome: watch::Receiver<Option<Result<()>>>,
    /// Closed when its task has ended.
    ended: watch::Receiver<()>,
}

/// One who waits for a model. Dropping it leaves the transfer.
#[must_use = "a transfer that nobody waits for stops"]
pub struct FetchHandle {
    running: Arc<Running>,
    progress: watch::Receiver<Progress>,
    outcome: watch::Receiver<Option<Result<()>>>,
    last_event: Option<Instant>,
}

impl Fetcher {
    /// Into a store, from servers and from a hub.
    pub fn new(store: Store, network: Network, hub: HuggingFace) -> Self {
        let (hub, suspended, running) = (Mutex::new(hub), watch::Sender::new(false), Mutex::default());
        Self { shared: Arc::new(Shared { store, network, hub, suspended, running }) }
    }

    /// Where models are brought.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// How servers are asked.
    pub fn network(&self) -> &Network {
        &self.shared.network
    }

    /// Whom names of the hub are asked of.
    pub fn hub(&self) -> HuggingFace {
        self.shared.hub.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whom names of the hub are asked of from now on. What runs goes on as it began.
    pub fn set_hub(&self, hub: HuggingFace) {
        *self.shared.hub.lock().unwrap_or_else(PoisonError::into_inner) = hub;
    }

    /// The files that a name means, weights first, and where they are. Nothing of them is read.
    pub async fn files(&self, wanted: &DownloadRequest) -> Result<Vec<RemoteFile>> {
        plan(&self.shared.network, &self.hub(), wanted).await
    }

    /// What a repository of the hub has, for a choice. `ModelNotFound`, `AccessDenied`, and the failures of networks.
    pub async fn repository(&self, name: &HubName, token: Option<&Secret>) -> Result<Repository> {
        self.hub().repository(&self.shared.network, &name.repository(), name.revision(), token).await
    }

    /// Where a variant's files are.
    pub fn files_of(
        &self,
        repository: &Repository,
        variant: &Variant,
        token: Option<&Secret>,
    ) -> Result<Vec<RemoteFile>> {
        let hub = self.hub();
        let file = |file| of_repository(&hub, repository, file, FileKind::Weights, token);
        variant.files.iter().map(file).collect()
    }

    /// The headers of the weights among `files`, read by ranges into a folder that the caller removes.
    pub async fn headers(&self, files: &[RemoteFile], folder: &Path) -> Result<RemoteHeaders> {
        let weights: Vec<_> = files.iter().filter(|file| file.kind == FileKind::Weights).cloned().collect();
        read_headers(&self.shared.network, &weights, folder).await
    }

    /// Joins the transfer of a model, or begins it where an earlier one ended. A model that is in the store is there at
    /// once, without any network. Token, digest and projector are those of the one who came first. To be called on a tokio
    /// runtime with time and I/O, which then drives the transfer.
    pub fn fetch(&self, wanted: DownloadRequest) -> FetchHandle {
        let mut running = self.shared.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, entry| entry.ended.has_changed().is_ok());
        let before = running.get(&wanted.name);
        // One that has ended is not joined: it may have failed, or its files may be gone since.
        let joined =
            before.and_then(|entry| entry.transfer.upgrade()).filter(|transfer| transfer.outcome.borrow().is_none());
        if let Some(transfer) = joined {
            return FetchHandle::new(transfer);
        }
        let before = before.map(|entry| entry.ended.clone());
        let name = wanted.name.clone();
        let (transfer, ended) = self.begin(wanted, before);
        running.insert(name, Entry { transfer: Arc::downgrade(&transfer), ended });
        FetchHandle::new(transfer)
    }

    /// Every transfer waits, whatever its callers want: the process is about to be suspended.
    pub fn suspend(&self) {
        self.shared.suspended.send_replace(true);
    }

    /// Every transfer goes on from its last byte, unless its callers paused it.
    pub fn resume(&self) {
        self.shared.suspended.send_replace(false);
    }

    fn begin(
        &self,
        wanted: DownloadRequest,
        before: Option<watch::Receiver<()>>,
    ) -> (Arc<Running>, watch::Receiver<()>) {
        let (will, progress, outcome) =
            (watch::Sender::new(Will::Run), watch::Sender::new(Progress::NONE), watch::Sender::new(None));
        let (ending, ended) = watch::channel(());
        let control = Control { will: will.subscribe(), suspended: self.shared.suspended.subscribe() };
        let name = wanted.name.clone();
        let (watched, heard) = (progress.subscribe(), outcome.subscribe());
        let running = Running { name, will, progress: watched, outcome: heard, ended: ended.clone() };
        let Shared { store, network, .. } = &*self.shared;
        let transfer = SetTransfer::new(store.clone(), network.clone(), self.hub(), wanted, control, progress);
        tokio::spawn(async move {
            if let Some(mut before) = before {
                // Ends with an error, when the one before has dropped its end.
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
    fn new(running: Arc<Running>) -> Self {
        let (progress, outcome) = (running.progress.clone(), running.outcome.clone());
        Self { running, progress, outcome, last_event: None }
    }

    /// How far the transfer is.
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// The next change of the progress, at most ten a second; `None` once the transfer has ended. Cancel-safe.
    pub async fn next_progress(&mut self) -> Option<Progress> {
        if let Some(last) = self.last_event {
            tokio::time::sleep_until(last + EVENT_EVERY).await;
        }
        self.progress.changed().await.ok()?;
        self.last_event = Some(Instant::now());
        Some(*self.progress.borrow_and_update())
    }

    /// Returns when the model is in the store, or cannot be had. Cancel-safe.
    pub async fn finished(&mut self) -> Result<()> {
        let outcome = self.outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        outcome.ok().flatten().unwrap_or_else(|| {
            let detail = format!("the store was closed while {} was downloaded - ask for it again", self.running.name);
            Err(Error::new(ErrorCode::Closed, detail))
        })
    }

    /// Leaves the transfer, and returns when it has stopped, which it does not where others have joined it.
    pub async fn leave(self) {
        let mut ended = self.running.ended.clone();
        // The last one to leave ends it.
        if Arc::into_inner(self.running).is_some() {
            // Ends with an error, when the task has dropped its end.
            while ended.changed().await.is_ok() {}
        }
    }

    /// The transfer waits, for everybody who has joined it, until somebody [resumes](Self::resume) it.
    pub fn pause(&self) {
        self.running.will.send_replace(Will::Pause);
    }

    /// The transfer goes on from its last byte.
    pub fn resume(&self) {
        self.running.will.send_replace(Will::Run);
    }
}
