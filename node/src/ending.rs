//! Shutdown when the process exits: closes every port, then stops every engine. A worker thread that ends needs none of
//! this, because its environment drops its ports.
//!
//! The exit handler is the C library's. Node runs its main environment's cleanup hooks only when the event loop runs
//! dry, not on `process.exit()`, and has no such environment if only workers loaded the addon.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use llama_rs_core::manager::ModelManager;

use crate::at_exit;
use crate::connection::Connection;

/// How long the exiting process waits for engines. One decode or one prefill chunk takes far less.
const DEADLINE: Duration = Duration::from_secs(5);

static CONNECTIONS: Mutex<Vec<Weak<Connection>>> = Mutex::new(Vec::new());
/// Running shutdowns of ports' own managers.
static ENDING: Mutex<Vec<Shutdown>> = Mutex::new(Vec::new());
/// The process's manager, if a port has used it.
static GLOBAL: OnceLock<&ModelManager> = OnceLock::new();

/// A manager that ends with its port.
pub(crate) struct OwnManager {
    pub(crate) manager: ModelManager,
    /// Its directory of saved scopes.
    pub(crate) directory: Option<PathBuf>,
}

/// The running shutdown of an own manager.
struct Shutdown {
    directory: Option<PathBuf>,
    thread: JoinHandle<()>,
}

/// Returns the process's manager, which is stopped when the process exits.
pub(crate) fn global_manager() -> &'static ModelManager {
    GLOBAL.get_or_init(ModelManager::global)
}

/// Registers `connection`: it is closed, and engines stopped, when the process exits.
pub(crate) fn watch(connection: &Arc<Connection>) {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(at_exit::register);

    let mut connections = lock(&CONNECTIONS);
    connections.retain(|connection| connection.strong_count() > 0);
    connections.push(Arc::downgrade(connection));
}

/// Shuts a manager down without waiting for it.
pub(crate) fn shut_down(OwnManager { manager, directory }: OwnManager) {
    let mut ending = lock(&ENDING);
    ending.retain(|shutdown| !shutdown.thread.is_finished());
    let thread = thread::Builder::new().name("llama-ending".into()).spawn(move || {
        manager.shutdown(DEADLINE);
    });
    // If no thread could be started, the closure was dropped with the manager, whose engines end by themselves.
    ending.extend(thread.map(|thread| Shutdown { directory, thread }));
}

/// Waits until no closed port of this process still writes to the directory, or its shutdown reaches its deadline.
pub(crate) fn wait_for(directory: &Path) {
    // They are taken out first, because other ports may close meanwhile.
    let theirs: Vec<Shutdown> =
        lock(&ENDING).extract_if(.., |shutdown| shutdown.directory.as_deref() == Some(directory)).collect();
    join(theirs.into_iter().map(|shutdown| shutdown.thread));
}

/// Stops every engine, or gives up at the deadline. Runs on the exiting thread.
pub(crate) fn end_process() {
    // They are taken out first, because closing must not wait for a thread that is creating a port.
    let connections = std::mem::take(&mut *lock(&CONNECTIONS));
    for connection in connections.iter().filter_map(Weak::upgrade) {
        connection.close();
    }
    let ending = std::mem::take(&mut *lock(&ENDING));
    let mut shutdowns: Vec<_> = ending.into_iter().map(|shutdown| shutdown.thread).collect();
    if let Some(global) = GLOBAL.get() {
        // It needs a thread of its own, because the exiting thread's thread-local values are gone already.
        shutdowns.extend(thread::Builder::new().spawn(|| {
            global.shutdown(DEADLINE);
        }));
    }
    join(shutdowns);
}

fn join(shutdowns: impl IntoIterator<Item = JoinHandle<()>>) {
    for shutdown in shutdowns {
        // The panicking thread has reported its panic, and nothing of its manager is left.
        let _ = shutdown.join();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
