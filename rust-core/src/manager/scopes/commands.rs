//! Commands about scopes: park, rewind, set persist, delete.

use tokio::sync::mpsc;

use super::disposal::finish_deletion;
use super::scope::Kv;
use super::table::no_scope;
use crate::engine::EngineCommand;
use crate::error::{Error, ErrorCode};
use crate::manager::effects::Effects;
use crate::manager::generations::cancel::cancel_generation;
use crate::manager::generations::prefill_ahead;
use crate::manager::kv::save::{save_transcript, write};
use crate::manager::kv::saved_files::{forget_file, remove_saved, remove_saved_kv};
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::protocol::Persist;

pub(in crate::manager) fn park(it: &mut Owners, id: &str, reply: Reply) {
    let path = match it.scopes.resting(id) {
        Ok(scope) if matches!(scope.kv, Kv::Resident(_)) => scope.model.clone(),
        Ok(_) => return reply(Ok(())),
        Err(error) => return reply(Err(error)),
    };
    prefill_ahead::call_off(it, id);
    // The engine reports `Parked` before this reply, so the scope counts as parked when the caller hears of it.
    let parked = it.here(|_it, _fx, result| reply(result));
    it.models.ask_engine(&path, EngineCommand::Park { scope: id.to_owned(), reply: parked });
}

pub(in crate::manager) fn rewind(it: &mut Owners, fx: &mut Effects, id: &str, index: u32, reply: Reply) {
    if let Err(error) = it.scopes.resting(id) {
        return reply(Err(error));
    }
    prefill_ahead::call_off(it, id);
    let Some(scope) = it.scopes.get_mut(id) else { return reply(Err(no_scope(id))) };
    let count = scope.transcript().len();
    match scope.rewind(index as usize) {
        Some(change) => {
            it.scopes.publish_transcript(id, change, fx);
            save_transcript(it, id);
            reply(Ok(()));
        }
        None => {
            let detail = format!("messageIndex {index} of scope {id} is out of range - use 0 to {count}");
            reply(Err(Error::new(ErrorCode::InvalidOptions, detail)));
        }
    }
}

pub(in crate::manager) fn set_persist(it: &mut Owners, fx: &mut Effects, id: &str, persist: Persist, reply: Reply) {
    let Some(scope) = it.scopes.get_mut(id) else { return reply(Err(no_scope(id))) };
    scope.persist = persist;
    it.scopes.publish(id, fx);
    if it.disk.is_none() {
        return reply(Ok(()));
    }
    match persist {
        Persist::None => remove_saved(it, fx, id, reply),
        Persist::Transcript => {
            save_transcript(it, id);
            remove_saved_kv(it, fx, id, reply);
        }
        Persist::Full => write(it, id, None, reply),
    }
}

/// Cancels the scope's generations, then forgets the scope everywhere.
pub(in crate::manager) fn delete_scope(it: &mut Owners, fx: &mut Effects, id: &str, reply: Reply) {
    let Some(generations) = it.scopes.mark_deleted(id, reply) else { return };
    prefill_ahead::call_off(it, id);
    for generation in generations {
        cancel_generation(it, fx, &generation);
    }
    finish_deletion(it, fx, id);
}

/// Deletes every scope, then every other file of the directory.
pub(in crate::manager) fn delete_all_scopes(it: &mut Owners, fx: &mut Effects, reply: Reply) {
    let (sender, mut deleted) = mpsc::unbounded_channel::<()>();
    for id in it.scopes.ids() {
        let sender = sender.clone();
        delete_scope(it, fx, &id, Box::new(move |_| drop(sender)));
    }
    drop(sender);
    let post = it.post.clone();
    it.runtime.spawn(async move {
        // Ends when the last deletion has dropped its sender.
        let _none = deleted.recv().await;
        post.send(move |it, fx| clear_directory(it, fx, reply));
    });
}

fn clear_directory(it: &mut Owners, fx: &mut Effects, reply: Reply) {
    if it.disk.is_none() {
        // There is nothing to remove, or a shutdown has given the directory back.
        return reply(it.refusal_when_closed().map_or(Ok(()), Err));
    }
    // Scopes that were made meanwhile lose their files with the others.
    let late = it.scopes.ids();
    for id in &late {
        forget_file(it, fx, id);
    }
    it.on_disk(|storage| storage.remove_all(), |_it, _fx, result| reply(result));
    for id in late {
        save_transcript(it, &id);
    }
}
