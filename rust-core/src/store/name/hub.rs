//! Names on Hugging Face: `hf:org/repo:Q4_K_M` and `hf:org/repo/file.gguf@revision`.

use std::fmt;

use super::invalid;
use crate::error::Result;
use crate::store::FileName;

/// The hub's own limit.
const MAX_PIECE_BYTES: usize = 96;
const MAX_REVISION_BYTES: usize = 255;
const ADVICE: &str = "write hf:org/repo:Q4_K_M or hf:org/repo/file.gguf, with @revision after it where it matters";

/// A model on Hugging Face.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HubName {
    organisation: String,
    repository: String,
    selection: HubSelection,
    revision: Option<String>,
}

/// Selects files of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HubSelection {
    /// The name has only a repository.
    Any,
    /// The files of one quantization, in upper case: `Q4_K_M`.
    Quantization(String),
    /// A file by its path in the repository. Any part of a split model selects all parts.
    File(String),
}

impl HubName {
    pub(super) fn parse(text: &str, rest: &str) -> Result<Self> {
        let refused = |reason: &str| invalid(text, reason, ADVICE);
        let (path, revision) = match rest.split_once('@') {
            // A file name may contain an @ too.
            Some(_) => match rest.rsplit_once('@') {
                Some((path, revision)) if !is_gguf(rest) || is_gguf(path) => (path, Some(revision)),
                _ => (rest, None),
            },
            None => (rest, None),
        };
        if let Some(revision) = revision
            && !is_revision(revision)
        {
            return Err(refused("its revision is not the name of a branch, a tag or a commit"));
        }
        let (organisation, rest) = path.split_once('/').ok_or_else(|| refused("it has no repository"))?;
        let (repository, selection) = match rest.find(['/', ':']) {
            None => (rest, HubSelection::Any),
            Some(at) if rest[at..].starts_with(':') => (
                &rest[..at],
                quantization(&rest[at + 1..])
                    .ok_or_else(|| refused("what follows the colon is not the name of a quantization"))?,
            ),
            Some(at) => (&rest[..at], file(&rest[at + 1..]).map_err(|reason| refused(&reason))?),
        };
        if !is_piece(organisation) || !is_piece(repository) {
            return Err(refused("organisation and repository are letters, digits, dots, dashes and underscores"));
        }
        Ok(Self {
            organisation: organisation.to_owned(),
            repository: repository.to_owned(),
            selection,
            revision: revision.map(str::to_owned),
        })
    }

    /// The same repository and revision with another selection.
    pub fn with(&self, selection: HubSelection) -> Self {
        Self { selection, ..self.clone() }
    }

    /// `org/repo`, as the hub writes it.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.organisation, self.repository)
    }

    /// The selected files.
    pub fn selection(&self) -> &HubSelection {
        &self.selection
    }

    /// A branch, a tag or a commit; `None` for the hub's default.
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    pub(super) fn file(&self) -> Option<&str> {
        match &self.selection {
            HubSelection::File(path) => Some(path),
            HubSelection::Any | HubSelection::Quantization(_) => None,
        }
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf:{}/{}", self.organisation, self.repository)?;
        match &self.selection {
            HubSelection::Any => {}
            HubSelection::Quantization(name) => write!(f, ":{name}")?,
            HubSelection::File(path) => write!(f, "/{path}")?,
        }
        self.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))
    }
}

fn is_gguf(path: &str) -> bool {
    path.len() > 5 && path.as_bytes()[path.len() - 5..].eq_ignore_ascii_case(b".gguf")
}

fn is_piece(piece: &str) -> bool {
    (1..=MAX_PIECE_BYTES).contains(&piece.len())
        && piece.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && !piece.starts_with(['.', '-'])
        && !piece.contains("..")
}

fn is_revision(revision: &str) -> bool {
    revision.len() <= MAX_REVISION_BYTES && revision.split('/').all(is_piece)
}

fn quantization(name: &str) -> Option<HubSelection> {
    let known_form = is_piece(name) && name.bytes().all(|byte| byte != b'.');
    known_form.then(|| HubSelection::Quantization(name.to_ascii_uppercase()))
}

fn file(path: &str) -> std::result::Result<HubSelection, String> {
    for piece in path.split('/') {
        FileName::new(piece).map_err(|error| error.detail)?;
    }
    if is_gguf(path) { Ok(HubSelection::File(path.to_owned())) } else { Err("the file is not a .gguf".to_owned()) }
}
