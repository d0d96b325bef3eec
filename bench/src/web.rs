//! A web server on this machine that has one large file and serves it as fast as it is taken: HTTP/1.1 without TLS, whole or
//! by ranges. What a server costs is the same for whoever downloads.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crate::Result;

/// What the file is made of, again and again: it costs no memory to have a large one.
pub const PIECE_BYTES: usize = 16 << 20;

pub struct Web {
    port: u16,
}

impl Web {
    /// Serves until the process ends. The file is `pieces` times the same bytes.
    pub fn start(pieces: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let piece = Arc::new(piece());
        std::thread::Builder::new().name("web".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let piece = piece.clone();
                // Whoever leaves in the middle has what it wanted.
                std::thread::spawn(move || serve(stream, &piece, pieces));
            }
        })?;
        Ok(Self { port })
    }

    /// The file's address. Another `name` is another model.
    pub fn url(&self, name: u64) -> String {
        format!("http://127.0.0.1:{}/{name}.gguf", self.port)
    }
}

/// Bytes that no disk and no hash can shorten.
pub fn piece() -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..PIECE_BYTES).map(|_| next()).collect()
}

fn serve(stream: TcpStream, piece: &[u8], pieces: u64) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut stream = stream;
    let length = pieces * PIECE_BYTES as u64;
    loop {
        let mut first = None;
        loop {
            let Some(line) = lines.next().transpose()? else { return Ok(()) };
            if line.is_empty() {
                break;
            }
            if let Some(range) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
                first = range.split('-').next().and_then(|first| first.parse().ok());
            }
        }
        let (status, from) = match first {
            Some(from) => (format!("206 Partial\r\ncontent-range: bytes {from}-{}/{length}", length - 1), from),
            None => ("200 OK".into(), 0),
        };
        write!(stream, "HTTP/1.1 {status}\r\netag: \"1\"\r\ncontent-length: {}\r\n\r\n", length - from)?;
        let mut at = from;
        while at < length {
            let rest = &piece[at as usize % PIECE_BYTES..];
            stream.write_all(rest)?;
            at += rest.len() as u64;
        }
    }
}
