//! Sockets that count written bytes and break on request: in the handshake, in the headers, or in the body, at any
//! byte.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// How a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The server goes away: written bytes arrive.
    End,
    /// The network goes away: bytes in flight are lost.
    Reset,
}

/// Where a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Bytes on the socket before the break.
    pub after: u64,
    pub how: How,
}

/// State shared by all connections of a server.
pub struct Wire {
    cuts: Mutex<VecDeque<Cut>>,
    written: watch::Sender<u64>,
}

impl Default for Wire {
    fn default() -> Self {
        Self { cuts: Mutex::default(), written: watch::Sender::new(0) }
    }
}

impl Wire {
    pub fn cut(&self, cuts: impl IntoIterator<Item = Cut>) {
        self.cuts.lock().expect("nobody panicked").extend(cuts);
    }

    pub fn written(&self) -> u64 {
        *self.written.borrow()
    }

    pub async fn has_written(&self, count: u64) {
        let _ = self.written.subscribe().wait_for(|written| *written >= count).await;
    }
}

pub struct CutStream {
    stream: Option<TcpStream>,
    wire: Arc<Wire>,
    cut: Option<Cut>,
}

impl CutStream {
    pub fn new(stream: TcpStream, wire: Arc<Wire>) -> Self {
        let cut = wire.cuts.lock().expect("nobody panicked").pop_front();
        Self { stream: Some(stream), wire, cut }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

fn end(mut stream: TcpStream, how: How) {
    match how {
        How::Reset => {
            // Closing at once sends a reset.
            let _ = stream.set_zero_linger();
        }
        How::End => {
            // Closing with unread bytes would send a reset too, so they are read until the client has gone.
            tokio::spawn(async move {
                let _ = stream.shutdown().await;
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            });
        }
    }
}

impl AsyncWrite for CutStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut allowed = bytes.len();
        if let Some(Cut { after, how }) = self.cut {
            if after == 0 {
                if let Some(stream) = self.stream.take() {
                    end(stream, how);
                }
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            allowed = allowed.min(usize::try_from(after).unwrap_or(usize::MAX));
        }
        let written = std::task::ready!(self.stream()?.poll_write(context, &bytes[..allowed]))?;
        if let Some(cut) = &mut self.cut {
            cut.after -= written as u64;
        }
        self.wire.written.send_modify(|all| *all += written as u64);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}

impl AsyncRead for CutStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(context, buffer)
    }
}
