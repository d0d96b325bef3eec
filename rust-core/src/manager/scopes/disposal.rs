//! Forgets a deleted scope everywhere. Its id may be used again at once, for a new scope that shares nothing with it.

use crate::error::Result;
use crate::manager::effects::Effects;
use crate::manager::kv::saved_files::remove_saved;
use crate::manager::owners::Owners;

/// Forgets the scope if it is to be deleted and its last generation has ended.
pub(in crate::manager) fn finish_deletion(it: &mut Owners, fx: &mut Effects, id: &str) {
    let Some(callers) = it.scopes.remove_deleted(id, fx) else { return };
    for path in it.models.paths() {
        drop_from_engine(it, path, id);
    }
    let answer = move |result: Result<()>| callers.into_iter().for_each(|reply| reply(result.clone()));
    remove_saved(it, fx, id, Box::new(answer));
}

fn drop_from_engine(it: &mut Owners, path: String, id: &str) {
    let Some(epoch) = it.models.epoch(&path) else { return };
    let scope = id.to_owned();
    let confirmed = it.here({
        let path = path.clone();
        move |it, _fx, _nothing_left| {
            if let Some(engine) = it.models.engine_of(&path, epoch) {
                engine.scope_dropped(&scope);
            }
        }
    });
    if let Some(engine) = it.models.engine_mut(&path).filter(|engine| engine.is_loaded()) {
        engine.drop_scope(id, confirmed);
    }
}
