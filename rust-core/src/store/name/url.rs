//! Model names that are URLs: `https:` and `http:` for servers, `file:` from a file picker.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Url;

use super::invalid;
use crate::error::Result;

/// Parses a server's URL and removes the fragment, which is never sent.
pub(super) fn parse(text: &str) -> Result<Url> {
    let mut url =
        Url::parse(text).map_err(|error| invalid(text, &error.to_string(), "correct the URL").with_source(error))?;
    if !url.username().is_empty() || url.password().is_some() {
        // The text itself would reveal them.
        let shown = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
        return Err(invalid(&shown, "it carries a user name or a password", "give a token as an option instead"));
    }
    url.set_fragment(None);
    Ok(url)
}

/// The canonical text of a `file:` URI.
pub(super) fn picked_file(text: &str) -> Result<String> {
    let reason = "it is not the URI of a file on this device";
    let url = Url::parse(text)
        .map_err(|error| invalid(text, reason, "give it as the file picker gave it").with_source(error))?;
    match file_path(url.as_str()) {
        Some(path) if path.file_name().is_some() => Ok(url.to_string()),
        _ => Err(invalid(text, reason, "give it as the file picker gave it")),
    }
}

/// The path of a `file:` URI; `None` for other URIs.
pub(super) fn file_path(uri: &str) -> Option<PathBuf> {
    let path = Url::parse(uri).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok()?;
    // Percent-encoding can hide a NUL.
    (!path.as_os_str().as_encoded_bytes().contains(&0)).then_some(path)
}

/// The last component of the path, decoded.
pub(super) fn last_piece(url: &Url) -> Option<String> {
    let piece = url.path_segments()?.next_back()?;
    percent_decode_str(piece).decode_utf8().ok().map(Into::into)
}
