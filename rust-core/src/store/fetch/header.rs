//! Metadata of a remote model: reads the headers of its files by range requests, and none of its weights.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::address::{redacted, same_origin};
use super::download::RemoteLocation;
use super::http_client::{ByteRange, HttpRequest};
use super::network::{Network, SmallFile};
use super::plan::RemoteFile;
use super::response::content_range;
use super::run_blocking::run_blocking;
use crate::error::{Error, ErrorCode, Result};
use crate::files::make_directory;
use crate::gguf::{Metadata, PartialHeader, read_partial};

/// Size of the first request, and the surplus of later ones: the most that is read in vain.
const STEP_BYTES: u64 = 64 << 10;
/// Five times the largest vocabularies.
const MAX_HEADER_BYTES: u64 = 64 << 20;

/// A model's headers, in sparse files of the model's length. Everything that can be computed without weights can be
/// computed from these files.
#[derive(Debug)]
pub struct RemoteHeaders {
    /// The model's file, or its first part. Other parts are beside it.
    pub path: PathBuf,
    /// Metadata of the first file.
    pub metadata: Metadata,
    /// Size of all files on the server.
    pub model_bytes: u64,
    /// Bytes that were downloaded.
    pub read_bytes: u64,
}

/// Reads the headers of all `files` into `folder`. Fails with `ModelInvalid` if a file is not a model.
pub async fn read_headers(network: &Network, files: &[RemoteFile], folder: &Path) -> Result<RemoteHeaders> {
    let mut headers: Option<RemoteHeaders> = None;
    for file in files {
        let path = folder.join(file.file.as_str());
        let (metadata, length, read) = read_header(network, &file.remote, &path).await?;
        let headers = headers.get_or_insert(RemoteHeaders { path, metadata, model_bytes: 0, read_bytes: 0 });
        headers.model_bytes += length;
        headers.read_bytes += read;
    }
    headers.ok_or_else(|| Error::new(ErrorCode::InvalidOptions, "no file was given - name a model"))
}

/// Reads more and more until the header is complete. Also returns the file's length, and how much was read.
async fn read_header(network: &Network, remote: &RemoteLocation, path: &Path) -> Result<(Metadata, u64, u64)> {
    let mut source = HeaderSource { remote, request: None, length: remote.expected.length };
    let mut available = 0;
    let mut until = STEP_BYTES;
    loop {
        let bytes = source.read(network, available, until).await?;
        let length = source.length.unwrap_or(0);
        let (path, at) = (path.to_owned(), available);
        available += bytes.len() as u64;
        let partial = run_blocking(move || {
            write(&path, at, &bytes, length).map_err(|error| {
                let detail =
                    format!("could not write {}: {error} - check that the folder can be written", path.display());
                Error::new(ErrorCode::StorageFailed, detail).with_source(error)
            })?;
            read_partial(&path, at + bytes.len() as u64)
        });
        match partial.await? {
            PartialHeader::Complete(metadata, _) => return Ok((metadata, length, available)),
            PartialHeader::NeedsBytes(needed) if needed > MAX_HEADER_BYTES => {
                let detail = format!("the header of {} is longer than {MAX_HEADER_BYTES} bytes", redacted(&remote.url));
                return Err(Error::new(ErrorCode::ModelInvalid, detail));
            }
            PartialHeader::NeedsBytes(needed) => until = (needed + STEP_BYTES).min(length),
            PartialHeader::Invalid(reason) => {
                let url = redacted(&remote.url);
                let detail = format!("{url} is not a usable GGUF file: {reason} - choose another one");
                return Err(Error::new(ErrorCode::ModelInvalid, detail));
            }
        }
    }
}

fn write(path: &Path, at: u64, bytes: &[u8], length: u64) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        make_directory(folder)?;
    }
    let mut file: File = OpenOptions::new().write(true).create(true).truncate(at == 0).open(path)?;
    file.set_len(length)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}

/// A remote file that is read from its start, chunk by chunk.
struct HeaderSource<'a> {
    remote: &'a RemoteLocation,
    /// Address and ETag of the first response. Later chunks must come from the same version of the file.
    request: Option<HttpRequest>,
    length: Option<u64>,
}

impl HeaderSource<'_> {
    /// Reads the bytes from `at` to `until`, or to the end of the file.
    async fn read(&mut self, network: &Network, at: u64, until: u64) -> Result<Vec<u8>> {
        let RemoteLocation { url, token, .. } = self.remote;
        let first = HttpRequest { url: url.clone(), range: None, if_range: None, token: token.clone() };
        let mut request = self.request.clone().unwrap_or(first);
        request.range = Some(ByteRange { first: at, last: Some(until - 1) });
        let small = network.read(&request, (until - at) as usize).await?;
        let (first, last, total) = small.headers.content_range.as_deref().and_then(content_range).ok_or_else(|| {
            self.invalid("its server does not support range requests - download the file to inspect it")
        })?;
        let expected = self.length.or(small.linked.length);
        if expected.is_some_and(|expected| expected != total) {
            let detail = format!(
                "{} is {total} bytes long, not {} - list the repository again",
                redacted(url),
                expected.unwrap_or(0)
            );
            return Err(Error::new(ErrorCode::LengthMismatch, detail));
        }
        if small.status != 206
            || first != at
            || last + 1 != until.min(total)
            || small.bytes.len() as u64 != last + 1 - at
        {
            return Err(self.invalid("its server sent another part than requested - try again later"));
        }
        self.length = Some(total);
        self.request = Some(self.later(&small));
        Ok(small.bytes)
    }

    /// The template for later requests. It goes straight to the redirect's target, to spare the hub.
    fn later(&self, small: &SmallFile) -> HttpRequest {
        let own = same_origin(&small.url, &self.remote.url);
        let strong = |etag: &&String| etag.starts_with('"');
        HttpRequest {
            url: small.url.clone(),
            range: None,
            if_range: small.headers.etag.as_ref().filter(strong).cloned(),
            token: self.remote.token.clone().filter(|_| own),
        }
    }

    fn invalid(&self, reason: &str) -> Error {
        let detail = format!("could not read the header of {}: {reason}", redacted(&self.remote.url));
        Error::new(ErrorCode::ResponseInvalid, detail)
    }
}
