//! What an app calls a model, and what it means: where it comes from, and under which name it is kept.

mod hub;
mod url;

use std::fmt;
use std::path::PathBuf;

pub use self::hub::{HubName, HubSelection};
use self::url::file_path;
use super::file_name::FileName;
use super::key::Key;
use crate::error::{Error, ErrorCode, Result};

/// In bytes: more than any path or URL that works elsewhere.
const MAX_BYTES: usize = 4_096;
const FORMS: &str = "a path, https://host/model.gguf, hf:org/repo:Q4_K_M, hf:org/repo/file.gguf@revision, asset:model.gguf, \
                     or what a file picker gave (content:, file:)";

/// A model as an app names it. Two names that mean the same have the same [text](Self::text).
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum ModelName {
    /// A file that the app has, used where it is.
    Path(PathBuf),
    /// A file on a server. Whether plain `http:` is allowed is for who downloads it to say.
    Url(::url::Url),
    /// A file, or a set of files, in a repository of a hub.
    Hub(HubName),
    /// A file inside the app's package, by its path there.
    Asset(String),
    /// What a file picker gave: a `content://` or `file:` URI.
    Picked(String),
}

impl ModelName {
    /// Reads what an app wrote. `InvalidModelName` says which part is wrong, or which forms there are.
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

    /// The canonical text: reading it gives this name again. It may hold a URL's query; errors and logs show the name
    /// itself, which leaves that out.
    pub fn text(&self) -> String {
        match self {
            Self::Path(path) => path.to_string_lossy().into_owned(),
            Self::Url(url) => url.to_string(),
            Self::Hub(name) => name.to_string(),
            Self::Asset(path) => format!("asset:{path}"),
            Self::Picked(uri) => uri.clone(),
        }
    }

    /// What the file may be called, where the name says so: of a `Hub` quantization only the repository knows.
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

    /// The file that the name means, if it is one that can be opened as it is.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Path(path) => Some(path.clone()),
            Self::Picked(uri) => file_path(uri),
            Self::Url(_) | Self::Hub(_) | Self::Asset(_) => None,
        }
    }

    /// What the cache's own files are called for this name.
    pub(super) fn key(&self) -> Key {
        Key::of(&self.text())
    }
}

/// For people and logs: the canonical text without a URL's query, which may be a secret.
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

/// The scheme in small letters, and what follows the colon. One letter is a drive of Windows.
fn scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let known_form = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    known_form.then(|| (scheme.to_ascii_lowercase(), rest))
}

fn asset(text: &str, path: &str) -> Result<String> {
    for piece in path.split('/') {
        FileName::new(piece).map_err(|error| invalid(text, &error.detail, "give a path inside the app's package"))?;
    }
    Ok(path.to_owned())
}

/// The text is shown as far as it can be no secret.
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
