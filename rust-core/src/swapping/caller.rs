//! A client for blocking calls. One waiting call pulls events for all of them, so no extra thread is needed.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::Client;
use crate::error::{Error, ErrorCode, Result};
use crate::events::Pull;
use crate::manager::ModelManager;
use crate::protocol::{
    Batch, Command, Envelope, Event, GenerationPhase, GenerationState, NumberedEvent, Snapshot, answers,
};

/// Limit for one pull. Events and `close` wake it at once.
const PULL_TIMEOUT: Duration = Duration::from_secs(60);

/// Numbers all calls of the process, because a generation's id must be unique in its manager.
static NEXT_CALL: AtomicU64 = AtomicU64::new(1);

pub(super) struct Caller {
    client: Client,
    inboxes: Mutex<Inboxes>,
    /// Signals that a call has stopped pulling, and may have received updates for others.
    sorted: Condvar,
}

/// Received updates, by call.
#[derive(Default)]
struct Inboxes {
    pulling: bool,
    closed: bool,
    /// Number of the last event.
    seq: u64,
    /// A snapshot has covered generation events up to this number.
    covered: u64,
    /// Keyed by the call's id, which is also its request's and its generation's.
    by_call: HashMap<String, VecDeque<CallUpdate>>,
}

/// What a call receives.
#[derive(Debug, PartialEq)]
pub(super) enum CallUpdate {
    /// An event that answers the call, or belongs to its generation.
    Event(Event),
    /// The generation's state, after events were dropped.
    State(GenerationState),
    /// Events were dropped, and the snapshot does not know the generation: it has not started, or ended long ago.
    Unknown,
}

/// A call that has been sent. Its inbox ends with it.
pub(super) struct Call<'a> {
    caller: &'a Caller,
    id: String,
}

impl Caller {
    pub(super) fn connect(manager: &ModelManager) -> Self {
        Self { client: manager.connect(), inboxes: Mutex::default(), sorted: Condvar::new() }
    }

    /// Sends a command and waits for its `done`.
    pub(super) fn call(&self, command: Command) -> Result<()> {
        let call = self.send(|_| command);
        loop {
            match call.next()? {
                CallUpdate::Event(Event::Done { .. }) => return Ok(()),
                CallUpdate::Event(Event::Failed { error, .. }) => return Err(error),
                CallUpdate::Event(_) | CallUpdate::State(_) | CallUpdate::Unknown => {}
            }
        }
    }

    /// Sends a command that is built with a unique id.
    pub(super) fn send(&self, command: impl FnOnce(&str) -> Command) -> Call<'_> {
        let id = format!("swapping-{}", NEXT_CALL.fetch_add(1, Ordering::Relaxed));
        let envelope = Envelope { command: command(&id), request_id: id.clone() };
        let json = serde_json::to_string(&envelope).expect("a command is plain data with string keys");
        self.inboxes().by_call.insert(id.clone(), VecDeque::new());
        let call = Call { caller: self, id };
        self.client.send(&json);
        call
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.client.snapshot()
    }

    /// Ends every waiting and later call with `closed`.
    pub(super) fn close(&self) {
        self.client.close();
        self.inboxes().closed = true;
        self.sorted.notify_all();
    }

    fn inboxes(&self) -> MutexGuard<'_, Inboxes> {
        // No code under this lock panics half-way.
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// Waits for this call's next update. Fails with `closed` when the client is closed.
    pub(super) fn next(&self) -> Result<CallUpdate> {
        let mut inboxes = self.caller.inboxes();
        loop {
            if let Some(news) = inboxes.by_call.get_mut(&self.id).and_then(VecDeque::pop_front) {
                return Ok(news);
            }
            if inboxes.closed {
                let detail = "the connection to the manager was closed before the answer - create a new one";
                return Err(Error::new(ErrorCode::Closed, detail));
            }
            if inboxes.pulling {
                inboxes = self.caller.sorted.wait(inboxes).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            inboxes.pulling = true;
            drop(inboxes);
            let pulled = self.caller.client.next_events(PULL_TIMEOUT);
            inboxes = self.caller.inboxes();
            match pulled {
                Pull::Batch(batch) => inboxes.sort(batch, || self.caller.client.snapshot()),
                Pull::TimedOut => {}
                Pull::Closed => inboxes.closed = true,
            }
            inboxes.pulling = false;
            self.caller.sorted.notify_all();
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.caller.inboxes().by_call.remove(&self.id);
    }
}

impl Inboxes {
    /// Puts each event into the inbox of its call. A gap in the numbers means that events were dropped.
    fn sort(&mut self, batch: Batch, snapshot: impl FnOnce() -> Snapshot) {
        let mut gap = false;
        for NumberedEvent { seq, .. } in &batch.events {
            gap |= *seq != self.seq + 1;
            self.seq = *seq;
        }
        let covered = if gap { self.seq } else { self.covered };
        for NumberedEvent { seq, event } in batch.events {
            let call = match recipient(&event) {
                Recipient::Request(id) => id,
                Recipient::Generation(id) if seq > covered => id,
                Recipient::Generation(_) | Recipient::Nobody => continue,
            };
            if let Some(inbox) = self.by_call.get_mut(call) {
                inbox.push_back(CallUpdate::Event(event));
            }
        }
        if gap {
            self.catch_up(snapshot());
        }
    }

    /// Replaces dropped events by the snapshot's state.
    fn catch_up(&mut self, snapshot: Snapshot) {
        self.covered = snapshot.seq;
        let mut known: HashMap<String, GenerationState> =
            snapshot.generations.into_iter().map(|generation| (generation.id.clone(), generation)).collect();
        for (id, inbox) in &mut self.by_call {
            inbox.push_back(known.remove(id).map_or(CallUpdate::Unknown, CallUpdate::State));
        }
    }
}

enum Recipient<'a> {
    Request(&'a str),
    Generation(&'a str),
    Nobody,
}

fn recipient(event: &Event) -> Recipient<'_> {
    match event {
        answers!(request_id) => Recipient::Request(request_id),
        Event::TextDelta { generation_id, .. }
        | Event::ReasoningDelta { generation_id, .. }
        | Event::ToolCallDelta { generation_id, .. }
        | Event::LogprobsDelta { generation_id, .. }
        | Event::ToolCallDropped { generation_id, .. } => Recipient::Generation(generation_id),
        Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { .. } } => {
            Recipient::Generation(generation_id)
        }
        Event::PhaseChanged { .. }
        | Event::BenchProgress { .. }
        | Event::GenerationQueued { .. }
        | Event::ModelChanged { .. }
        | Event::ScopeChanged { .. }
        | Event::ScopeDeleted { .. }
        | Event::TranscriptChanged { .. }
        | Event::SuspensionChanged { .. }
        | Event::ResidentChanged { .. }
        | Event::ResidentRemoved { .. }
        | Event::EvictResident { .. }
        | Event::DownloadChanged { .. }
        | Event::DownloadRemoved { .. }
        | Event::Recorded { .. } => Recipient::Nobody,
    }
}
