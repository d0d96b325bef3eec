//! Hashes and syncs beside the writing thread, so that hashing and the disk run in parallel with it.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use bytes::Bytes;

use crate::store::digest::{Digest, Hasher};

/// Chunks that may wait for hashing.
const MAX_PIECES: usize = 16;

/// Computes a digest on a thread of its own. The thread ends when this is dropped.
pub struct HashThread {
    pieces: SyncSender<Bytes>,
    thread: JoinHandle<Hasher>,
}

impl HashThread {
    /// Continues from an earlier state.
    pub fn start(hasher: Hasher) -> io::Result<Self> {
        let (pieces, inbox) = sync_channel(MAX_PIECES);
        let thread = Builder::new().name("llama-hash".into()).spawn(move || hash(hasher, &inbox))?;
        Ok(Self { pieces, thread })
    }

    /// Adds the next bytes. Waits while too many are queued.
    pub fn update(&self, bytes: Bytes) {
        self.pieces.send(bytes).expect("the thread takes what comes until this is dropped");
    }

    /// Returns the digest of all bytes.
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

/// Syncs files from time to time while they are written. Errors are ignored here: the final sync, whose caller waits,
/// reports them.
#[derive(Default)]
pub struct SyncThread {
    running: Option<JoinHandle<()>>,
}

impl SyncThread {
    /// Starts a sync, unless the last one is still running.
    pub fn begin(&mut self, files: [io::Result<File>; 2]) {
        if self.running.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let sync = move || files.into_iter().flatten().for_each(|file| drop(file.sync_data()));
        self.running = Builder::new().name("llama-sync".into()).spawn(sync).ok();
    }
}
