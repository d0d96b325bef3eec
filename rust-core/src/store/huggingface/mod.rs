//! Hugging Face, or a server with the same API: lists the files of a repository.

mod quantization;
mod variants;

use serde::Deserialize;
use url::Url;

pub use self::quantization::quantization;
pub use self::variants::Variant;
use crate::error::{Error, ErrorCode, Result};
use crate::store::fetch::{HttpRequest, Network, Secret, SmallFile, address};
use crate::store::{Digest, FileName};

/// A hundred times the size of most lists.
const MAX_PAGE_BYTES: usize = 16 << 20;
/// A page lists a thousand files.
const MAX_PAGES: usize = 50;

/// A Hugging Face endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HuggingFace {
    endpoint: Url,
}

impl Default for HuggingFace {
    /// `https://huggingface.co`.
    fn default() -> Self {
        Self { endpoint: Url::parse("https://huggingface.co").expect("it is one") }
    }
}

/// A repository at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// `org/repo`.
    pub name: String,
    /// The commit of all files, whatever happens to the branch meanwhile.
    pub commit: String,
    /// The GGUF files.
    pub files: Vec<RepositoryFile>,
}

/// A GGUF file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFile {
    /// The path in the repository: valid file names, separated by slashes.
    pub path: String,
    /// The file's size.
    pub bytes: u64,
    /// The digest; `None` for small files, which are not in LFS.
    pub sha256: Option<Digest>,
}

impl RepositoryFile {
    /// The last component of the path.
    pub fn name(&self) -> Result<FileName> {
        FileName::new(self.path.rsplit('/').next().unwrap_or_default())
    }
}

#[derive(Deserialize)]
struct RevisionInfo {
    sha: String,
}

#[derive(Deserialize)]
struct TreeEntry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    size: u64,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    oid: String,
    size: u64,
}

impl HuggingFace {
    /// Another endpoint. Fails with `InvalidOptions` or `InsecureUrl` for an address that `network` does not allow.
    pub fn new(endpoint: &str, network: &Network) -> Result<Self> {
        Ok(Self { endpoint: address::parse(endpoint, network.options().allow_insecure)? })
    }

    /// Lists a repository. Fails with `ModelNotFound` if it does not exist, or the token may not see it.
    pub async fn repository(
        &self,
        network: &Network,
        name: &str,
        revision: Option<&str>,
        token: Option<&Secret>,
    ) -> Result<Repository> {
        let ask = |url: Url| HttpRequest { url, range: None, if_range: None, token: token.cloned() };
        let about = |error: Error| not_found(name, revision, error);
        let mut at = self.api(name, ["revision", revision.unwrap_or("main")]);
        at.set_query(Some("expand[]=sha"));
        let RevisionInfo { sha } = json(name, &network.read(&ask(at), MAX_PAGE_BYTES).await.map_err(about)?)?;
        if sha.is_empty() || !sha.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(invalid(name, "its commit is not a commit id"));
        }
        let mut next = self.api(name, ["tree", &sha]);
        next.set_query(Some("recursive=true"));
        let mut files = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = network.read(&ask(next.clone()), MAX_PAGE_BYTES).await.map_err(about)?;
            let entries: Vec<TreeEntry> = json(name, &page)?;
            files.extend(entries.into_iter().filter_map(file));
            match following(&page) {
                Some(url) if address::same_origin(&url, &self.endpoint) => next = url,
                Some(_) => return Err(invalid(name, "its list continues on another server")),
                None => return Ok(Repository { name: name.to_owned(), commit: sha, files }),
            }
        }
        Err(invalid(name, "its list has too many pages"))
    }

    /// The address of a file.
    pub fn file(&self, repository: &Repository, path: &str) -> Url {
        let mut pieces: Vec<_> = repository.name.split('/').collect();
        pieces.extend(["resolve", &repository.commit]);
        pieces.extend(path.split('/'));
        self.url(&pieces)
    }

    fn api(&self, name: &str, last: [&str; 2]) -> Url {
        let pieces: Vec<_> = ["api", "models"].into_iter().chain(name.split('/')).chain(last).collect();
        self.url(&pieces)
    }

    /// Each piece becomes one path component, whatever characters it contains.
    fn url(&self, pieces: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        url.path_segments_mut().expect("an http address has a path").pop_if_empty().extend(pieces);
        url
    }
}

/// A GGUF file whose path is safe; `None` for other entries.
fn file(entry: TreeEntry) -> Option<RepositoryFile> {
    let TreeEntry { kind, path, size, lfs } = entry;
    let plain = path.split('/').all(|piece| FileName::new(piece).is_ok());
    let gguf = path.to_ascii_lowercase().ends_with(".gguf");
    let (bytes, sha256) = match lfs {
        Some(lfs) => (lfs.size, lfs.oid.parse().ok()),
        None => (size, None),
    };
    (kind == "file" && plain && gguf).then_some(RepositoryFile { path, bytes, sha256 })
}

/// The next page, from `<URL>; rel="next"`.
fn following(page: &SmallFile) -> Option<Url> {
    let links = page.headers.link.as_deref()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    page.url.join(next.split_once('<')?.1.split_once('>')?.0).ok()
}

fn json<T: for<'a> Deserialize<'a>>(name: &str, page: &SmallFile) -> Result<T> {
    serde_json::from_slice(&page.bytes)
        .map_err(|error| invalid(name, &format!("the response is not the hub's ({error})")).with_source(error))
}

fn invalid(name: &str, reason: &str) -> Error {
    let detail = format!("could not list the files of {name}: {reason} - check the address of the hub");
    Error::new(ErrorCode::ResponseInvalid, detail)
}

/// Names the repository in the error. The hub answers alike for a private repository and a missing one.
fn not_found(name: &str, revision: Option<&str>, error: Error) -> Error {
    if !matches!(error.code, ErrorCode::ModelNotFound | ErrorCode::AccessDenied) {
        return error;
    }
    let revision = revision.map(|revision| format!(" at {revision}")).unwrap_or_default();
    let detail = format!(
        "the hub has no {name}{revision}, or it is private or gated - check the name, or give a token that may read it"
    );
    Error::new(error.code, detail)
}
