//! Reads a file forwards, and never past its end, whatever the file says of its own lengths.

use std::fs::File;
use std::io::{BufReader, Read};

/// Why the file is not usable, for a person.
pub(super) type Checked<T> = std::result::Result<T, String>;

/// A file that is read forwards, never past its end.
pub(super) struct Reader {
    inner: BufReader<File>,
    pub position: u64,
    pub size: u64,
}

impl Reader {
    pub fn new(file: File, size: u64) -> Self {
        Self { inner: BufReader::with_capacity(1 << 16, file), position: 0, size }
    }

    pub fn remaining(&self) -> u64 {
        self.size - self.position
    }

    fn take(&mut self, length: u64) -> Checked<()> {
        if length > self.remaining() {
            return Err(format!("it is truncated or damaged: its header goes on after its {} bytes", self.size));
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

    /// A length and as many bytes. Refuses more than `limit` before reading.
    pub fn string(&mut self, limit: u64, what: &str) -> Checked<Vec<u8>> {
        let length = self.u64()?;
        if length > limit {
            return Err(format!("{what} is {length} bytes long"));
        }
        self.rest_of_string(length)
    }

    /// As many bytes. The caller has bounded `length`.
    pub fn rest_of_string(&mut self, length: u64) -> Checked<Vec<u8>> {
        self.take(length)?;
        let mut bytes = vec![0; usize::try_from(length).map_err(|error| error.to_string())?];
        self.inner.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}
