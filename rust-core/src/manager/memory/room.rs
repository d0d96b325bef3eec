//! What a load that ran out of memory waits for before its last try: idle models that are being unloaded, models that were
//! on their way out anyway, residents that were asked to go.

use std::collections::HashSet;

use super::Leaving;
use crate::manager::entry;
use crate::manager::supervisor::Supervisor;

/// The room of one model.
#[derive(Default)]
pub(super) struct Room {
    pub(super) leaving: Leaving,
    /// Who has gone so far.
    pub(super) freed: usize,
}

impl Supervisor {
    /// Unloads every other idle model and asks residents to go. `RoomMade` follows when they have gone; a resident that does
    /// not go in time is not waited for.
    pub(in crate::manager) fn evict_others(&mut self, path: &str) {
        let others = || self.models.iter().filter(|(other, _)| other.as_str() != path);
        let idle: Vec<String> =
            others().filter(|(_, model)| model.entry.is_idle()).map(|(other, _)| other.clone()).collect();
        let stopping = others().filter(|(_, model)| model.is_stopping()).map(|(other, _)| other.clone());
        let models: HashSet<String> = stopping.chain(idle.iter().cloned()).collect();
        let residents = self.ask_residents(&format!("{path} needs the memory"));
        self.memory.rooms.insert(path.to_owned(), Room { leaving: Leaving { models, residents }, freed: 0 });
        for other in idle {
            self.drive(&other, entry::Event::Evict);
        }
        self.tell_of_room();
    }

    /// Lets every load whose room is complete try once more.
    pub(super) fn tell_of_room(&mut self) {
        let complete = self.memory.rooms.extract_if(|_, room| room.leaving.is_empty());
        for (wanting, room) in complete.collect::<Vec<_>>() {
            self.drive(&wanting, entry::Event::RoomMade { freed: room.freed });
        }
    }
}
