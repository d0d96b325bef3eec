//! One host's side of the port.

use std::sync::Arc;
use std::time::Duration;

use llama_rs_core::Pull;
use llama_rs_core::client::Client as CoreClient;
use llama_rs_core::error::ErrorCode;

use crate::error::PortError;
use crate::manager::ModelManager;

/// One host's connection. It ends with its host, by `end`; the manager and its models stay.
#[derive(uniffi::Object)]
pub struct Client {
    client: CoreClient,
    /// Keeps an own manager alive while the client is connected.
    _manager: Arc<ModelManager>,
}

impl Client {
    pub(crate) fn new(client: CoreClient, manager: Arc<ModelManager>) -> Arc<Self> {
        Arc::new(Self { client, _manager: manager })
    }
}

#[uniffi::export]
impl Client {
    /// Returns the current state, as JSON (`Snapshot`). Cheap enough for a first render.
    pub fn snapshot(&self) -> String {
        serde_json::to_string(&self.client.snapshot()).expect("a snapshot is plain data with string keys")
    }

    /// Sends a JSON command (`Envelope`). Never throws and never waits: a refusal is an event with the command's
    /// `requestId`. A client that has ended ignores commands.
    pub fn send(&self, command: &str) {
        self.client.send(command);
    }

    /// Returns the next events, as JSON (`Batch`), or null if none came within `timeoutMs`: pull again. Waits at most a
    /// day. For one pump thread. Throws `closed` once the client has ended, even while it waits: stop pulling.
    pub fn next_events(&self, timeout_ms: u32) -> Result<Option<String>, PortError> {
        match self.client.next_events(Duration::from_millis(timeout_ms.into())) {
            Pull::Batch(batch) => {
                Ok(Some(serde_json::to_string(&batch).expect("a batch is plain data with string keys")))
            }
            Pull::TimedOut => Ok(None),
            Pull::Closed => Err(PortError::new(ErrorCode::Closed, "this client has ended - connect another one")),
        }
    }

    /// Ends the connection. Waits for nothing. Its leases expire after 10 seconds; its generations go on. Ending it
    /// twice does nothing.
    pub fn end(&self) {
        self.client.close();
    }
}
