//! A hub on loopback, with the server that holds its large files, and models that are headers and little else.

#[path = "../../../tests/transfer_server/mod.rs"]
pub(super) mod transfer_server;

use tokio::runtime::Runtime;
use transfer_server::{File, Protocol, Server, put_repository};

pub(super) struct Web {
    pub(super) hub: Server,
    pub(super) cdn: Server,
    /// Drives the servers; dropped after them.
    _runtime: Runtime,
}

impl Web {
    pub(super) fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (hub, cdn) =
            runtime.block_on(async { (Server::start(Protocol::Plain).await, Server::start(Protocol::Plain).await) });
        Self { hub, cdn, _runtime: runtime }
    }

    /// A repository at the commit `c0ffee`.
    pub(super) fn put(&self, name: &str, files: &[File<'_>]) {
        put_repository(&self.hub, &self.cdn, name, "c0ffee", files);
    }
}

/// A GGUF file with one tensor of `weights` bytes.
pub(super) fn model(weights: u64) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    bytes.extend([1_u64.to_le_bytes(), 1_u64.to_le_bytes()].concat());
    text(&mut bytes, "general.architecture");
    bytes.extend(8_u32.to_le_bytes());
    text(&mut bytes, "llama");
    text(&mut bytes, "output.weight");
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend((weights / 4).to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(32) + weights as usize, 7);
    bytes
}
