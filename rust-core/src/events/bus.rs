//! The event bus. It folds every event into the world that snapshots show, and numbers it for every client. One short
//! lock gives `seq` one order; nothing else is called under it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::flight_recorder::FlightRecorder;
use super::queue::Queue;
use super::sink::BusSink;
use super::world::World;
use crate::engine::{Answer, AnswerSink, Devices};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{Batch, Event, LifecycleRecord, Snapshot};

pub(crate) type ClientId = u64;

/// The number of the next client of the process. It is part of the client's epoch.
static NEXT_CLIENT: AtomicU64 = AtomicU64::new(1);

/// Limits a pull's timeout, because a longer one could overflow the clock.
const LONGEST_PULL: Duration = Duration::from_secs(24 * 60 * 60);

/// The result of a pull.
#[derive(Debug, Clone, PartialEq)]
pub enum Pull {
    /// At least one event.
    Batch(Batch),
    /// No event came in time: pull again.
    TimedOut,
    /// The client is closed: stop pulling.
    Closed,
}

#[derive(Debug)]
pub(crate) struct Bus {
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    recorder: FlightRecorder,
    clients: HashMap<ClientId, Listener>,
}

#[derive(Debug)]
struct Listener {
    queue: Queue,
    wake: Arc<Condvar>,
}

impl Bus {
    pub(crate) fn new(devices: Devices) -> Arc<Self> {
        let state = State { world: World::new(devices), recorder: FlightRecorder::default(), clients: HashMap::new() };
        Arc::new(Self { state: Mutex::new(state) })
    }

    pub(crate) fn connect(&self) -> ClientId {
        let id = NEXT_CLIENT.fetch_add(1, Ordering::Relaxed);
        let epoch = format!("{}-{id}", std::process::id());
        self.lock().clients.insert(id, Listener { queue: Queue::new(epoch), wake: Arc::default() });
        id
    }

    /// Drops the client; its waiting `pull` returns `Closed`.
    pub(crate) fn disconnect(&self, client: ClientId) {
        if let Some(listener) = self.lock().clients.remove(&client) {
            listener.wake.notify_all();
        }
    }

    pub(crate) fn is_connected(&self, client: ClientId) -> bool {
        self.lock().clients.contains_key(&client)
    }

    /// Tells every client.
    pub(crate) fn publish(&self, event: Event) {
        self.lock().publish(event);
    }

    /// Answers one client, unless it has gone.
    pub(crate) fn reply(&self, client: ClientId, event: Event) {
        if let Some(listener) = self.lock().clients.get_mut(&client) {
            listener.push(event);
        }
    }

    pub(crate) fn record(&self, record: LifecycleRecord) {
        let mut state = self.lock();
        state.recorder.push(record.clone());
        state.publish(Event::Recorded { record });
    }

    /// The flight recorder, oldest first.
    pub(crate) fn log(&self) -> Vec<LifecycleRecord> {
        self.lock().recorder.records()
    }

    /// The state that `client` sees now. A closed client sees an empty one.
    pub(crate) fn snapshot(&self, client: ClientId) -> Snapshot {
        let mut state = self.lock();
        let State { world, clients, .. } = &mut *state;
        let Some(listener) = clients.get_mut(&client) else {
            return World::new(Devices::default()).snapshot("closed".into(), 0);
        };
        let (epoch, seq) = listener.queue.seal();
        world.snapshot(epoch, seq)
    }

    /// A generation's text from an offset on, which counts UTF-16 code units.
    pub(crate) fn replay(&self, generation: &str, offset: u32) -> Result<String> {
        self.lock().world.text_from(generation, offset).ok_or_else(|| no_generation(generation))
    }

    /// A generation's answer so far, as a transcript would keep it.
    pub(crate) fn answer(&self, generation: &str) -> Option<Answer> {
        self.lock().world.answer(generation).map(Answer::without_cut_calls)
    }

    /// Drops the tool calls that were cut short when their generation ended, and tells every client.
    pub(crate) fn drop_cut_calls(&self, generation: &str) {
        let mut state = self.lock();
        let Some(Answer { tool_calls, .. }) = state.world.answer(generation) else { return };
        // Last first, because each drop moves the later calls up.
        for (index, _) in tool_calls.iter().enumerate().rev().filter(|(_, call)| !call.is_whole()) {
            state.publish(Event::ToolCallDropped { generation_id: generation.to_owned(), index: index as u32 });
        }
    }

    /// Whether the generation is queued, running or recently finished.
    pub(crate) fn knows_generation(&self, generation: &str) -> bool {
        self.lock().world.knows(generation)
    }

    /// Waits for events, for at most `timeout` or a day. Batches are at least 16 ms apart.
    pub(crate) fn pull(&self, client: ClientId, timeout: Duration) -> Pull {
        let deadline = Instant::now() + timeout.min(LONGEST_PULL);
        let mut state = self.lock();
        loop {
            let Some(listener) = state.clients.get_mut(&client) else { return Pull::Closed };
            let now = Instant::now();
            let opens = listener.queue.opens(now);
            if opens <= now && !listener.queue.is_empty() {
                return Pull::Batch(listener.queue.take(now));
            }
            if deadline <= now {
                return Pull::TimedOut;
            }
            let until = if opens > now { opens.min(deadline) } else { deadline };
            let wake = listener.wake.clone();
            let waited = wake.wait_timeout(state, until - now).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
        }
    }

    /// The sink for a generation's answer.
    pub(crate) fn sink(self: &Arc<Self>, generation: String) -> Arc<dyn AnswerSink> {
        Arc::new(BusSink::new(self.clone(), generation))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock leaves the world half changed, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn no_generation(generation: &str) -> Error {
    Error::new(
        ErrorCode::GenerationNotFound,
        format!("no generation {generation} is queued, running or recently finished - see the snapshot's generations"),
    )
}

impl State {
    pub(super) fn publish(&mut self, event: Event) {
        self.world.apply(&event);
        for listener in self.clients.values_mut() {
            listener.push(event.clone());
        }
    }
}

impl Listener {
    fn push(&mut self, event: Event) {
        let was_empty = self.queue.is_empty();
        self.queue.push(event);
        // Within a frame the pump waits by the clock. Waking it sooner would take a core from the compute threads for
        // nothing: twice a frame costs a twentieth of the decoding speed on two cores.
        let now = Instant::now();
        if was_empty && self.queue.opens(now) <= now {
            self.wake.notify_all();
        }
    }
}
