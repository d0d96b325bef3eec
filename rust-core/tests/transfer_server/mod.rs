//! A web server on loopback that misbehaves on request: HTTP/1.1 and HTTP/2, plain or over TLS, with valid and invalid
//! certificates, and connections that break at any byte. Used by the store's tests, and by tests of the app's hosts.

#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

mod certificates;
mod hub;
mod site;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub use self::certificates::{Certificate, Certificates};
pub use self::hub::{File, entry, put_repository};
pub use self::site::{Act, Seen, Served, Site};
pub use self::wire::{Cut, How};
use self::wire::{CutStream, Wire};

/// The server's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 without TLS.
    Plain,
    /// HTTP/1.1 over TLS.
    Http1,
    /// HTTP/2 over TLS.
    Http2,
}

/// A server that runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    protocol: Protocol,
    /// What it serves, and what it has seen.
    pub site: Arc<Site>,
    wire: Arc<Wire>,
    accepting: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    /// Starts a server on a free port, with a certificate that [`Certificates::root`] signed.
    pub async fn start(protocol: Protocol) -> Self {
        Self::start_with(protocol, Certificate::Good).await
    }

    /// Starts a server on a free port.
    pub async fn start_with(protocol: Protocol, certificate: Certificate) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let (site, wire) = (Arc::new(Site::default()), Arc::new(Wire::default()));
        let tls = match protocol {
            Protocol::Plain => None,
            Protocol::Http1 => Some(Certificates::shared().acceptor(certificate, b"http/1.1")),
            Protocol::Http2 => Some(Certificates::shared().acceptor(certificate, b"h2")),
        };
        let accepting = tokio::spawn(accept(listener, tls, site.clone(), wire.clone()));
        Self { address, protocol, site, wire, accepting }
    }

    /// The address of a path, which starts with a slash.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.protocol == Protocol::Plain { "http" } else { "https" };
        format!("{scheme}://localhost:{}{path}", self.address.port())
    }

    /// The same address under another host name, which is another origin.
    pub fn other_origin(&self, path: &str) -> String {
        self.url(path).replace("//localhost", "//127.0.0.1")
    }

    /// Cuts the next connections, one after another.
    pub fn cut(&self, cuts: impl IntoIterator<Item = Cut>) {
        self.wire.cut(cuts);
    }

    /// Bytes written to sockets, TLS and headers included.
    pub fn bytes_on_the_wire(&self) -> u64 {
        self.wire.written()
    }

    /// Waits until this many bytes have been written.
    pub async fn has_written(&self, count: u64) {
        self.wire.has_written(count).await;
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, site: Arc<Site>, wire: Arc<Wire>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        // Without this a short response waits for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let stream = CutStream::new(stream, wire.clone());
        tokio::spawn(serve(stream, tls.clone(), site.clone()));
    }
}

/// Ignores errors: they were requested, or the client has gone.
async fn serve(stream: CutStream, tls: Option<TlsAcceptor>, site: Arc<Site>) {
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let site = site.clone();
        async move { site.answer(&request) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    match tls {
        None => {
            let _ = builder.serve_connection(TokioIo::new(stream), answer).await;
        }
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                let _ = builder.serve_connection(TokioIo::new(stream), answer).await;
            }
        }
    }
}
