//! A web server on this machine that has one file, however large, and serves it as fast as it is taken: HTTP/1.1 without TLS, whole or
//! by ranges. What a server costs is the same for whoever downloads.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crate::Result;

/// Of what [`piece`] gives.
pub const PIECE_BYTES: usize = 16 << 20;

pub struct Web {
    port: u16,
}

impl Web {
    /// Serves until the process ends. The file is so many times the same piece: it costs no memory to have a large one.
    pub fn start(piece: Vec<u8>, pieces: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let piece = Arc::new(piece);
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
