//! Runs a [`Partial`] on a thread of its own, so that disk and network work in parallel, and a paused transfer occupies
//! no thread of tokio's blocking pool. The thread ends when the writer is dropped or at the first error, which every
//! later call returns.

use std::path::PathBuf;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::partial::{CompleteFile, Partial};
use super::response::{ExpectedContent, FileIdentity};
use crate::error::{Error, ErrorCode, Result};

/// Batches that may wait for the disk.
const MAX_BATCHES: usize = 8;
/// Size of a batch. One batch wakes the thread once, instead of once per network chunk.
const BATCH_BYTES: usize = 256 << 10;

/// A handle to the thread that writes one file.
pub struct Writer {
    orders: mpsc::Sender<WriterCommand>,
    /// Receives how the thread ended; `None` after that.
    ended: Option<oneshot::Receiver<Result<()>>>,
    /// The state after all queued orders.
    state: Option<(FileIdentity, u64)>,
    batch: Batch,
}

/// Chunks that are queued together.
#[derive(Default)]
struct Batch {
    pieces: Vec<Bytes>,
    bytes: usize,
}

enum WriterCommand {
    Begin(FileIdentity, oneshot::Sender<()>),
    Resume(oneshot::Sender<()>),
    Write(Vec<Bytes>),
    Flush(oneshot::Sender<()>),
    Finish(oneshot::Sender<CompleteFile>),
    Discard(oneshot::Sender<()>),
}

impl Writer {
    /// Opens the folder and reads everything in it.
    pub async fn open(folder: PathBuf, expected: ExpectedContent, spare: u64) -> Result<Self> {
        let (orders, inbox) = mpsc::channel(MAX_BATCHES);
        let (end, ended) = oneshot::channel();
        let (opened, state) = oneshot::channel();
        let work = move || {
            let done = Partial::open(&folder, &expected, spare).and_then(|partial| {
                // The caller may have gone.
                let _ = opened.send(partial.state());
                serve(partial, inbox)
            });
            let _ = end.send(done);
        };
        std::thread::Builder::new().name("llama-download".into()).spawn(work).map_err(|error| {
            let detail = format!("could not start a thread for the download: {error} - try again later");
            Error::new(ErrorCode::Busy, detail).with_source(error)
        })?;
        let mut writer = Self { orders, ended: Some(ended), state: None, batch: Batch::default() };
        writer.state = writer.answer(state).await?;
        Ok(writer)
    }

    /// The file's identity and the number of arrived bytes.
    pub fn state(&self) -> Option<(&FileIdentity, u64)> {
        self.state.as_ref().map(|(identity, written)| (identity, *written))
    }

    /// Whether every byte has arrived.
    pub fn is_whole(&self) -> bool {
        self.state.as_ref().is_some_and(|(identity, written)| *written == identity.length)
    }

    /// See [`Partial::begin`].
    pub async fn begin(&mut self, identity: FileIdentity) -> Result<()> {
        self.state = Some((identity.clone(), 0));
        self.ask(|done| WriterCommand::Begin(identity, done)).await
    }

    /// See [`Partial::resume`].
    pub async fn resume(&mut self) -> Result<()> {
        self.ask(WriterCommand::Resume).await
    }

    /// See [`Partial::write`]. Waits while too many batches are queued.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        if let Some((_, written)) = &mut self.state {
            *written += bytes.len() as u64;
        }
        self.batch.bytes += bytes.len();
        self.batch.pieces.push(bytes);
        if self.batch.bytes < BATCH_BYTES { Ok(()) } else { self.send_batch().await }
    }

    async fn send_batch(&mut self) -> Result<()> {
        let Batch { pieces, .. } = std::mem::take(&mut self.batch);
        match self.orders.send(WriterCommand::Write(pieces)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.failure().await),
        }
    }

    /// See [`Partial::flush`].
    pub async fn flush(&mut self) -> Result<()> {
        self.ask(WriterCommand::Flush).await
    }

    /// See [`Partial::finish`].
    pub async fn finish(&mut self) -> Result<CompleteFile> {
        self.ask(WriterCommand::Finish).await
    }

    /// See [`Partial::discard`].
    pub async fn discard(&mut self) -> Result<()> {
        self.state = None;
        self.ask(WriterCommand::Discard).await
    }

    /// Ends the thread. The file is closed when this returns.
    pub async fn end(mut self) {
        // A cancelled transfer keeps its bytes, unless the thread has failed.
        let _ = self.send_batch().await;
        drop(self.orders);
        if let Some(ended) = self.ended {
            let _ = ended.await;
        }
    }

    async fn ask<T>(&mut self, order: impl FnOnce(oneshot::Sender<T>) -> WriterCommand) -> Result<T> {
        self.send_batch().await?;
        let (reply, answer) = oneshot::channel();
        if self.orders.send(order(reply)).await.is_err() {
            return Err(self.failure().await);
        }
        self.answer(answer).await
    }

    async fn answer<T>(&mut self, answer: oneshot::Receiver<T>) -> Result<T> {
        match answer.await {
            Ok(answer) => Ok(answer),
            Err(_) => Err(self.failure().await),
        }
    }

    /// The error that ended the thread.
    async fn failure(&mut self) -> Error {
        let ended = match self.ended.take() {
            Some(ended) => ended.await.ok().and_then(Result::err),
            None => None,
        };
        ended.unwrap_or_else(|| {
            Error::new(ErrorCode::StorageFailed, "the download's writer thread has ended - try again")
        })
    }
}

/// Executes orders. A reply whose receiver is gone is ignored.
fn serve(mut partial: Partial, mut inbox: mpsc::Receiver<WriterCommand>) -> Result<()> {
    while let Some(order) = inbox.blocking_recv() {
        match order {
            WriterCommand::Begin(identity, reply) => {
                partial.begin(identity)?;
                let _ = reply.send(());
            }
            WriterCommand::Resume(reply) => {
                partial.resume()?;
                let _ = reply.send(());
            }
            WriterCommand::Write(pieces) => pieces.into_iter().try_for_each(|piece| partial.write(piece))?,
            WriterCommand::Flush(reply) => {
                partial.flush()?;
                let _ = reply.send(());
            }
            WriterCommand::Finish(reply) => {
                let _ = reply.send(partial.finish()?);
            }
            WriterCommand::Discard(reply) => {
                partial.discard()?;
                let _ = reply.send(());
            }
        }
    }
    // The transfer was dropped half-way: its bytes are kept.
    partial.flush()
}
