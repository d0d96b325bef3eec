//! Which files a name means, and where they are.

use url::Url;

use super::address::{self, shown};
use super::download::RemoteLocation;
use super::network::Network;
use super::response::ExpectedContent;
use super::secret::Secret;
use crate::error::{Error, ErrorCode, Result};
use crate::store::huggingface::{HuggingFace, Repository, RepositoryFile};
use crate::store::{Digest, FileKind, FileName, ModelName, PlannedFile};

/// A model, as somebody asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadRequest {
    /// Its name: a URL, or one of the hub.
    pub name: ModelName,
    /// For the server that the name leads to, and for no other.
    pub token: Option<Secret>,
    /// What its file must be, for a name that is a URL. The hub says it by itself.
    pub sha256: Option<Digest>,
    /// Whether the file for images and sound is wanted too, where the repository has one.
    pub projector: bool,
}

impl DownloadRequest {
    /// Nothing but its name.
    pub fn new(name: ModelName) -> Self {
        Self { name, token: None, sha256: None, projector: false }
    }
}

/// One file of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// What it will be called.
    pub file: FileName,
    /// What it is for.
    pub kind: FileKind,
    /// Where it is.
    pub remote: RemoteLocation,
}

impl RemoteFile {
    /// For the store. What is known by its digest may go on coming from elsewhere.
    pub fn planned(&self) -> PlannedFile {
        let key = match self.remote.expected.sha256 {
            Some(sha256) => format!("sha256:{sha256}"),
            None => self.remote.url.to_string(),
        };
        PlannedFile { file: self.file.clone(), kind: self.kind, key }
    }
}

/// The files of a model, weights first. Asks the hub about its names.
pub async fn plan(network: &Network, hub: &HuggingFace, wanted: &DownloadRequest) -> Result<Vec<RemoteFile>> {
    match &wanted.name {
        ModelName::Url(url) => of_url(network, wanted, url),
        ModelName::Hub(name) => {
            let token = wanted.token.as_ref();
            let repository = hub.repository(network, &name.repository(), name.revision(), token).await?;
            let mut files = repository.select(name)?.files;
            let kinds = files.len();
            if wanted.projector {
                files.extend(repository.projector().cloned());
            }
            let kind = |at| if at < kinds { FileKind::Weights } else { FileKind::Projector };
            files.iter().enumerate().map(|(at, file)| of_repository(hub, &repository, file, kind(at), token)).collect()
        }
        ModelName::Path(_) | ModelName::Asset(_) | ModelName::Picked(_) => {
            let detail = format!("{} is on this device - import it, there is nothing to download", wanted.name);
            Err(Error::new(ErrorCode::InvalidOptions, detail))
        }
    }
}

fn of_url(network: &Network, wanted: &DownloadRequest, url: &Url) -> Result<Vec<RemoteFile>> {
    address::check(url, network.options().allow_insecure)?;
    let own = wanted.name.file_name().ok_or_else(|| {
        let detail = format!("{} does not end in the name of a file - give the address of a .gguf file", shown(url));
        Error::new(ErrorCode::InvalidModelName, detail)
    })?;
    let parts = own.parts();
    if parts.len() > 1 && wanted.sha256.is_some() {
        let detail =
            format!("{} has {} parts, and a sha256 is that of one file - leave it out", wanted.name, parts.len());
        return Err(Error::new(ErrorCode::InvalidOptions, detail));
    }
    let files = parts.iter().map(|part| {
        let expected = ExpectedContent { length: None, sha256: wanted.sha256 };
        let remote = RemoteLocation { url: beside(url, &own, part), token: wanted.token.clone(), expected };
        RemoteFile { file: part.clone(), kind: FileKind::Weights, remote }
    });
    Ok(files.collect())
}

/// The address of another part of a split model: parts differ in digits alone, which no address writes in another way.
fn beside(url: &Url, own: &FileName, part: &FileName) -> Url {
    const END: usize = "-00001-of-00002.gguf".len();
    let mut url = url.clone();
    let end =
        |name: &FileName| name.as_str().get(name.as_str().len().saturating_sub(END)..).unwrap_or_default().to_owned();
    let path = url.path().strip_suffix(&end(own)).map(|path| format!("{path}{}", end(part)));
    if let Some(path) = path {
        url.set_path(&path);
    }
    url
}

/// A file of a repository, as it is at the commit that was listed.
pub fn of_repository(
    hub: &HuggingFace,
    repository: &Repository,
    file: &RepositoryFile,
    kind: FileKind,
    token: Option<&Secret>,
) -> Result<RemoteFile> {
    let remote = RemoteLocation {
        url: hub.file(repository, &file.path),
        token: token.cloned(),
        expected: ExpectedContent { length: Some(file.bytes), sha256: file.sha256 },
    };
    Ok(RemoteFile { file: file.name()?, kind, remote })
}
