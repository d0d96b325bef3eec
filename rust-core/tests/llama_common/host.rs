//! A host of the manager, like Kotlin or JavaScript: sends JSON commands and pulls events.

use std::time::Duration;

use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use llama_rs_core::error::Error;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, GenerationPhase, Outcome};
use serde_json::{Value, json};

pub struct Host {
    client: Client,
    requests: u32,
}

impl Host {
    pub fn on(manager: &ModelManager) -> Self {
        Self { client: manager.connect(), requests: 0 }
    }

    /// Sends a command with a new request id, and returns the id.
    pub fn send(&mut self, mut command: Value) -> String {
        self.requests += 1;
        let id = format!("r{}", self.requests);
        command["requestId"] = json!(id);
        self.client.send(&command.to_string());
        id
    }

    /// Waits for the first event that `wanted` accepts.
    pub fn until<T>(&self, wanted: impl Fn(Event) -> Option<T>) -> T {
        loop {
            let Pull::Batch(batch) = self.client.next_events(Duration::from_secs(60)) else {
                panic!("the engine is silent")
            };
            if let Some(found) = batch.events.into_iter().find_map(|numbered| wanted(numbered.event)) {
                return found;
            }
        }
    }

    pub fn answer(&self, request: &str) -> Result<(), Error> {
        self.until(|event| match event {
            Event::Done { request_id } if request_id == request => Some(Ok(())),
            Event::Failed { request_id, error } if request_id == request => Some(Err(error)),
            _ => None,
        })
    }

    /// Waits for a generation's outcome.
    pub fn outcome(&self, generation: &str) -> Outcome {
        self.until(|event| match event {
            Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { outcome } }
                if generation_id == generation =>
            {
                Some(outcome)
            }
            _ => None,
        })
    }
}
