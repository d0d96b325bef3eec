//! What hosts hear of how full a scope's context is.

use super::overflow::Fitted;
use super::supervisor::Supervisor;
use crate::protocol::{Event, LifecycleEvent};

impl Supervisor {
    /// A turn is about to show the model this much of its scope.
    pub(super) fn fitted(&mut self, path: &str, id: &str, fitted: &Fitted) {
        let Some(scope) = self.scopes.get_mut(id) else { return };
        if scope.dropped() != fitted.dropped {
            let shifted = scope.dropped() < fitted.dropped;
            scope.drop_oldest(fitted.dropped);
            self.hub.publish(Event::ScopeChanged { scope: scope.summary() });
            if shifted {
                let event =
                    LifecycleEvent::ScopeShifted { scope: id.to_owned(), dropped_messages: fitted.dropped as u32 };
                self.record(path, event, "the conversation left too little room for an answer".into());
            }
        }
        self.watch_fullness(path, id, fitted.prompt.tokens.len() as u32);
    }

    /// A scope holds this many tokens, or is about to.
    pub(super) fn watch_fullness(&mut self, path: &str, id: &str, tokens: u32) {
        let Some(context_size) = self.models.get(path).and_then(|it| it.entry.info()).map(|info| info.context_size)
        else {
            return;
        };
        let Some(scope) = self.scopes.get_mut(id).filter(|scope| scope.model == path) else { return };
        // A prompt that is longer is refused, and the scope stays as it is.
        if tokens <= context_size && scope.becomes_nearly_full(tokens, context_size) {
            let event = LifecycleEvent::ScopeNearlyFull { scope: id.to_owned(), tokens, context_size };
            self.record(path, event, "more than 80 % of its context is used".into());
        }
    }
}
