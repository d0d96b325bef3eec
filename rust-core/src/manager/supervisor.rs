//! The one task that owns every model, lease, scope and timer. It takes messages one by one, has the owners change
//! themselves, and carries their effects out. It never blocks: engines, templates, files and timers answer by message.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::dispatch::dispatch;
use super::effects::{Effect, Effects, Timer};
use super::generations::{finish, start};
use super::memory::{eviction, make_room};
use super::message::{Inbox, Mailbox, Message};
use super::models::{Holder, ModelEvent};
use super::owners::Owners;
use super::tasks::{cancel, embedders, one_shot};
use super::{engines, shutdown, suspension};
use crate::engine::ModelLoader;
use crate::events::Bus;

pub(super) struct Supervisor {
    owners: Owners,
    mailbox: Mailbox,
    /// The running timers that a newer one may replace.
    timers: HashMap<TimerKey, AbortHandle>,
    /// Callers of a shutdown that has not ended.
    shutdowns: Vec<oneshot::Sender<()>>,
}

/// A new timer replaces the running timer of its key.
#[derive(PartialEq, Eq, Hash)]
enum TimerKey {
    KeepAlive(String),
    EmbedderIdle(String),
}

impl Supervisor {
    pub(super) fn new(loader: Arc<dyn ModelLoader>, bus: Arc<Bus>, mailbox: Mailbox, runtime: Handle) -> Self {
        let owners = Owners::new(loader, bus, runtime, mailbox.post());
        Self { owners, mailbox, timers: HashMap::new(), shutdowns: Vec::new() }
    }

    pub(super) async fn run(mut self, mut inbox: Inbox) {
        while let Some(message) = inbox.next().await {
            let mut fx = Effects::new(self.owners.bus.clone());
            self.handle(message, &mut fx);
            self.carry_out_all(&mut fx);
            suspension::suspend_if_resting(&mut self.owners, &mut fx);
            self.carry_out_all(&mut fx);
            shutdown::finish(&mut self.owners, &mut self.shutdowns);
        }
    }

    fn handle(&mut self, message: Message, fx: &mut Effects) {
        let it = &mut self.owners;
        match message {
            Message::Command { ticket, command } => dispatch(it, fx, ticket, command),
            Message::Acquire { lease, debug_label, config, reply } => match it.refusal_when_closed() {
                Some(closed) => reply(Err(closed)),
                None => it.models.hold(lease, debug_label, Holder::Client(Some(reply)), config, fx),
            },
            Message::Release { lease } => it.models.release(lease, fx),
            Message::ClientGone { client } => {
                make_room::client_gone(it, fx, client);
                cancel::cancel_of_client(it, fx, client);
            }
            Message::Engine { path, epoch, report } => engines::report(it, fx, &path, epoch, report),
            Message::Continue(then) => then(it, fx),
            Message::Timer(timer) => self.timer_elapsed(timer, fx),
            Message::Shutdown { done } => {
                self.shutdowns.push(done);
                shutdown::begin(it, fx);
            }
        }
    }

    fn carry_out_all(&mut self, fx: &mut Effects) {
        while let Some(effect) = fx.next() {
            self.carry_out(effect, fx);
        }
    }

    fn carry_out(&mut self, effect: Effect, fx: &mut Effects) {
        let it = &mut self.owners;
        match effect {
            Effect::StartEngine { path, epoch, config } => {
                engines::start_engine(it, &self.mailbox, path, epoch, config);
            }
            Effect::StopEngine { path } => engines::stop_engine(it, path),
            Effect::EndWaiting { path } => {
                finish::end_waiting(it, fx, &path);
                one_shot::end_waiting(it, fx, &path);
            }
            Effect::AnswerUnload { path, result } => it.models.answer_unload(&path, &result),
            Effect::EvictOthers { path } => eviction::evict_others(it, fx, &path),
            Effect::GenerationLeaseAnswered { generation, result } => {
                start::lease_answered(it, fx, &generation, result);
            }
            Effect::TaskLeaseAnswered { lease, result } => one_shot::lease_answered(it, fx, lease, result),
            Effect::EngineGone { path, orphans, error } => engines::gone(it, fx, &path, orphans, error),
            Effect::BeginNext { scope } => start::begin_next(it, fx, &scope),
            Effect::StartTimer { timer, after } => self.start_timer(timer, after),
        }
    }

    fn start_timer(&mut self, timer: Timer, after: Duration) {
        let (key, mailbox) = (key_of(&timer), self.mailbox.clone());
        let task = self.owners.runtime.spawn(async move {
            tokio::time::sleep(after).await;
            mailbox.tell(Message::Timer(timer));
        });
        // A screen that opens and closes many times must not leave a long timer behind each time.
        if let Some(replaced) = key.and_then(|key| self.timers.insert(key, task.abort_handle())) {
            replaced.abort();
        }
    }

    fn timer_elapsed(&mut self, timer: Timer, fx: &mut Effects) {
        let it = &mut self.owners;
        match timer {
            Timer::KeepAlive { path, number } => {
                it.models.on(&path, ModelEvent::KeepAliveElapsed { timer: number }, fx);
            }
            Timer::EmbedderIdle { path, used } => embedders::idle_elapsed(it, &path, used),
            Timer::EvictionOverdue { ask } => make_room::eviction_overdue(it, fx, ask),
        }
    }
}

fn key_of(timer: &Timer) -> Option<TimerKey> {
    match timer {
        Timer::KeepAlive { path, .. } => Some(TimerKey::KeepAlive(path.clone())),
        Timer::EmbedderIdle { path, .. } => Some(TimerKey::EmbedderIdle(path.clone())),
        // Each request to residents has its own deadline.
        Timer::EvictionOverdue { .. } => None,
    }
}
