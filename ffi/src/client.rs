//! One host's side of the port.

use std::sync::Arc;
use std::time::Duration;

use llama_rs_core::Pull;
use llama_rs_core::client::Client as CoreClient;
use llama_rs_core::error::ErrorCode;

use crate::error::PortError;
use crate::manager::ModelManager;

/// One host's connection. Ends with its host, by `end`; the manager and what it has loaded stay.
#[derive(uniffi::Object)]
pub struct Client {
    client: CoreClient,
    /// Somebody who is connected keeps a manager of their own alive.
    _manager: Arc<ModelManager>,
}

impl Client {
    pub(crate) fn new(client: CoreClient, manager: Arc<ModelManager>) -> Arc<Self> {
        Arc::new(Self { client, _manager: manager })
    }
}

#[uniffi::export]
impl Client {
    /// The state now, as JSON (`Snapshot`). Cheap enough for a first render.
    pub fn snapshot(&self) -> String {
        serde_json::to_string(&self.client.snapshot()).expect("a snapshot is plain data with string keys")
    }

    /// Takes a JSON command (`Envelope`). Never throws and never waits: a refusal is an event that carries the command's
    /// `requestId`. A client that has ended takes no command.
    pub fn send(&self, command: &str) {
        self.client.send(command);
    }

    /// The next events, as JSON (`Batch`); null when none came within `timeoutMs`: pull again. Waits at most a day. For
    /// one pump thread. Throws `closed` once the client has ended, also while it waits: stop pulling.
    pub fn next_events(&self, timeout_ms: u32) -> Result<Option<String>, PortError> {
        match self.client.next_events(Duration::from_millis(timeout_ms.into())) {
            Pull::Batch(batch) => {
                Ok(Some(serde_json::to_string(&batch).expect("a batch is plain data with string keys")))
            }
            Pull::TimedOut => Ok(None),
            Pull::Closed => Err(PortError::new(ErrorCode::Closed, "this client has ended - connect another one")),
        }
    }

    /// Ends the connection. Waits for nothing. Its leases expire after 10 seconds, its generations go on. Ending twice
    /// does nothing.
    pub fn end(&self) {
        self.client.close();
    }
}
