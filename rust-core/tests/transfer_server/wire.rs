//! Sockets that count what is written to them, and break when they were told to: in the handshake, in the headers, in the
//! body, wherever the byte falls.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// As if the server had gone: what was written arrives.
    End,
    /// As if the network had gone: what is on its way is lost.
    Reset,
}

/// Where a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Bytes on the socket before it ends.
    pub after: u64,
    pub how: How,
}

/// What all connections of a server share.
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

/// One connection.
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
            // Closing without patience is a reset.
            let _ = stream.set_zero_linger();
        }
        How::End => {
            // Closing with unread bytes would be a reset too, so they are read until the client has gone.
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
