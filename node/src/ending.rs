//! What happens when the process exits: every port closes, then every engine stops. A worker thread that ends needs
//! nothing of this: its environment drops its ports.
//!
//! The exit handler is the C library's, because Node runs the cleanup hooks of its main environment only when the event
//! loop runs dry, not on `process.exit()`, and has none to run when the addon was loaded by workers alone.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use llama_rs_core::manager::ModelManager;

use crate::at_exit;
use crate::connection::Connection;

/// How long the end of the process waits for engines. One decode or one prefill chunk takes far less.
const DEADLINE: Duration = Duration::from_secs(5);

static CONNECTIONS: Mutex<Vec<Weak<Connection>>> = Mutex::new(Vec::new());
/// Shutdowns of ports' own managers.
static ENDING: Mutex<Vec<Shutdown>> = Mutex::new(Vec::new());
/// The process's manager, if a port has used it.
static GLOBAL: OnceLock<&ModelManager> = OnceLock::new();

/// A manager that ends with its port.
pub(crate) struct OwnManager {
    pub(crate) manager: ModelManager,
    /// Where it keeps saved scopes, as its port was told.
    pub(crate) directory: Option<PathBuf>,
}

/// An own manager that is ending.
struct Shutdown {
    directory: Option<PathBuf>,
    thread: JoinHandle<()>,
}

/// The process's manager, stopped when the process exits.
pub(crate) fn global_manager() -> &'static ModelManager {
    GLOBAL.get_or_init(ModelManager::global)
}

/// Closes `connection`, and stops the engines, when the process exits.
pub(crate) fn watch(connection: &Arc<Connection>) {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(at_exit::register);

    let mut connections = lock(&CONNECTIONS);
    connections.retain(|connection| connection.strong_count() > 0);
    connections.push(Arc::downgrade(connection));
}

/// Ends a manager without waiting for it.
pub(crate) fn shut_down(OwnManager { manager, directory }: OwnManager) {
    let mut ending = lock(&ENDING);
    ending.retain(|shutdown| !shutdown.thread.is_finished());
    let thread = thread::Builder::new().name("llama-ending".into()).spawn(move || {
        manager.shutdown(DEADLINE);
    });
    // Without a thread the manager was dropped, and its engines end by themselves.
    ending.extend(thread.map(|thread| Shutdown { directory, thread }));
}

/// Waits until no closed port of this process writes to the directory any more, or its shutdown reaches its deadline.
pub(crate) fn wait_for(directory: &Path) {
    // Taken out first: others may close their ports meanwhile.
    let theirs: Vec<Shutdown> =
        lock(&ENDING).extract_if(.., |shutdown| shutdown.directory.as_deref() == Some(directory)).collect();
    join(theirs.into_iter().map(|shutdown| shutdown.thread));
}

/// Stops every engine, or gives up at the deadline. For the thread that exits.
pub(crate) fn end_process() {
    // Taken out first: closing must not wait for a thread that makes a port now.
    let connections = std::mem::take(&mut *lock(&CONNECTIONS));
    for connection in connections.iter().filter_map(Weak::upgrade) {
        connection.close();
    }
    let ending = std::mem::take(&mut *lock(&ENDING));
    let mut shutdowns: Vec<_> = ending.into_iter().map(|shutdown| shutdown.thread).collect();
    if let Some(global) = GLOBAL.get() {
        // On a thread of its own: thread-local values of the exiting one are gone already.
        shutdowns.extend(thread::Builder::new().spawn(|| {
            global.shutdown(DEADLINE);
        }));
    }
    join(shutdowns);
}

fn join(shutdowns: impl IntoIterator<Item = JoinHandle<()>>) {
    for shutdown in shutdowns {
        // A panic there has been reported by its thread, and nothing of the manager is left.
        let _ = shutdown.join();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
