//! Cancels generations. One that waits ends at once. One that is being rendered or computed gets a flag, and ends when
//! `rendering` or the engine sees it.

use super::finish::end_unstarted;
use super::generation::Stage;
use crate::events::no_generation;
use crate::manager::effects::Effects;
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::protocol::FinishReason;

/// `reply` is called when the generation has ended. Cancelling a finished generation is no error.
pub(in crate::manager) fn cancel(it: &mut Owners, fx: &mut Effects, id: &str, reply: Reply) {
    match it.generations.get_mut(id) {
        Some(generation) => {
            generation.cancels.push(reply);
            cancel_generation(it, fx, id);
        }
        None => reply(if it.bus.knows_generation(id) { Ok(()) } else { Err(no_generation(id)) }),
    }
}

pub(in crate::manager) fn cancel_generation(it: &mut Owners, fx: &mut Effects, id: &str) {
    let Some(generation) = it.generations.get(id) else { return };
    generation.cancel.cancel();
    match generation.stage {
        Stage::WaitingForScope(_) | Stage::WaitingForModel(_) => {
            end_unstarted(it, fx, id, FinishReason::Cancelled, None);
        }
        // Ends as soon as its template is applied.
        Stage::Rendering(_) => {}
        Stage::Running(_) => {
            if let Some(engine) = it.models.engine(&generation.config.path) {
                engine.wake();
            }
        }
    }
}
