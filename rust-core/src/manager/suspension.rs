//! Suspends the manager for the background: stops computing, saves KV that would be lost, and continues on `resume`.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::effects::Effects;
use super::generations::{prefill_ahead, start};
use super::kv::save::{after_writing, save_each, save_transcript, unsaved};
use super::library::downloading;
use super::models::ModelEvent;
use super::owners::{Owners, PendingSuspension};
use super::tasks::one_shot;
use super::ticket::Reply;
use crate::engine::EngineCommand;
use crate::protocol::{Event, LifecycleEvent, SuspendAfter};

/// Suspends now, or when no generation runs or waits any more.
pub(super) fn suspend_after(
    it: &mut Owners,
    fx: &mut Effects,
    deadline: Duration,
    after: Option<SuspendAfter>,
    reply: Reply,
) {
    match after {
        None => suspend(it, fx, deadline, reply),
        Some(SuspendAfter::Generations) => it.suspensions.push(PendingSuspension { deadline, reply }),
    }
}

/// Begins the waiting suspensions once the last generation has ended, or another suspension has begun. Called after
/// every message.
pub(super) fn suspend_if_resting(it: &mut Owners, fx: &mut Effects) {
    if it.suspensions.is_empty() || !(it.generations.is_empty() || it.suspended) {
        return;
    }
    for PendingSuspension { deadline, reply } in std::mem::take(&mut it.suspensions) {
        suspend(it, fx, deadline, reply);
    }
}

/// Stops every engine at its next step, then saves scopes until the deadline. A second call while suspended saves the
/// rest.
fn suspend(it: &mut Owners, fx: &mut Effects, deadline: Duration, reply: Reply) {
    if !it.suspended {
        it.suspended = true;
        fx.publish(Event::SuspensionChanged { suspended: true });
        it.models.on_all(&ModelEvent::Suspend, fx);
        downloading::suspend(it, fx);
        for scope in it.prefills.scopes() {
            prefill_ahead::call_off(it, &scope);
        }
    }
    let mut stopping = Vec::new();
    for path in it.models.paths() {
        let (done, stopped) = oneshot::channel();
        // If the engine is not loaded, or is about to exit, the reply gets an error at once, which counts as stopped.
        let reply = Box::new(move |result| drop(done.send(result)));
        it.models.ask_engine(&path, EngineCommand::Suspend { reply });
        stopping.push(stopped);
    }
    let post = it.post.clone();
    it.runtime.spawn(async move {
        for stopped in stopping {
            let _stopped_or_gone = stopped.await;
        }
        post.send(move |it, _fx| save_before_deadline(it, deadline, reply));
    });
}

fn save_before_deadline(it: &mut Owners, deadline: Duration, reply: Reply) {
    // The transcript of a running generation is saved as if the generation were cancelled now.
    for id in it.scopes.ids_where(|scope| !scope.generations.is_empty()) {
        save_transcript(it, &id);
    }
    let until = Instant::now() + deadline;
    save_each(it, unsaved(it, None), Some(until), move |it, _fx, saved_scopes| {
        after_writing(it, until, move |_it, fx| {
            fx.record_all(LifecycleEvent::Suspended { saved_scopes }, "the host asked".into());
            reply(Ok(()));
        });
    });
}

pub(super) fn resume(it: &mut Owners, fx: &mut Effects, reply: Reply) {
    for PendingSuspension { reply, .. } in std::mem::take(&mut it.suspensions) {
        reply(Ok(()));
    }
    if it.suspended {
        it.suspended = false;
        fx.publish(Event::SuspensionChanged { suspended: false });
        fx.record_all(LifecycleEvent::Resumed, "the host asked".into());
        for path in it.models.paths() {
            it.models.ask_engine(&path, EngineCommand::Resume);
        }
        it.models.on_all(&ModelEvent::Resume, fx);
        downloading::resume(it, fx);
        start::ask_again(it, fx);
        one_shot::ask_again(it, fx);
    }
    reply(Ok(()));
}
