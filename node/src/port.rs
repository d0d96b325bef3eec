//! The JavaScript class. Every method returns at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use llama_rs_core::error::{Error as CoreError, ErrorCode, Result as CoreResult};
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use napi::bindgen_prelude::{Env, Error, Function, FunctionCallContext, Result};
use napi_derive::napi;

use crate::connection::{Connection, EventFunction};
use crate::ending::{self, OwnManager};

#[napi(object)]
pub struct PortOptions {
    /// The manager whose models and scopes the port sees. `global` is the process's manager, which stays when the port
    /// closes. `own` is a private manager, which is shut down with the port.
    pub manager: String,
    /// The manager's directory of saved scopes. If left out, an own manager saves none, and the global one saves where
    /// another port said.
    pub directory: Option<String>,
}

/// One host's connection to a manager.
#[napi]
pub struct Port {
    connection: Arc<Connection>,
}

#[napi]
impl Port {
    /// Throws an error whose `code` is one of `ErrorCode`: `invalidOptions`, `storageUnavailable`, `storageFailed`.
    #[napi(constructor)]
    pub fn new(options: PortOptions) -> Result<Self, String> {
        let connection = Arc::new(connect(options).map_err(thrown)?);
        ending::watch(&connection);
        Ok(Self { connection })
    }

    /// Returns the current state, as JSON (`Snapshot`).
    #[napi]
    pub fn snapshot(&self) -> String {
        self.connection.snapshot()
    }

    /// Sends a JSON command (`Envelope`). Never throws: a refusal is an event with the command's `requestId`.
    #[napi]
    pub fn send(&self, command: String) {
        self.connection.send(&command);
    }

    /// Calls `callback` with each JSON batch (`Batch`) on this thread's event loop, until the port is closed. Does not
    /// keep the process alive. Throws if the port has a callback already.
    #[napi]
    pub fn on_events(&self, env: Env, callback: Function<'_, String, ()>) -> Result<()> {
        let callback = callback.create_ref()?;
        let connection = Arc::downgrade(&self.connection);
        // Batches may still wait in Node's queue when the port is closed, so this checks once more.
        let deliver =
            env.create_function_from_closure("deliver", move |call: FunctionCallContext<'_>| {
                match connection.upgrade() {
                    Some(connection) if connection.is_open() => {
                        callback.borrow_back(call.env)?.call(call.first_arg::<String>()?)
                    }
                    Some(_) | None => Ok(()),
                }
            })?;
        let emit: EventFunction = deliver.build_threadsafe_function().weak::<true>().build()?;
        Connection::listen(&self.connection, emit)
    }

    /// Ends the connection: no callback runs after this. Waits for nothing. Closing it twice does nothing.
    #[napi]
    pub fn close(&self) {
        self.connection.close();
    }
}

fn connect(options: PortOptions) -> CoreResult<Connection> {
    let directory = options.directory.map(PathBuf::from);
    match options.manager.as_str() {
        "global" => {
            let manager = ending::global_manager();
            keep_in(manager, directory.as_deref())?;
            Ok(Connection::new(manager.connect(), None))
        }
        "own" => {
            let manager = ModelManager::new(Arc::new(LlamaLoader));
            keep_in(&manager, directory.as_deref())?;
            let client = manager.connect();
            Ok(Connection::new(client, Some(OwnManager { manager, directory })))
        }
        other => {
            let detail = format!("no such manager: {other} - use global or own");
            Err(CoreError::new(ErrorCode::InvalidOptions, detail))
        }
    }
}

fn keep_in(manager: &ModelManager, directory: Option<&Path>) -> CoreResult<()> {
    let Some(directory) = directory else { return Ok(()) };
    // A recently closed port may still be writing there.
    ending::wait_for(directory);
    manager.keep_in(directory)
}

/// Converts to a JavaScript error with `code`, and the detail as its `message`.
fn thrown(error: CoreError) -> Error<String> {
    let code = serde_json::to_value(error.code).expect("a code is plain data");
    Error::new(code.as_str().unwrap_or_default().to_owned(), error.detail)
}

impl Drop for Port {
    fn drop(&mut self) {
        self.connection.close();
    }
}
