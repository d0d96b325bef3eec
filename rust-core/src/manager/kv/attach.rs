//! Takes over the directory of saved scopes when the host names it.

use super::disk_writer::DiskWriter;
use super::restore::record_set_aside;
use super::save::save_transcript;
use super::saved_files::{keep_saved_budget, remove_saved, remove_saved_kv};
use crate::error::Result;
use crate::kv::{FoundScope, Storage, StorageContents};
use crate::manager::effects::Effects;
use crate::manager::owners::Owners;
use crate::manager::scopes::Scope;
use crate::protocol::Persist;

/// Takes over the scopes that an earlier process left. A scope that exists already stays as it is: its transcript
/// replaces the file of the same id, and the KV file of that id is removed.
pub(in crate::manager) fn open(
    it: &mut Owners,
    fx: &mut Effects,
    storage: Storage,
    found: StorageContents,
) -> Result<()> {
    if let Some(closed) = it.refusal_when_closed() {
        return Err(closed);
    }
    let before = it.scopes.ids();
    let mut disk = DiskWriter::new(storage, it.saved_budget)?;
    for FoundScope { transcript, kv } in found.scopes {
        let id = transcript.scope.clone();
        if let Some(kv) = &kv {
            disk.index.put(&id, *kv, transcript.last_used_at);
        }
        it.scopes.get_or_insert(&id, || Scope::found(transcript, kv));
    }
    it.disk = Some(disk);
    for id in it.scopes.ids() {
        it.scopes.publish(&id, fx);
    }
    for id in before {
        match it.scopes.get(&id).map(|scope| scope.persist) {
            Some(Persist::None) => remove_saved(it, fx, &id, Box::new(|_| {})),
            Some(Persist::Transcript | Persist::Full) => {
                save_transcript(it, &id);
                remove_saved_kv(it, fx, &id, Box::new(|_| {}));
            }
            None => {}
        }
    }
    for set_aside in found.set_aside {
        record_set_aside(fx, set_aside);
    }
    keep_saved_budget(it, fx);
    Ok(())
}
