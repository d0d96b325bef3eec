//! Digests and syncs beside the thread that writes: one core hashes while another one writes, and the disk works while both
//! do.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use bytes::Bytes;

use crate::store::digest::{Digest, Hasher};

/// Pieces that wait to be hashed.
const MAX_PIECES: usize = 16;

/// A digest whose bytes are hashed on a thread of its own. The thread ends when this is dropped.
pub struct Hashing {
    pieces: SyncSender<Bytes>,
    thread: JoinHandle<Hasher>,
}

impl Hashing {
    /// Goes on from what was hashed before.
    pub fn start(hasher: Hasher) -> io::Result<Self> {
        let (pieces, inbox) = sync_channel(MAX_PIECES);
        let thread = Builder::new().name("llama-hash".into()).spawn(move || hash(hasher, &inbox))?;
        Ok(Self { pieces, thread })
    }

    /// Takes the next bytes. Waits while too many are not hashed yet.
    pub fn update(&self, bytes: Bytes) {
        self.pieces.send(bytes).expect("the thread takes what comes until this is dropped");
    }

    /// Of all of them.
    pub fn finish(self) -> Digest {
        drop(self.pieces);
        self.thread.join().expect("hashing does not fail").finish()
    }
}

fn hash(mut hasher: Hasher, inbox: &Receiver<Bytes>) -> Hasher {
    while let Ok(bytes) = inbox.recv() {
        hasher.update(&bytes);
    }
    hasher
}

/// Puts on the disk what was written of some files, from time to time, while more is written. What fails here fails again
/// where somebody waits for it.
#[derive(Default)]
pub struct Syncing {
    running: Option<JoinHandle<()>>,
}

impl Syncing {
    /// Begins, unless the last one is not done yet.
    pub fn begin(&mut self, files: [io::Result<File>; 2]) {
        if self.running.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let sync = move || files.into_iter().flatten().for_each(|file| drop(file.sync_data()));
        self.running = Builder::new().name("llama-sync".into()).spawn(sync).ok();
    }
}
