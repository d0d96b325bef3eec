//! One port's side: its leases and its numbered events. Born and dropped with its host; the manager outlives it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::events::{ClientId, Pull};
use crate::manager::{Lease, ManagerHandle, ModelManager, Ticket};
use crate::protocol::{Command, Envelope, Event, Malformed, Snapshot};

/// How long the leases of a client that has gone still count. A JavaScript reload takes less, and finds its model.
const LEASE_GRACE: Duration = Duration::from_secs(10);

/// One host's connection: `snapshot`, `send`, and events to be pulled.
pub struct Client {
    manager: ManagerHandle,
    id: ClientId,
    /// By the id that JavaScript gave. None when the client is closed.
    leases: Mutex<Option<HashMap<String, Lease>>>,
}

impl ModelManager {
    /// A new client: one host's side of the port.
    pub fn connect(&self) -> Client {
        let manager = self.handle();
        let id = manager.bus.connect();
        Client { manager, id, leases: Mutex::new(Some(HashMap::new())) }
    }
}

impl Client {
    /// The state now. Cheap enough for a first render.
    pub fn snapshot(&self) -> Snapshot {
        self.manager.bus.snapshot(self.id)
    }

    /// Takes a JSON command (`Envelope`). Never fails and never blocks: a malformed or refused command is answered by a
    /// `failed` event that carries its `requestId`. A closed client ignores commands, because no host would get their
    /// answers or release their leases.
    pub fn send(&self, json: &str) {
        if self.leases().is_none() {
            return;
        }
        match Envelope::parse(json) {
            Ok(Envelope { request_id, command }) => self.carry_out(request_id, command),
            Err(Malformed { request_id, error }) => {
                Ticket::new(self.manager.bus.clone(), self.id, request_id).answer(Err(error));
            }
        }
    }

    /// The next batch of events. Blocks for at most `timeout`; ends at once when the client is closed.
    pub fn next_events(&self, timeout: Duration) -> Pull {
        self.manager.bus.pull(self.id, timeout)
    }

    /// Ends this client: `next_events` returns `Closed` from now on. Its leases expire after 10 seconds. Its
    /// generations go on. Closing twice does nothing.
    pub fn close(&self) {
        self.manager.bus.disconnect(self.id);
        let Some(leases) = self.leases().take() else { return };
        self.manager.client_gone(self.id);
        if !leases.is_empty() {
            let end = Instant::now() + LEASE_GRACE;
            // The timer is made in the task: as the process exits, this thread cannot enter the runtime any longer.
            self.manager.runtime.spawn(async move {
                tokio::time::sleep_until(end).await;
                drop(leases);
            });
        }
    }

    fn carry_out(&self, request_id: String, command: Command) {
        let ticket = Ticket::new(self.manager.bus.clone(), self.id, request_id);
        match command {
            Command::Acquire { lease_id, debug_label, model } => {
                if let Some(lease) = self.manager.acquire(debug_label, model, ticket.reply()) {
                    // If another thread has closed the client meanwhile, the lease is dropped here.
                    self.leases().as_mut().and_then(|leases| leases.insert(lease_id, lease));
                }
            }
            Command::Release { lease_id } => {
                let lease = self.leases().as_mut().and_then(|leases| leases.remove(&lease_id));
                drop(lease);
                ticket.answer(Ok(()));
            }
            Command::Replay { generation_id, offset } => {
                let text = self.manager.bus.replay(&generation_id, offset);
                ticket.answer_with(text, |request_id, text| Event::Replay { request_id, generation_id, offset, text });
            }
            Command::ReadLog => {
                let records = self.manager.bus.log();
                ticket.answer_with(Ok(records), |request_id, records| Event::Log { request_id, records });
            }
            command => self.manager.command(ticket, command),
        }
    }

    fn leases(&self) -> std::sync::MutexGuard<'_, Option<HashMap<String, Lease>>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.close();
    }
}
