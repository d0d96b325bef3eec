//! A web server on this machine with one file of any size, served as fast as it is read: HTTP/1.1 without TLS, whole or
//! by ranges. The server costs every client the same.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crate::Result;

/// Size of [`piece`].
pub const PIECE_BYTES: usize = 16 << 20;

pub struct Web {
    port: u16,
}

impl Web {
    /// Serves until the process ends. The file repeats one piece, so a large file costs no memory.
    pub fn start(piece: Vec<u8>, pieces: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let piece = Arc::new(piece);
        std::thread::Builder::new().name("web".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let piece = piece.clone();
                // An error means that the client has left, which is fine.
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

/// Bytes that cannot be compressed.
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
    let length = pieces * piece.len() as u64;
    loop {
        // The first byte, and the one after the last.
        let mut asked: Option<(u64, u64)> = None;
        loop {
            let Some(line) = lines.next().transpose()? else { return Ok(()) };
            if line.is_empty() {
                break;
            }
            if let Some(range) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
                asked = range.split_once('-').and_then(|(first, last)| {
                    let until = last.parse().map_or(length, |last: u64| length.min(last + 1));
                    Some((first.parse().ok()?, until))
                });
            }
        }
        let (from, until) = asked.unwrap_or((0, length));
        let status = match asked {
            Some(_) => format!("206 Partial\r\ncontent-range: bytes {from}-{}/{length}", until - 1),
            None => "200 OK".into(),
        };
        write!(stream, "HTTP/1.1 {status}\r\netag: \"1\"\r\ncontent-length: {}\r\n\r\n", until - from)?;
        let mut at = from;
        while at < until {
            let rest = &piece[(at % piece.len() as u64) as usize..];
            let part = &rest[..rest.len().min((until - at) as usize)];
            stream.write_all(part)?;
            at += part.len() as u64;
        }
    }
}
