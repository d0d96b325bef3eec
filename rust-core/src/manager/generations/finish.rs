//! Ends generations. Every end goes through [`finished`].

use crate::engine::{Answer, Finished};
use crate::error::Error;
use crate::manager::effects::{Effect, Effects, now_ms};
use crate::manager::kv::save::save_transcript;
use crate::manager::models::unloaded;
use crate::manager::owners::Owners;
use crate::manager::scopes::disposal::finish_deletion;
use crate::protocol::{Event, FinishReason, GenerationPhase, Outcome, Timings, Usage};

/// Fails the generations that wait for a model that was unloaded. The engine ends the generations that it has.
pub(in crate::manager) fn end_waiting(it: &mut Owners, fx: &mut Effects, path: &str) {
    for id in it.generations.waiting_for(path) {
        end_unstarted(it, fx, &id, FinishReason::Failed, Some(unloaded(path)));
    }
}

/// Ends generations whose engine exited without a result for them.
pub(in crate::manager) fn fail_orphans(
    it: &mut Owners,
    fx: &mut Effects,
    orphans: Vec<String>,
    error: Option<&Error>,
    path: &str,
) {
    for id in orphans {
        let error = error.cloned().unwrap_or_else(|| unloaded(path));
        end_unstarted(it, fx, &id, FinishReason::Failed, Some(error));
    }
}

/// Ends a generation without a result from the engine.
pub(in crate::manager) fn end_unstarted(
    it: &mut Owners,
    fx: &mut Effects,
    id: &str,
    reason: FinishReason,
    error: Option<Error>,
) {
    let Some(generation) = it.generations.get(id) else { return };
    let waited = generation.requested_at.elapsed().as_secs_f64() * 1000.0;
    let result = Finished {
        generation: id.to_owned(),
        reason,
        error,
        answer: Answer::default(),
        usage: Usage::default(),
        timings: Timings { queued_ms: waited, ..Timings::default() },
    };
    finished(it, fx, result);
}

/// Ends a generation: its messages stay in the transcript or are taken back, clients are told, its lease is released,
/// and the scope's next generation begins.
pub(in crate::manager) fn finished(it: &mut Owners, fx: &mut Effects, finished: Finished) {
    let Finished { generation: id, reason, error, answer, usage, timings } = finished;
    let Some(generation) = it.generations.remove(&id) else { return };
    if let Some(engine) = it.models.engine_mut(&generation.config.path) {
        engine.count_prefill(usage.prefilled_tokens, timings.prefill_ms);
    }
    let scope_id = generation.scope;
    if let Some(scope) = it.scopes.get_mut(&scope_id) {
        scope.generations.retain(|other| *other != id);
        scope.last_used_at = now_ms();
        if let Some(disk) = &mut it.disk {
            disk.index.touch(&scope_id, scope.last_used_at);
        }
        let succeeded = matches!(reason, FinishReason::Stop | FinishReason::Length | FinishReason::ToolCalls);
        let keep = succeeded || (generation.options.keep_partial && !answer.is_empty());
        let change =
            generation.stage.into_undo().map(|undo| if keep { scope.commit(answer) } else { scope.undo(undo) });
        if let Some(change) = change {
            it.scopes.publish_transcript(&scope_id, change, fx);
            save_transcript(it, &scope_id);
        }
    }
    it.bus.drop_cut_calls(&id);
    let outcome = Outcome { reason, error, usage, timings };
    let phase = GenerationPhase::Finished { outcome };
    fx.publish(Event::PhaseChanged { generation_id: id, phase });
    for reply in generation.cancels {
        reply(Ok(()));
    }
    it.models.release(generation.lease, fx);
    finish_deletion(it, fx, &scope_id);
    fx.push(Effect::BeginNext { scope: scope_id });
}
