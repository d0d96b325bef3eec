//! One client, and the thread that pumps its events to JavaScript. A lock is held for each emit and taken by `close`,
//! so nothing is emitted after `close` returns.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use llama_rs_core::protocol::Batch;
use napi::bindgen_prelude::{Error, Result, Status};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::ending::{self, OwnManager};

/// Weak, so that it does not keep a process alive.
pub(crate) type EventFunction = ThreadsafeFunction<String, (), String, Status, false, true>;

/// Limit for one pull. Events and `close` wake it at once, so this only bounds a forgotten wait.
const PULL_TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct Connection {
    client: Client,
    state: Mutex<State>,
}

enum State {
    Open {
        /// The port's own manager, shut down when the connection closes.
        own: Option<OwnManager>,
        /// The event callback. Without one, events wait in the client.
        emit: Option<EventFunction>,
    },
    Closed,
}

impl Connection {
    pub(crate) fn new(client: Client, own: Option<OwnManager>) -> Self {
        Self { client, state: Mutex::new(State::Open { own, emit: None }) }
    }

    pub(crate) fn snapshot(&self) -> String {
        serde_json::to_string(&self.client.snapshot()).expect("a snapshot is plain data with string keys")
    }

    pub(crate) fn send(&self, command: &str) {
        self.client.send(command);
    }

    pub(crate) fn is_open(&self) -> bool {
        match *self.state() {
            State::Open { .. } => true,
            State::Closed => false,
        }
    }

    /// Starts the pump. Fails if it runs already; does nothing on a closed connection.
    pub(crate) fn listen(connection: &Arc<Self>, emit: EventFunction) -> Result<()> {
        match &mut *connection.state() {
            State::Open { emit: listening @ None, .. } => *listening = Some(emit),
            State::Open { emit: Some(_), .. } => {
                return Err(Error::from_reason("the port has an event callback already - make another port"));
            }
            State::Closed => return Ok(()),
        }
        let pumped = connection.clone();
        thread::Builder::new().name("llama-events".into()).spawn(move || pumped.pump())?;
        Ok(())
    }

    /// Closes the connection. Waits for nothing. Closing it twice does nothing.
    pub(crate) fn close(&self) {
        let before = std::mem::replace(&mut *self.state(), State::Closed);
        self.client.close();
        if let State::Open { own: Some(manager), .. } = before {
            ending::shut_down(manager);
        }
    }

    fn pump(&self) {
        loop {
            match self.client.next_events(PULL_TIMEOUT) {
                Pull::Batch(batch) => self.emit(&batch),
                Pull::TimedOut => {}
                Pull::Closed => return,
            }
        }
    }

    fn emit(&self, batch: &Batch) {
        let json = serde_json::to_string(batch).expect("a batch is plain data with string keys");
        if let State::Open { emit: Some(emit), .. } = &*self.state() {
            // The call fails only while the thread's environment ends, which closes this connection too.
            emit.call(json, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
