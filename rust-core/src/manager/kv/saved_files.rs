//! The files of saved scopes: their budget, and their removal.

use crate::manager::effects::Effects;
use crate::manager::owners::Owners;
use crate::manager::scopes::Kv;
use crate::manager::ticket::Reply;
use crate::protocol::LifecycleEvent;

pub(in crate::manager) fn set_saved_budget(it: &mut Owners, fx: &mut Effects, budget: Option<u64>) {
    if let Some(budget) = budget {
        it.saved_budget = budget;
    }
    if let Some(disk) = &mut it.disk {
        disk.index.set_budget(it.saved_budget);
    }
    keep_saved_budget(it, fx);
}

/// Removes the least recently used files until the rest fits.
pub(in crate::manager) fn keep_saved_budget(it: &mut Owners, fx: &mut Effects) {
    let over = it.disk.as_ref().map(|disk| disk.index.over_budget()).unwrap_or_default();
    for id in over {
        let uncached = it.scopes.get(&id).is_some_and(|scope| scope.kv == Kv::Uncached);
        let model = it.scopes.get(&id).map(|scope| scope.model.clone());
        remove_saved_kv(it, fx, &id, Box::new(|_| {}));
        if let Some(model) = model.filter(|_| uncached) {
            fx.record(&model, LifecycleEvent::ScopeDropped { scope: id }, "savedBudgetBytes is used up".to_owned());
        }
    }
}

/// Removes all files of a scope.
pub(in crate::manager) fn remove_saved(it: &mut Owners, fx: &mut Effects, id: &str, reply: Reply) {
    if it.disk.is_none() {
        return reply(Ok(()));
    }
    remove_saved_kv(it, fx, id, Box::new(|_| {}));
    let file = id.to_owned();
    it.on_disk(move |storage| storage.remove(&file), |_it, _fx, result| reply(result));
}

/// Removes a scope's KV file. Its transcript stays.
pub(in crate::manager) fn remove_saved_kv(it: &mut Owners, fx: &mut Effects, id: &str, reply: Reply) {
    forget_file(it, fx, id);
    let file = id.to_owned();
    it.on_disk(move |storage| storage.remove_kv(&file), |_it, _fx, result| reply(result));
}

/// Forgets a scope's KV file, which is about to be removed.
pub(in crate::manager) fn forget_file(it: &mut Owners, fx: &mut Effects, id: &str) {
    if let Some(disk) = &mut it.disk {
        disk.index.remove(id);
    }
    if let Some(scope) = it.scopes.get_mut(id) {
        scope.forget_file();
    }
    it.scopes.publish(id, fx);
}
