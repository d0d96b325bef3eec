//! The process-global owner of every model and every conversation. Callers hold leases; nothing here belongs to a
//! screen, a JavaScript runtime or a thread of the host.

mod dispatch;
mod effects;
mod engines;
mod generations;
mod kv;
mod library;
mod memory;
mod message;
mod models;
mod owners;
mod scopes;
mod shutdown;
mod supervisor;
mod suspension;
mod tasks;
#[cfg(test)]
mod tests;
mod ticket;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

pub use models::Lease;
pub(crate) use ticket::{Reply, Ticket};

use self::effects::Effects;
use self::kv::attach;
use self::library::remote_headers;
use self::message::{Mailbox, Message, Refused};
use self::models::LeaseId;
use self::owners::Owners;
use crate::engine::ModelLoader;
use crate::error::{Error, ErrorCode, Result};
use crate::events::{Bus, ClientId};
use crate::kv::Storage;
use crate::protocol::{Command, ModelConfig};
use crate::store::{Fetcher, HttpOptions, HuggingFace, Network, NetworkOptions, ReqwestClient, Store, StoreOptions};

/// Owns models and scopes. One per process in an app (`global`); tests make their own.
pub struct ModelManager {
    handle: ManagerHandle,
    /// None when the supervisor runs on the caller's runtime.
    runtime: Option<Runtime>,
    /// Directory of saved scopes and of models. None until a host has named it.
    directory: Mutex<Option<PathBuf>>,
}

/// A client's way to the supervisor and to its events.
#[derive(Clone)]
pub(crate) struct ManagerHandle {
    mailbox: Mailbox,
    pub(crate) bus: Arc<Bus>,
    pub(crate) runtime: Handle,
}

/// Folder of downloaded models, inside the manager's directory.
const MODELS: &str = "models";

impl ModelManager {
    /// The manager of this process, made on first use. It is never dropped.
    #[cfg(feature = "llama")]
    pub fn global() -> &'static ModelManager {
        Self::global_with(|| Arc::new(crate::llama::LlamaLoader))
    }

    /// The manager of this process. The first caller brings its loader.
    pub fn global_with(loader: impl FnOnce() -> Arc<dyn ModelLoader>) -> &'static ModelManager {
        static GLOBAL: OnceLock<ModelManager> = OnceLock::new();
        GLOBAL.get_or_init(|| ModelManager::new(loader()))
    }

    /// A manager with two worker threads of its own.
    pub fn new(loader: Arc<dyn ModelLoader>) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("llama-manager")
            .enable_all()
            .build()
            .expect("the system gives two threads to a process that is about to load a model");
        let handle = ManagerHandle::start(loader, runtime.handle().clone());
        Self { handle, runtime: Some(runtime), directory: Mutex::default() }
    }

    /// A manager whose supervisor runs on the caller's runtime, for tests with paused time.
    #[cfg(test)]
    pub(crate) fn on(loader: Arc<dyn ModelLoader>, runtime: Handle) -> Self {
        Self { handle: ManagerHandle::start(loader, runtime), runtime: None, directory: Mutex::default() }
    }

    /// Names the directory of saved scopes and of downloaded models (`models` in it), and takes over the scopes that an
    /// earlier process left there. The directory is made if it does not exist. Call this before the first client
    /// connects, so that its first snapshot has the scopes. Blocks while the directory is read; not to be called from
    /// async code.
    ///
    /// Naming the same directory again does nothing. Fails with `storageUnavailable` for a second directory, and for a
    /// directory that another process uses; with `closed` after a shutdown.
    pub fn keep_in(&self, directory: &Path) -> Result<()> {
        let mut named = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        if is_named(named.as_deref(), directory)? {
            return Ok(());
        }
        let (storage, found) = Storage::open(directory)?;
        let store = Store::open(StoreOptions { directory: directory.join(MODELS), models_budget_bytes: None })?;
        remote_headers::remove_all(&store);
        let network = Network::new(Arc::new(ReqwestClient::new(&HttpOptions::default())?), NetworkOptions::default());
        let fetcher = Fetcher::new(store, network, HuggingFace::default());
        self.tell_and_wait(move |it, fx| {
            attach::open(it, fx, storage, found)?;
            it.library.attach(fetcher, it.suspended);
            Ok(())
        })?;
        *named = Some(directory.to_owned());
        Ok(())
    }

    /// Runs `act` on the supervisor, and waits for its result.
    fn tell_and_wait(&self, act: impl FnOnce(&mut Owners, &mut Effects) -> Result<()> + Send + 'static) -> Result<()> {
        let (done, finished) = mpsc::channel();
        self.handle.mailbox.tell(Message::Continue(Box::new(move |it, fx| drop(done.send(act(it, fx))))));
        let closed = |_| Error::new(ErrorCode::Closed, "the manager has been shut down - make a new one");
        finished.recv().map_err(closed)?
    }

    pub(crate) fn handle(&self) -> ManagerHandle {
        self.handle.clone()
    }

    /// Cancels everything, frees every model and ends the engine threads. Waits at most `deadline`; true if all of that
    /// is done by then. Later requests are refused with `closed`. Not to be called from async code.
    pub fn shutdown(&self, deadline: Duration) -> bool {
        let done = self.begin_shutdown();
        self.handle.runtime.block_on(async { tokio::time::timeout(deadline, done).await.is_ok() })
    }

    fn begin_shutdown(&self) -> oneshot::Receiver<()> {
        let (done, finished) = oneshot::channel();
        self.handle.mailbox.tell(Message::Shutdown { done });
        finished
    }
}

impl Drop for ModelManager {
    fn drop(&mut self) {
        // Engines notice that their supervisor has gone and end by themselves; nothing here waits for them.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl ManagerHandle {
    fn start(loader: Arc<dyn ModelLoader>, runtime: Handle) -> Self {
        let bus = Bus::new(loader.devices());
        let (mailbox, inbox) = Mailbox::new();
        let supervisor = supervisor::Supervisor::new(loader, bus.clone(), mailbox.clone(), runtime.clone());
        runtime.spawn(supervisor.run(inbox));
        Self { mailbox, bus, runtime }
    }

    /// Passes a client's request on. Its ticket is answered in any case.
    pub(crate) fn command(&self, ticket: Ticket, command: Command) {
        self.mailbox.command(ticket, command);
    }

    pub(crate) fn client_gone(&self, client: ClientId) {
        self.mailbox.tell(Message::ClientGone { client });
    }

    /// Takes a lease, which counts from now on. `reply` is called when the model is ready or has failed. A mailbox that
    /// is full or closed gives no lease, and calls `reply` with the error.
    pub(crate) fn acquire(&self, debug_label: String, config: ModelConfig, reply: Reply) -> Option<Lease> {
        let id = LeaseId::next();
        match self.mailbox.ask(Message::Acquire { lease: id, debug_label, config, reply }) {
            Ok(()) => {
                let mailbox = self.mailbox.clone();
                Some(Lease::new(id, move |lease| mailbox.tell(Message::Release { lease })))
            }
            Err(refused) => {
                let Refused { error, message } = *refused;
                if let Message::Acquire { reply, .. } = message {
                    reply(Err(error));
                }
                None
            }
        }
    }
}

/// Whether this directory has been named already. Fails if another directory has been.
fn is_named(named: Option<&Path>, asked: &Path) -> Result<bool> {
    let Some(named) = named else { return Ok(false) };
    if named == asked {
        return Ok(true);
    }
    let (named, asked) = (named.display(), asked.display());
    let detail = format!("scopes are saved in {named} already, not in {asked} - name one directory per process");
    Err(Error::new(ErrorCode::StorageUnavailable, detail))
}
