//! The directory of saved scopes: taken over when the host names it, given back at the end.

use crate::error::Result;
use crate::kv::{FoundScope, SetAside, Storage, StorageContents};
use crate::manager::disk::Disk;
use crate::manager::scope::Scope;
use crate::manager::supervisor::Supervisor;
use crate::protocol::{LifecycleEvent, Persist};

impl Supervisor {
    /// Takes over what an earlier process left. A scope that has been talked to already stays as it is, and what was found
    /// of its id goes as far as nothing newer takes its place.
    pub(in crate::manager) fn open(&mut self, storage: Storage, found: StorageContents) -> Result<()> {
        if let Some(closed) = self.refusal_when_closed() {
            return Err(closed);
        }
        let before: Vec<String> = self.scopes.keys().cloned().collect();
        let mut disk = Disk::new(storage, self.saved_budget)?;
        for FoundScope { transcript, kv } in found.scopes {
            let id = transcript.scope.clone();
            if let Some(kv) = &kv {
                disk.shelf.put(&id, *kv, transcript.last_used_at);
            }
            self.scopes.entry(id).or_insert_with(|| Scope::found(transcript, kv));
        }
        self.disk = Some(disk);
        for id in self.scopes.keys().cloned().collect::<Vec<_>>() {
            self.publish_scope(&id);
        }
        for id in before {
            match self.scopes.get(&id).map(|scope| scope.persist) {
                Some(Persist::None) => self.remove_saved(&id, Box::new(|_| {})),
                Some(Persist::Transcript | Persist::Full) => {
                    self.save_transcript(&id);
                    self.remove_saved_kv(&id, Box::new(|_| {}));
                }
                None => {}
            }
        }
        for set_aside in found.set_aside {
            self.record_set_aside(set_aside);
        }
        self.keep_saved_budget();
        Ok(())
    }

    pub(super) fn record_set_aside(&mut self, set_aside: SetAside) {
        let SetAside { file, reason } = set_aside;
        self.record_all(LifecycleEvent::FileSetAside { file }, reason);
    }
}
