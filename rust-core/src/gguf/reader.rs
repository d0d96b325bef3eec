//! Reads a file sequentially, and never past its end, whatever lengths the file claims.

use std::fs::File;
use std::io::{BufReader, Read};

/// The error says why the file is unusable, for people.
pub(super) type Checked<T> = std::result::Result<T, String>;

/// A sequential reader with a hard end.
pub(super) struct Reader {
    inner: BufReader<File>,
    pub position: u64,
    pub size: u64,
    /// Number of bytes that are present. Less than `size` while the rest is still on a server.
    available: u64,
    /// Minimum number of bytes after the next item, from the counts read so far.
    pub follows: u64,
    /// Minimum number of bytes that must be present to read further.
    pub needed: Option<u64>,
}

impl Reader {
    /// `available` equals `size` for a complete file.
    pub fn new(file: File, size: u64, available: u64) -> Self {
        let inner = BufReader::with_capacity(1 << 16, file);
        Self { inner, position: 0, size, available, follows: 0, needed: None }
    }

    pub fn remaining(&self) -> u64 {
        self.size - self.position
    }

    fn take(&mut self, length: u64) -> Checked<()> {
        if length > self.remaining() {
            return Err(format!("it is truncated or damaged: its header goes beyond its {} bytes", self.size));
        }
        if self.position + length > self.available {
            self.needed = Some((self.position + length).saturating_add(self.follows).min(self.size));
            return Err(format!("only its first {} bytes are present", self.available));
        }
        self.position += length;
        Ok(())
    }

    pub fn bytes<const N: usize>(&mut self) -> Checked<[u8; N]> {
        self.take(N as u64)?;
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }

    pub fn u32(&mut self) -> Checked<u32> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    pub fn u64(&mut self) -> Checked<u64> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    pub fn skip(&mut self, length: u64) -> Checked<()> {
        self.take(length)?;
        let length = i64::try_from(length).map_err(|error| error.to_string())?;
        self.inner.seek_relative(length).map_err(|error| error.to_string())
    }

    /// Reads a length and that many bytes. Rejects more than `limit` before reading them.
    pub fn string(&mut self, limit: u64, what: &str) -> Checked<Vec<u8>> {
        let length = self.u64()?;
        if length > limit {
            return Err(format!("{what} is {length} bytes long"));
        }
        self.rest_of_string(length)
    }

    /// Reads `length` bytes. The caller has bounded `length`.
    pub fn rest_of_string(&mut self, length: u64) -> Checked<Vec<u8>> {
        self.take(length)?;
        let mut bytes = vec![0; usize::try_from(length).map_err(|error| error.to_string())?];
        self.inner.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}
