//! All owners of state, and helpers that run work elsewhere: on the blocking pool, on the disk's thread, in an engine.
//!
//! Each owner is a type that knows no other owner. A function that needs several owners takes `it: &mut Owners`, and
//! pushes work that it must not call itself to `fx: &mut Effects`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::effects::Effects;
use super::generations::{Generations, Prefills};
use super::kv::DiskWriter;
use super::library::Library;
use super::memory::Ledger;
use super::models::ModelTable;
use super::scopes::ScopeTable;
use super::tasks::{Embedded, LoadedModelRef, Requests, WaitingTasks};
use super::ticket::Reply;
use crate::engine::{EngineReply, ModelLoader};
use crate::error::{Error, ErrorCode, Result};
use crate::events::Bus;
use crate::kv::{DEFAULT_SAVED_BUDGET_BYTES, Storage};
use crate::protocol::{BenchReport, Heat};

/// The continuation of work that ran elsewhere. It runs on the supervisor.
pub(super) type Continue = Box<dyn FnOnce(&mut Owners, &mut Effects) + Send>;

/// The continuation of a one-shot task. It gets a loaded model with a lease that it must release, or an error and no
/// lease.
pub(super) type TaskThen = Box<dyn FnOnce(&mut Owners, &mut Effects, Result<LoadedModelRef>) + Send>;

/// Sends continuations to the supervisor, from any thread. It never blocks. A supervisor that has ended drops them.
#[derive(Clone)]
pub(super) struct Post(Arc<dyn Fn(Continue) + Send + Sync>);

impl Post {
    pub(super) fn new(deliver: impl Fn(Continue) + Send + Sync + 'static) -> Self {
        Self(Arc::new(deliver))
    }

    pub(super) fn send(&self, then: impl FnOnce(&mut Owners, &mut Effects) + Send + 'static) {
        (self.0)(Box::new(then));
    }
}

/// A suspension that waits until no generation runs or waits.
pub(super) struct PendingSuspension {
    pub(super) deadline: Duration,
    pub(super) reply: Reply,
}

pub(super) struct Owners {
    pub(super) models: ModelTable,
    pub(super) scopes: ScopeTable,
    pub(super) generations: Generations,
    pub(super) prefills: Prefills,
    /// One-shot tasks whose model is not loaded yet.
    pub(super) waiting_tasks: WaitingTasks<TaskThen>,
    pub(super) embeds: Requests<Embedded>,
    pub(super) benches: Requests<BenchReport>,
    pub(super) memory: Ledger,
    /// The disk thread, which writes the directory of saved scopes. None until a host has named that directory.
    pub(super) disk: Option<DiskWriter>,
    /// Most bytes of saved KV on disk.
    pub(super) saved_budget: u64,
    pub(super) library: Library,
    /// Nothing computes until `resume`.
    pub(super) suspended: bool,
    pub(super) suspensions: Vec<PendingSuspension>,
    pub(super) heat: Heat,
    /// A shutdown has begun.
    pub(super) closed: bool,
    /// Threads and tasks that a shutdown waits for.
    pub(super) joins: Vec<JoinHandle<()>>,
    pub(super) bus: Arc<Bus>,
    pub(super) loader: Arc<dyn ModelLoader>,
    pub(super) runtime: Handle,
    pub(super) post: Post,
}

impl Owners {
    pub(super) fn new(loader: Arc<dyn ModelLoader>, bus: Arc<Bus>, runtime: Handle, post: Post) -> Self {
        Self {
            models: ModelTable::default(),
            scopes: ScopeTable::default(),
            generations: Generations::default(),
            prefills: Prefills::default(),
            waiting_tasks: WaitingTasks::default(),
            embeds: Requests::default(),
            benches: Requests::default(),
            memory: Ledger::default(),
            disk: None,
            saved_budget: DEFAULT_SAVED_BUDGET_BYTES,
            library: Library::default(),
            suspended: false,
            suspensions: Vec::new(),
            heat: Heat::default(),
            closed: false,
            joins: Vec::new(),
            bus,
            loader,
            runtime,
            post,
        }
    }

    /// A reply for an engine. `then` gets the engine's answer on the supervisor.
    pub(super) fn here<T: Send + 'static>(
        &self,
        then: impl FnOnce(&mut Self, &mut Effects, Result<T>) + Send + 'static,
    ) -> EngineReply<T> {
        let post = self.post.clone();
        Box::new(move |result| post.send(move |it, fx| then(it, fx, result)))
    }

    /// Runs `work` on the disk's thread, and `then` with its result on the supervisor. `storageUnavailable` without a
    /// directory.
    pub(super) fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Storage) -> Result<T> + Send + 'static,
        then: impl FnOnce(&mut Self, &mut Effects, Result<T>) + Send + 'static,
    ) {
        let back = self.here(then);
        match &self.disk {
            Some(disk) => disk.run(work, back),
            None => back(Err(no_directory())),
        }
    }

    /// Runs `work`, which may take a while, on the blocking pool, and `then` with its result on the supervisor. A panic
    /// in `work` is an `internal` error.
    pub(super) fn run_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
        then: impl FnOnce(&mut Self, &mut Effects, Result<T>) + Send + 'static,
    ) {
        let post = self.post.clone();
        self.runtime.spawn_blocking(move || {
            let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(crashed()));
            post.send(move |it, fx| then(it, fx, result));
        });
    }

    /// Makes a shutdown wait for a thread or task.
    pub(super) fn await_at_shutdown(&mut self, task: JoinHandle<()>) {
        self.joins.retain(|join| !join.is_finished());
        self.joins.push(task);
    }

    pub(super) fn refusal_when_closed(&self) -> Option<Error> {
        self.closed.then(|| Error::new(ErrorCode::Closed, "the manager is shutting down - make a new port"))
    }
}

pub(super) fn no_directory() -> Error {
    let detail = "no directory for saved scopes is known - the host names one when it makes the manager";
    Error::new(ErrorCode::StorageUnavailable, detail)
}

/// Leaves the panic's own text out, because it may quote user data.
pub(super) fn crashed() -> Error {
    Error::new(ErrorCode::Internal, "the work on a request crashed, which is a defect of the library - ask again")
}
