//! Shuts the manager down: stops every engine, then gives the directory back.

use tokio::sync::oneshot;

use super::effects::Effects;
use super::models::ModelEvent;
use super::owners::Owners;

/// Unloads every model. From now on commands that would load a model or change a scope are refused.
pub(super) fn begin(it: &mut Owners, fx: &mut Effects) {
    it.closed = true;
    it.library.end_downloads(fx);
    for path in it.models.paths() {
        it.models.on(&path, ModelEvent::Unload, fx);
    }
}

/// Once no engine is left, joins the remaining threads, then answers the callers of the shutdown.
pub(super) fn finish(it: &mut Owners, callers: &mut Vec<oneshot::Sender<()>>) {
    if callers.is_empty() || it.models.engines().next().is_some() {
        return;
    }
    let (mut joins, callers) = (std::mem::take(&mut it.joins), std::mem::take(callers));
    if let Some(disk) = it.disk.take() {
        // The caller of the shutdown may open the directory again at once.
        let thread = disk.close();
        joins.push(it.runtime.spawn_blocking(move || drop(thread.join())));
    }
    it.runtime.spawn(async move {
        for join in joins {
            let _panicked = join.await;
        }
        for caller in callers {
            let _gone = caller.send(());
        }
    });
}
