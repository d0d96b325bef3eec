//! A [`Partial`] on a thread of its own, so that the disk and the network work at once and a paused transfer takes nothing
//! from tokio's blocking pool. The thread ends when its writer is dropped, or at the first failure, which every later call
//! reports.

use std::path::PathBuf;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::partial::{Arrived, Partial};
use super::response::{ExpectedContent, Identity};
use crate::error::{Error, ErrorCode, Result};

/// Batches on their way to the disk.
const MAX_BATCHES: usize = 8;
/// So many bytes wake the thread once, and not for every piece that the network gives.
const BATCH_BYTES: usize = 256 << 10;

/// The way to the thread that writes one file.
pub struct Writer {
    orders: mpsc::Sender<Order>,
    /// Until it has said how it ended.
    ended: Option<oneshot::Receiver<Result<()>>>,
    /// What will have been written when all orders are done.
    state: Option<(Identity, u64)>,
    batch: Batch,
}

/// Pieces that go together.
#[derive(Default)]
struct Batch {
    pieces: Vec<Bytes>,
    bytes: usize,
}

enum Order {
    Begin(Identity, oneshot::Sender<()>),
    GoOn(oneshot::Sender<()>),
    Write(Vec<Bytes>),
    Flush(oneshot::Sender<()>),
    Finish(oneshot::Sender<Arrived>),
    Discard(oneshot::Sender<()>),
}

impl Writer {
    /// Takes up what the folder holds. Reads all of it.
    pub async fn open(folder: PathBuf, expected: ExpectedContent, spare: u64) -> Result<Self> {
        let (orders, inbox) = mpsc::channel(MAX_BATCHES);
        let (end, ended) = oneshot::channel();
        let (opened, state) = oneshot::channel();
        let work = move || {
            let done = Partial::open(&folder, &expected, spare).and_then(|partial| {
                // Whoever asked may have gone.
                let _ = opened.send(partial.state());
                serve(partial, inbox)
            });
            let _ = end.send(done);
        };
        std::thread::Builder::new().name("llama-download".into()).spawn(work).map_err(|error| {
            Error::new(ErrorCode::Busy, format!("could not start a thread for the download: {error} - try again later"))
        })?;
        let mut writer = Self { orders, ended: Some(ended), state: None, batch: Batch::default() };
        writer.state = writer.answer(state).await?;
        Ok(writer)
    }

    /// What has come, and how many bytes of it.
    pub fn state(&self) -> Option<(&Identity, u64)> {
        self.state.as_ref().map(|(identity, written)| (identity, *written))
    }

    /// Whether every byte has come.
    pub fn is_whole(&self) -> bool {
        self.state.as_ref().is_some_and(|(identity, written)| *written == identity.length)
    }

    /// See [`Partial::begin`].
    pub async fn begin(&mut self, identity: Identity) -> Result<()> {
        self.state = Some((identity.clone(), 0));
        self.ask(|done| Order::Begin(identity, done)).await
    }

    /// See [`Partial::go_on`].
    pub async fn go_on(&mut self) -> Result<()> {
        self.ask(Order::GoOn).await
    }

    /// See [`Partial::write`]. Waits while too much is on its way.
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
        match self.orders.send(Order::Write(pieces)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.failure().await),
        }
    }

    /// See [`Partial::flush`].
    pub async fn flush(&mut self) -> Result<()> {
        self.ask(Order::Flush).await
    }

    /// See [`Partial::finish`].
    pub async fn finish(&mut self) -> Result<Arrived> {
        self.ask(Order::Finish).await
    }

    /// See [`Partial::discard`].
    pub async fn discard(&mut self) -> Result<()> {
        self.state = None;
        self.ask(Order::Discard).await
    }

    /// The thread has ended and its file is closed.
    pub async fn end(mut self) {
        // Of a transfer that was given up: what came is kept, unless the thread has failed.
        let _ = self.send_batch().await;
        drop(self.orders);
        if let Some(ended) = self.ended {
            let _ = ended.await;
        }
    }

    async fn ask<T>(&mut self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T> {
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

    /// Why the thread ended before it was let go.
    async fn failure(&mut self) -> Error {
        let ended = match self.ended.take() {
            Some(ended) => ended.await.ok().and_then(Result::err),
            None => None,
        };
        ended.unwrap_or_else(|| {
            Error::new(ErrorCode::StorageFailed, "the thread that writes the download is gone - try again")
        })
    }
}

/// A reply that nobody waits for any longer is no failure.
fn serve(mut partial: Partial, mut inbox: mpsc::Receiver<Order>) -> Result<()> {
    while let Some(order) = inbox.blocking_recv() {
        match order {
            Order::Begin(identity, reply) => {
                partial.begin(identity)?;
                let _ = reply.send(());
            }
            Order::GoOn(reply) => {
                partial.go_on()?;
                let _ = reply.send(());
            }
            Order::Write(pieces) => pieces.into_iter().try_for_each(|piece| partial.write(piece))?,
            Order::Flush(reply) => {
                partial.flush()?;
                let _ = reply.send(());
            }
            Order::Finish(reply) => {
                let _ = reply.send(partial.finish()?);
            }
            Order::Discard(reply) => {
                partial.discard()?;
                let _ = reply.send(());
            }
        }
    }
    // Dropped in the middle of a transfer: what came is kept.
    partial.flush()
}
