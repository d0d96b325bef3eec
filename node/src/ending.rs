//! What happens when a worker thread or the process ends. A thread's ports close with its environment. Engines stop
//! when the process exits.
//!
//! The exit handler is the C library's, because Node runs the cleanup hooks of its main environment only when the event
//! loop runs dry, not on `process.exit()`, and has none to run when the addon was loaded by workers alone.

use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError, Weak};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use llama_rs_core::manager::ModelManager;
use napi::bindgen_prelude::{Env, Result};

use crate::at_exit;
use crate::connection::Connection;

/// How long the end of the process waits for engines. One decode or one prefill chunk takes far less.
const DEADLINE: Duration = Duration::from_secs(5);

static ENVIRONMENTS: Mutex<Vec<Environment>> = Mutex::new(Vec::new());
/// Shutdowns of ports' own managers.
static ENDING: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());
/// The process's manager, if a port has used it.
static GLOBAL: OnceLock<&ModelManager> = OnceLock::new();

/// A JavaScript thread that has made ports, until its cleanup hook runs.
struct Environment {
    thread: ThreadId,
    connections: Vec<Weak<Connection>>,
}

/// The process's manager, stopped when the process exits.
pub(crate) fn global_manager() -> &'static ModelManager {
    GLOBAL.get_or_init(ModelManager::global)
}

/// Closes `connection` when its environment ends, and stops the engines when the process exits.
pub(crate) fn watch(env: &Env, connection: &Arc<Connection>) -> Result<()> {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(at_exit::register);

    let thread = thread::current().id();
    let connection = Arc::downgrade(connection);
    let mut environments = lock(&ENVIRONMENTS);
    match environments.iter_mut().find(|environment| environment.thread == thread) {
        Some(environment) => {
            environment.connections.retain(|connection| connection.strong_count() > 0);
            environment.connections.push(connection);
        }
        None => {
            env.add_env_cleanup_hook(thread, |thread| end_environments(|ending| ending.thread == thread))?;
            environments.push(Environment { thread, connections: vec![connection] });
        }
    }
    Ok(())
}

/// Ends a manager without waiting for it.
pub(crate) fn shut_down(manager: ModelManager) {
    let mut ending = lock(&ENDING);
    ending.retain(|shutdown| !shutdown.is_finished());
    let shutdown = thread::Builder::new().name("llama-ending".into()).spawn(move || {
        manager.shutdown(DEADLINE);
    });
    // Without a thread the manager was dropped, and its engines end by themselves.
    ending.extend(shutdown);
}

/// Stops every engine, or gives up at the deadline. For the thread that exits.
pub(crate) fn end_process() {
    end_environments(|_| true);
    let mut shutdowns = std::mem::take(&mut *lock(&ENDING));
    if let Some(global) = GLOBAL.get() {
        // On a thread of its own: thread-local values of the exiting one are gone already.
        shutdowns.extend(thread::Builder::new().spawn(|| {
            global.shutdown(DEADLINE);
        }));
    }
    for shutdown in shutdowns {
        // A panic there has been reported by its thread; the process ends either way.
        let _ = shutdown.join();
    }
}

fn end_environments(which: impl Fn(&Environment) -> bool) {
    let ending: Vec<Environment> = lock(&ENVIRONMENTS).extract_if(.., |environment| which(environment)).collect();
    for connection in ending.iter().flat_map(|environment| &environment.connections).filter_map(Weak::upgrade) {
        connection.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
