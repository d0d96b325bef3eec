//! Resolves a model's name to remote files.

use url::Url;

use super::address::{self, redacted};
use super::download::RemoteLocation;
use super::network::Network;
use super::response::ExpectedContent;
use super::secret::Secret;
use crate::error::{Error, ErrorCode, Result};
use crate::store::huggingface::{HuggingFace, Repository, RepositoryFile};
use crate::store::{Digest, FileKind, FileName, ModelName, PlannedFile};

/// A request to download a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadRequest {
    /// The model's name: a URL, or a name on Hugging Face.
    pub name: ModelName,
    /// A token, sent only to the server that the name leads to.
    pub token: Option<Secret>,
    /// The expected digest, for a name that is a URL. Hugging Face reports digests itself.
    pub sha256: Option<Digest>,
    /// Whether to download the projector too, where the repository has one.
    pub projector: bool,
}

impl DownloadRequest {
    /// A request without a token, a digest or a projector.
    pub fn new(name: ModelName) -> Self {
        Self { name, token: None, sha256: None, projector: false }
    }
}

/// A remote file of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// The file's name in the store.
    pub file: FileName,
    /// The file's purpose.
    pub kind: FileKind,
    /// The file's address, and what is known of it.
    pub remote: RemoteLocation,
}

impl RemoteFile {
    /// The plan for the store. A file that is known by its digest can resume from another address.
    pub fn planned(&self) -> PlannedFile {
        let key = match self.remote.expected.sha256 {
            Some(sha256) => format!("sha256:{sha256}"),
            None => self.remote.url.to_string(),
        };
        PlannedFile { file: self.file.clone(), kind: self.kind, key }
    }
}

/// The files of a model, weights first. Asks Hugging Face about its names.
pub async fn plan(network: &Network, hub: &HuggingFace, request: &DownloadRequest) -> Result<Vec<RemoteFile>> {
    match &request.name {
        ModelName::Url(url) => files_of_url(network, request, url),
        ModelName::Hub(name) => {
            let token = request.token.as_ref();
            let repository = hub.repository(network, &name.repository(), name.revision(), token).await?;
            let mut files = repository.select(name)?.files;
            let kinds = files.len();
            if request.projector {
                files.extend(repository.projector().cloned());
            }
            let kind = |at| if at < kinds { FileKind::Weights } else { FileKind::Projector };
            files
                .iter()
                .enumerate()
                .map(|(at, file)| repository_file(hub, &repository, file, kind(at), token))
                .collect()
        }
        ModelName::Path(_) | ModelName::Asset(_) | ModelName::Picked(_) => {
            let detail = format!("{} is on this device - import it instead of downloading it", request.name);
            Err(Error::new(ErrorCode::InvalidOptions, detail))
        }
    }
}

fn files_of_url(network: &Network, request: &DownloadRequest, url: &Url) -> Result<Vec<RemoteFile>> {
    address::check(url, network.options().allow_insecure)?;
    let own = request.name.file_name().ok_or_else(|| {
        let detail = format!("{} does not end in a file name - give the address of a .gguf file", redacted(url));
        Error::new(ErrorCode::InvalidModelName, detail)
    })?;
    let parts = own.parts();
    if parts.len() > 1 && request.sha256.is_some() {
        let detail = format!(
            "{} has {} parts, and a sha256 identifies one file - leave the sha256 out",
            request.name,
            parts.len()
        );
        return Err(Error::new(ErrorCode::InvalidOptions, detail));
    }
    let files = parts.iter().map(|part| {
        let expected = ExpectedContent { length: None, sha256: request.sha256 };
        let remote = RemoteLocation { url: beside(url, &own, part), token: request.token.clone(), expected };
        RemoteFile { file: part.clone(), kind: FileKind::Weights, remote }
    });
    Ok(files.collect())
}

/// The address of another part of a split model. Parts differ only in digits, which no URL escapes.
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

/// A file of a repository, at the listed commit.
pub fn repository_file(
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
