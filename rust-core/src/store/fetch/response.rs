//! Interprets a server's response to a request for a file. Pure.

use super::http_client::ResponseHeaders;
use super::retry::status_error;
use super::transfer_error::{RetryAdvice, TransferError, TransferResult};
use crate::error::{Error, ErrorCode};
use crate::store::digest::Digest;

/// A file's length and digest, as far as they are known before it is requested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedContent {
    /// Length in bytes.
    pub length: Option<u64>,
    /// Digest of the whole file.
    pub sha256: Option<Digest>,
}

/// What identifies a version of a file. A resumed transfer must find the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileIdentity {
    /// Length in bytes.
    pub length: u64,
    /// A strong ETag. A weak one does not promise identical bytes.
    pub etag: Option<String>,
    /// The expected digest, or the one that Hugging Face reports.
    pub sha256: Option<Digest>,
}

impl FileIdentity {
    /// Whether a transfer can resume. Without an ETag or a digest, mixing two versions would go unnoticed.
    pub fn can_resume(&self) -> bool {
        self.etag.is_some() || self.sha256.is_some()
    }
}

/// How to use the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyPlan {
    /// It is the whole file and replaces earlier bytes.
    FromStart(FileIdentity),
    /// It is this many bytes that follow the earlier ones.
    Append(u64),
}

/// Interprets the response to a request for the bytes from `at` on. `before` identifies the bytes up to `at`. `linked`
/// is what Hugging Face said of the file before it redirected.
pub fn read(
    shown: &str,
    status: u16,
    headers: &ResponseHeaders,
    linked: &ExpectedContent,
    expected: &ExpectedContent,
    before: Option<(&FileIdentity, u64)>,
) -> TransferResult<BodyPlan> {
    let what = ResponseReader { shown, headers };
    if !(200..300).contains(&status) {
        return Err(what.not_a_file(status, before.is_some()));
    }
    check_encoding(shown, headers)?;
    let promised = what.promised(linked, expected)?;
    match (status, before) {
        (200, _) => what.whole(promised).map(BodyPlan::FromStart),
        (206, Some((identity, at))) => what.rest(identity, at, &promised).map(BodyPlan::Append),
        _ => Err(what.invalid(&format!("it has status {status}, which does not fit the request"))),
    }
}

/// Rejects an encoded body, because bytes are counted and hashed as they are in the file.
pub fn check_encoding(shown: &str, headers: &ResponseHeaders) -> TransferResult<()> {
    match headers.content_encoding.as_deref().map(str::trim) {
        None | Some("" | "identity") => Ok(()),
        Some(encoding) => {
            let encoding: String = encoding.chars().take(40).collect();
            Err(ResponseReader { shown, headers }
                .invalid(&format!("it is encoded as {encoding}, which was not requested")))
        }
    }
}

struct ResponseReader<'a> {
    shown: &'a str,
    headers: &'a ResponseHeaders,
}

impl ResponseReader<'_> {
    fn invalid(&self, reason: &str) -> TransferError {
        let detail = format!("could not use the server's response for {}: {reason} - check the address", self.shown);
        TransferError::permanent(ErrorCode::ResponseInvalid, detail)
    }

    fn changed(&self, reason: &str) -> TransferError {
        let detail = format!("{} changed while it was downloaded: {reason} - try again later", self.shown);
        TransferError { error: Error::new(ErrorCode::ResponseInvalid, detail), advice: RetryAdvice::StartOver }
    }

    fn not_a_file(&self, status: u16, asked_for_rest: bool) -> TransferError {
        if status == 416 && asked_for_rest {
            return self.changed("it is shorter than what has arrived");
        }
        status_error(self.shown, status, self.headers.retry_after.as_deref())
    }

    /// Combines what the caller and Hugging Face say of the file.
    fn promised(&self, linked: &ExpectedContent, expected: &ExpectedContent) -> TransferResult<ExpectedContent> {
        if let (Some(expected), Some(linked)) = (expected.length, linked.length)
            && expected != linked
        {
            return Err(self.length_mismatch(expected, linked));
        }
        if let (Some(expected), Some(linked)) = (expected.sha256, linked.sha256)
            && expected != linked
        {
            let detail = format!(
                "{} is not the expected file: the server has one with the sha256 {linked}, not {expected} - list the repository again",
                self.shown
            );
            return Err(TransferError::permanent(ErrorCode::DigestMismatch, detail));
        }
        Ok(ExpectedContent { length: expected.length.or(linked.length), sha256: expected.sha256.or(linked.sha256) })
    }

    fn length_mismatch(&self, expected: u64, found: u64) -> TransferError {
        let detail = format!(
            "{} is {found} bytes long, not {expected} - list the repository again, or check the address",
            self.shown
        );
        TransferError::permanent(ErrorCode::LengthMismatch, detail)
    }

    fn content_length(&self) -> TransferResult<Option<u64>> {
        let parse = |text: &String| text.trim().parse().map_err(|_| self.invalid("its length is not a number"));
        self.headers.content_length.as_ref().map(parse).transpose()
    }

    fn whole(&self, promised: ExpectedContent) -> TransferResult<FileIdentity> {
        let length = match (self.content_length()?, promised.length) {
            (Some(found), Some(promised)) if found != promised => return Err(self.length_mismatch(promised, found)),
            (Some(length), _) | (None, Some(length)) => length,
            (None, None) => return Err(self.invalid("it does not say how long the file is")),
        };
        if length == 0 {
            return Err(self.invalid("the file is empty"));
        }
        Ok(FileIdentity { length, etag: self.strong_etag(), sha256: promised.sha256 })
    }

    /// The number of bytes in a partial response.
    fn rest(&self, identity: &FileIdentity, at: u64, promised: &ExpectedContent) -> TransferResult<u64> {
        let (first, last, total) = self
            .headers
            .content_range
            .as_deref()
            .and_then(content_range)
            .ok_or_else(|| self.invalid("it does not say which part of the file it has"))?;
        if first != at || last < first || last >= total {
            return Err(self.invalid(&format!(
                "it has bytes {first} to {last} of {total}, and those from {at} on were requested"
            )));
        }
        if let Some(promised) = promised.length
            && promised != total
        {
            return Err(self.length_mismatch(promised, total));
        }
        if total != identity.length {
            return Err(self.changed(&format!("it is {total} bytes long, and was {}", identity.length)));
        }
        if promised.sha256.is_some() && promised.sha256 != identity.sha256 {
            return Err(self.changed("its sha256 has changed"));
        }
        if let (Some(before), Some(now)) = (&identity.etag, self.strong_etag())
            && *before != now
        {
            return Err(self.changed("its ETag has changed"));
        }
        let count = last - first + 1;
        match self.content_length()? {
            Some(length) if length != count => {
                Err(self.invalid(&format!("it claims {count} bytes of the file in {length} bytes")))
            }
            _ => Ok(count),
        }
    }

    fn strong_etag(&self) -> Option<String> {
        let etag = self.headers.etag.as_deref()?;
        let quoted = etag.len() >= 2 && etag.len() <= 1_024 && etag.starts_with('"') && etag.ends_with('"');
        quoted.then(|| etag.to_owned())
    }
}

/// What Hugging Face says of a file in the headers of its own response.
pub fn linked(headers: &ResponseHeaders) -> ExpectedContent {
    let sha256 = headers.linked_etag.as_deref().and_then(|etag| etag.trim_matches('"').parse().ok());
    let length = headers.linked_size.as_deref().and_then(|size| size.trim().parse().ok());
    ExpectedContent { length, sha256 }
}

/// Parses `bytes FIRST-LAST/TOTAL`.
pub fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?, total.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> ResponseHeaders {
        let mut headers = ResponseHeaders::default();
        for (name, value) in pairs {
            let value = Some((*value).to_owned());
            match *name {
                "length" => headers.content_length = value,
                "range" => headers.content_range = value,
                "etag" => headers.etag = value,
                "encoding" => headers.content_encoding = value,
                other => panic!("no header {other}"),
            }
        }
        headers
    }

    /// The plan, or the error's code and whether the file starts over.
    fn meaning(status: u16, pairs: &[(&str, &str)], before: Option<u64>) -> Result<BodyPlan, (ErrorCode, bool)> {
        let identity = FileIdentity { length: 100, etag: Some("\"1\"".into()), sha256: None };
        let before = before.map(|at| (&identity, at));
        let nothing = ExpectedContent::default();
        read("https://example.org/a", status, &headers(pairs), &nothing, &nothing, before)
            .map_err(|error| (error.error.code, error.advice == RetryAdvice::StartOver))
    }

    #[test]
    fn an_answer_is_the_file_the_rest_of_it_or_an_error() {
        let whole = |length, etag: Option<&str>| {
            Ok(BodyPlan::FromStart(FileIdentity { length, etag: etag.map(str::to_owned), sha256: None }))
        };
        let (invalid, changed) = (Err((ErrorCode::ResponseInvalid, false)), Err((ErrorCode::ResponseInvalid, true)));
        let rest = ("range", "bytes 40-99/100");
        for (status, pairs, before, expected) in [
            (200, &[("length", "100"), ("etag", "\"2\"")][..], None, whole(100, Some("\"2\""))),
            (200, &[("length", "100"), ("etag", "W/\"2\"")], None, whole(100, None)),
            (200, &[("length", "100"), ("encoding", "identity")], None, whole(100, None)),
            (200, &[("length", "70")], Some(40), whole(70, None)),
            (200, &[("length", "0")], None, invalid.clone()),
            (200, &[("length", "-1")], None, invalid.clone()),
            (200, &[], None, invalid.clone()),
            (200, &[("length", "100"), ("encoding", "gzip")], None, invalid.clone()),
            (206, &[rest, ("length", "60"), ("etag", "\"1\"")], Some(40), Ok(BodyPlan::Append(60))),
            (206, &[rest], Some(40), Ok(BodyPlan::Append(60))),
            (206, &[("range", "bytes 40-49/100"), ("length", "10")], Some(40), Ok(BodyPlan::Append(10))),
            (206, &[rest, ("length", "100")], Some(40), invalid.clone()),
            (206, &[rest], None, invalid.clone()),
            (206, &[rest], Some(39), invalid.clone()),
            (206, &[("range", "bytes 40-100/100")], Some(40), invalid.clone()),
            (206, &[("range", "bytes 40-39/100")], Some(40), invalid.clone()),
            (206, &[("range", "bytes 40-99/*")], Some(40), invalid.clone()),
            (206, &[], Some(40), invalid.clone()),
            (206, &[("range", "bytes 40-100/101")], Some(40), changed.clone()),
            (206, &[rest, ("etag", "\"2\"")], Some(40), changed.clone()),
            (416, &[], Some(40), changed),
            (416, &[], None, Err((ErrorCode::HttpStatus, false))),
            (204, &[], None, invalid),
        ] {
            assert_eq!(meaning(status, pairs, before), expected, "{status} {pairs:?} {before:?}");
        }
    }
}
