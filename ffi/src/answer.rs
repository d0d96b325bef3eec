//! What a host asks on its own behalf, and not for JavaScript: to suspend, to resume, to give memory back.

use std::sync::Arc;
use std::time::Duration;

use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use serde_json::Value;

use crate::manager::ModelManager;

/// A pull that ends without events goes on.
const PULL: Duration = Duration::from_secs(60);

/// The answer to one command, wherever that is by now. Whoever lets go of it has told, and not asked.
#[derive(uniffi::Object)]
pub struct Answer {
    /// A connection for this answer alone: what it is told with a `requestId` is the answer.
    client: Client,
    /// Somebody who waits keeps a manager of their own alive.
    _manager: Arc<ModelManager>,
}

#[uniffi::export]
impl ModelManager {
    /// Hands over a command of the host's own, as JSON (`Envelope`). Never throws and never waits. Commands are carried out
    /// in the order in which they are given.
    pub fn ask(self: Arc<Self>, command: &str) -> Arc<Answer> {
        let client = self.connect_core();
        client.send(command);
        Arc::new(Answer { client, _manager: self })
    }
}

#[uniffi::export]
impl Answer {
    /// The answer, as JSON (`Event`). Waits for it, for as long as carrying out the command takes; to be asked once. Null
    /// when the manager was shut down before it answered.
    pub fn event(&self) -> Option<String> {
        loop {
            let batch = match self.client.next_events(PULL) {
                Pull::Batch(batch) => batch,
                Pull::TimedOut => continue,
                Pull::Closed => return None,
            };
            let mut events = batch.events.iter().map(|numbered| {
                serde_json::to_value(&numbered.event).expect("an event is plain data with string keys")
            });
            if let Some(answer) = events.find(|event| event.get("requestId").is_some_and(Value::is_string)) {
                return Some(answer.to_string());
            }
        }
    }
}
