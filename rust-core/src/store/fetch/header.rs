//! What a model on a server says of itself: the headers of its files, read by ranges, and nothing of its weights.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::address::{same_origin, shown};
use super::blocking::blocking;
use super::download::RemoteLocation;
use super::http_client::{ByteRange, HttpRequest};
use super::network::{Network, Small};
use super::plan::RemoteFile;
use super::response::content_range;
use crate::error::{Error, ErrorCode, Result};
use crate::files::make_directory;
use crate::gguf::{Beginning, Metadata, read_beginning};

/// The first request, and what a later one asks for beyond what is certainly needed: the most that is read for nothing.
const STEP_BYTES: u64 = 64 << 10;
/// The largest vocabularies take a fifth of it.
const MAX_HEADER_BYTES: u64 = 64 << 20;

/// The headers of a model, in files that have the length of the model's and holes where its weights are: what can be said
/// of a model without its weights can be said of them.
#[derive(Debug)]
pub struct RemoteHeaders {
    /// The model's file, or the first part of it; the others are beside it.
    pub path: PathBuf,
    /// What the first file says.
    pub metadata: Metadata,
    /// Of all files, as they are on the server.
    pub model_bytes: u64,
    /// What was read of them.
    pub read_bytes: u64,
}

/// Reads the headers of all `files` into `folder`. `ModelInvalid` for what is no model.
pub async fn read_headers(network: &Network, files: &[RemoteFile], folder: &Path) -> Result<RemoteHeaders> {
    let mut headers: Option<RemoteHeaders> = None;
    for file in files {
        let path = folder.join(file.file.as_str());
        let (metadata, length, read) = read_header(network, &file.remote, &path).await?;
        let headers = headers.get_or_insert(RemoteHeaders { path, metadata, model_bytes: 0, read_bytes: 0 });
        headers.model_bytes += length;
        headers.read_bytes += read;
    }
    headers.ok_or_else(|| Error::new(ErrorCode::InvalidOptions, "no file was named - name a model"))
}

/// Grows what is there until the header is whole. Also gives the file's length, and how much of it was read.
async fn read_header(network: &Network, remote: &RemoteLocation, path: &Path) -> Result<(Metadata, u64, u64)> {
    let mut source = Source { remote, request: None, length: remote.expected.length };
    let mut here = 0;
    let mut until = STEP_BYTES;
    loop {
        let bytes = source.read(network, here, until).await?;
        let length = source.length.unwrap_or(0);
        let (path, at) = (path.to_owned(), here);
        here += bytes.len() as u64;
        let beginning = blocking(move || {
            write(&path, at, &bytes, length).map_err(|error| {
                let detail =
                    format!("could not write {}: {error} - check that the folder can be written", path.display());
                Error::new(ErrorCode::StorageFailed, detail)
            })?;
            read_beginning(&path, at + bytes.len() as u64)
        });
        match beginning.await.map_err(|error| of_server(remote, error))? {
            Beginning::Whole(metadata, _) => return Ok((metadata, length, here)),
            Beginning::Needs(needed) if needed > MAX_HEADER_BYTES => {
                let detail = format!("the header of {} is longer than {MAX_HEADER_BYTES} bytes", shown(&remote.url));
                return Err(Error::new(ErrorCode::ModelInvalid, detail));
            }
            Beginning::Needs(needed) => until = (needed + STEP_BYTES).min(length),
        }
    }
}

/// In place of the path of a file that nobody else knows.
fn of_server(remote: &RemoteLocation, error: Error) -> Error {
    match error.code {
        ErrorCode::ModelInvalid => {
            let reason = error.detail.split_once(": ").map_or(error.detail.as_str(), |(_, reason)| reason);
            let reason = reason.strip_suffix(" - download it again").unwrap_or(reason);
            let detail = format!("{} is not a usable GGUF file: {reason} - choose another one", shown(&remote.url));
            Error::new(ErrorCode::ModelInvalid, detail)
        }
        _ => error,
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

/// A file that is read from its beginning, piece by piece.
struct Source<'a> {
    remote: &'a RemoteLocation,
    /// Where the first answer came from, and which state of the file it was: what is read later must be of the same.
    request: Option<HttpRequest>,
    length: Option<u64>,
}

impl Source<'_> {
    /// The bytes from `at` to `until`, or to the end of the file.
    async fn read(&mut self, network: &Network, at: u64, until: u64) -> Result<Vec<u8>> {
        let RemoteLocation { url, token, .. } = self.remote;
        let first = HttpRequest { url: url.clone(), range: None, if_range: None, token: token.clone() };
        let mut request = self.request.clone().unwrap_or(first);
        request.range = Some(ByteRange { first: at, last: Some(until - 1) });
        let small = network.read(&request, (until - at) as usize).await?;
        let (first, last, total) =
            small.headers.content_range.as_deref().and_then(content_range).ok_or_else(|| {
                self.invalid("its server sends whole files alone - download it to learn what is in it")
            })?;
        let expected = self.length.or(small.linked.length);
        if expected.is_some_and(|expected| expected != total) {
            let detail = format!("{} is {total} bytes long, not {} - name it anew", shown(url), expected.unwrap_or(0));
            return Err(Error::new(ErrorCode::LengthMismatch, detail));
        }
        if small.status != 206
            || first != at
            || last + 1 != until.min(total)
            || small.bytes.len() as u64 != last + 1 - at
        {
            return Err(self.invalid("its server sends another part than it was asked for - try again later"));
        }
        self.length = Some(total);
        self.request = Some(self.later(&small));
        Ok(small.bytes)
    }

    /// Without the redirect, which the hub would be asked for each time.
    fn later(&self, small: &Small) -> HttpRequest {
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
        let detail = format!("could not read the header of {}: {reason}", shown(&self.remote.url));
        Error::new(ErrorCode::ResponseInvalid, detail)
    }
}
