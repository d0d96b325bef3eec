//! Model names: what an app writes, where the model comes from, and under which text the store keeps it.

mod hub;
mod url;

use std::fmt;
use std::path::PathBuf;

pub use self::hub::{HubName, HubSelection};
use self::url::file_path;
use super::file_name::FileName;
use super::key::Key;
use crate::error::{Error, ErrorCode, Result};

/// In bytes. No path or URL that works elsewhere is longer.
const MAX_BYTES: usize = 4_096;
const FORMS: &str = "a path, https://host/model.gguf, hf:org/repo:Q4_K_M, hf:org/repo/file.gguf@revision, asset:model.gguf, \
                     or what a file picker gave (content:, file:)";

/// A model as an app names it. Names of the same model have the same [text](Self::text).
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum ModelName {
    /// A file of the app, used in place.
    Path(PathBuf),
    /// A file on a server. The downloader decides whether plain `http:` is allowed.
    Url(::url::Url),
    /// A file, or a set of files, in a Hugging Face repository.
    Hub(HubName),
    /// A file in the app's package, by its path there.
    Asset(String),
    /// A `content://` or `file:` URI from a file picker.
    Picked(String),
}

impl ModelName {
    /// Parses a name. Fails with `InvalidModelName`, which says which part is wrong, or which forms exist.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(invalid(text, "it is empty", &format!("give {FORMS}")));
        }
        if text.len() > MAX_BYTES {
            return Err(invalid(text, "it is longer than 4096 bytes", "give a shorter name"));
        }
        if text.chars().any(char::is_control) {
            return Err(invalid(text, "it has a control character", "give it without"));
        }
        let Some((scheme, rest)) = scheme(text) else {
            return Ok(Self::Path(PathBuf::from(text)));
        };
        match scheme.as_str() {
            "https" | "http" => url::parse(text).map(Self::Url),
            "hf" => HubName::parse(text, rest).map(Self::Hub),
            "asset" => asset(text, rest).map(Self::Asset),
            "content" if rest.len() > 2 && rest.starts_with("//") => Ok(Self::Picked(format!("content:{rest}"))),
            "file" => url::picked_file(text).map(Self::Picked),
            _ => {
                Err(invalid(text, "its form is not known", &format!("give {FORMS}; put ./ before a path with a colon")))
            }
        }
    }

    /// The canonical text, which parses to an equal name. It may contain a URL's query; `Display`, used by errors and
    /// logs, leaves the query out.
    pub fn text(&self) -> String {
        match self {
            Self::Path(path) => path.to_string_lossy().into_owned(),
            Self::Url(url) => url.to_string(),
            Self::Hub(name) => name.to_string(),
            Self::Asset(path) => format!("asset:{path}"),
            Self::Picked(uri) => uri.clone(),
        }
    }

    /// The file's name, where the model's name contains one. For a Hugging Face quantization only the repository knows
    /// it.
    pub fn file_name(&self) -> Option<FileName> {
        let name = match self {
            Self::Path(path) => path.file_name()?.to_str()?.to_owned(),
            Self::Url(url) => url::last_piece(url)?,
            Self::Hub(name) => name.file()?.rsplit('/').next()?.to_owned(),
            Self::Asset(path) => path.rsplit('/').next()?.to_owned(),
            Self::Picked(uri) => file_path(uri)?.file_name()?.to_str()?.to_owned(),
        };
        FileName::new(name).ok()
    }

    /// The file on this device that the name refers to, if it can be opened directly.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Path(path) => Some(path.clone()),
            Self::Picked(uri) => file_path(uri),
            Self::Url(_) | Self::Hub(_) | Self::Asset(_) => None,
        }
    }

    /// The key of the cache's own files for this name.
    pub(super) fn key(&self) -> Key {
        Key::of(&self.text())
    }
}

/// The canonical text without a URL's query, which may contain a secret. For people and logs.
impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(before_query(url.as_str())),
            Self::Path(_) | Self::Hub(_) | Self::Asset(_) | Self::Picked(_) => f.write_str(&self.text()),
        }
    }
}

impl fmt::Debug for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelName({self})")
    }
}

impl std::str::FromStr for ModelName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// Splits off the scheme, in lower case. A single letter is a Windows drive, not a scheme.
fn scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let known_form = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    known_form.then(|| (scheme.to_ascii_lowercase(), rest))
}

fn asset(text: &str, path: &str) -> Result<String> {
    for piece in path.split('/') {
        FileName::new(piece)
            .map_err(|error| invalid(text, &error.detail, "give a path inside the app's package").with_source(error))?;
    }
    Ok(path.to_owned())
}

/// The error shows the text without its query, which may contain a secret.
fn invalid(text: &str, reason: &str, advice: &str) -> Error {
    let shown: String = before_query(text).chars().take(120).collect();
    let detail = format!("{shown:?} does not name a model: {reason} - {advice}");
    Error::new(ErrorCode::InvalidModelName, detail)
}

fn before_query(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
