//! Commands of the host itself, not of JavaScript: suspend, resume, trim memory.

use std::sync::Arc;
use std::time::Duration;

use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use serde_json::Value;

use crate::manager::ModelManager;

/// Limit for one pull. A pull without events is repeated.
const PULL: Duration = Duration::from_secs(60);

/// A pending answer to one command. Dropping it ignores the answer; the command is still carried out.
#[derive(uniffi::Object)]
pub struct Answer {
    /// A client for this command alone, so that any event with a `requestId` is its answer.
    client: Client,
    /// Keeps an own manager alive while its answer is awaited.
    _manager: Arc<ModelManager>,
}

#[uniffi::export]
impl ModelManager {
    /// Sends a command of the host, as JSON (`Envelope`). Never throws and never waits. Commands are carried out in the
    /// order in which they are sent.
    pub fn ask(self: Arc<Self>, command: &str) -> Arc<Answer> {
        let client = self.connect_core();
        client.send(command);
        Arc::new(Answer { client, _manager: self })
    }
}

#[uniffi::export]
impl Answer {
    /// Returns the answer, as JSON (`Event`). Waits until the command is carried out; call it once. Returns null if the
    /// manager was shut down before it answered.
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
