//! Publishes how full a scope's context is.

use crate::manager::effects::Effects;
use crate::manager::owners::Owners;
use crate::protocol::{Event, LifecycleEvent};

/// A generation is about to show its model this many tokens of its scope, without the `dropped` oldest messages.
pub(in crate::manager) fn fitted(
    it: &mut Owners,
    fx: &mut Effects,
    path: &str,
    id: &str,
    (tokens, dropped): (u32, usize),
) {
    let Some(scope) = it.scopes.get_mut(id) else { return };
    if scope.dropped() != dropped {
        let drops_more = scope.dropped() < dropped;
        scope.drop_oldest(dropped);
        fx.publish(Event::ScopeChanged { scope: scope.summary() });
        if drops_more {
            let event = LifecycleEvent::ScopeShifted { scope: id.to_owned(), dropped_messages: dropped as u32 };
            fx.record(path, event, "the conversation left too little room for an answer".into());
        }
    }
    watch(it, fx, path, id, tokens);
}

/// A scope holds this many tokens, or is about to.
pub(in crate::manager) fn watch(it: &mut Owners, fx: &mut Effects, path: &str, id: &str, tokens: u32) {
    let Some(context_size) = it.models.info(path).map(|info| info.context_size) else { return };
    let Some(scope) = it.scopes.get_mut(id).filter(|scope| scope.model == path) else { return };
    // A longer prompt is refused, and the scope stays as it is.
    if tokens <= context_size && scope.becomes_nearly_full(tokens, context_size) {
        let event = LifecycleEvent::ScopeNearlyFull { scope: id.to_owned(), tokens, context_size };
        fx.record(path, event, "more than 80 % of its context is used".into());
    }
}
