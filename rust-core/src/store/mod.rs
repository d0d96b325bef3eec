//! Model files on the device, from a name to verified weights. A store's whole state is its folder, so any number of
//! stores, in any number of processes, may share one. Every function blocks, except those of [`Fetcher`], [`Network`]
//! and [`HuggingFace`].
//!
//! ```text
//! lock                      locked while anything below changes
//! names/KEY.json            a manifest: the files that a name stands for, and those still arriving
//! blobs/sha256-DIGEST       a file under its content's digest; locked (shared) while a model or a transfer needs it
//! sets/KEY/FILE             links to blobs under the files' own names, side by side as llama.cpp wants split models
//! partial/KEY/              one folder per arriving file, locked by its transfer
//! ```
//!
//! A manifest is written before its blobs are in place, and readers check every blob on the disk instead of trusting
//! the manifest. So the folder is a valid store at any moment, whatever was deleted and whenever the process died.
//! Files that no manifest names are garbage and are collected.

mod cache;
mod digest;
mod fetch;
mod file_name;
mod huggingface;
mod key;
mod name;

pub use cache::{
    ByteProgress, DiskUse, FileKind, FileState, FileVerdict, ImportFile, ImportSource, Incoming, ModelHeader,
    OnByteProgress, Pinned, PinnedFile, PlannedFile, Store, StoreOptions, StoredFile, StoredModel, Verdict,
};
pub use digest::{Digest, Hasher};
pub use fetch::{
    BoxFuture, ByteRange, DownloadRequest, ExpectedContent, FetchHandle, Fetcher, HttpClient, HttpError, HttpOptions,
    HttpRequest, HttpResponse, Network, NetworkOptions, Phase, Progress, RemoteFile, RemoteHeaders, RemoteLocation,
    ReqwestClient, ResponseBody, ResponseHeaders, RetryPolicy, Secret,
};
pub use file_name::FileName;
pub use huggingface::{HuggingFace, Repository, RepositoryFile, Variant, quantization};
pub use name::{HubName, HubSelection, ModelName};
