//! Model files on the device: from a name to verified weights. The state of a store is its folder and nothing else, so that
//! any number of stores, in any number of processes, may share one. Every function blocks,
//! but those of [`Fetcher`], [`Network`] and [`HuggingFace`].
//!
//! ```text
//! lock                      held while anything below changes
//! names/KEY.json            a manifest: which files a name means, and which are still coming in
//! blobs/sha256-DIGEST       a file by what is in it; locked, shared, while a model or a transfer needs it
//! sets/KEY/FILE             links to blobs under the files' own names, beside each other as llama.cpp wants split models
//! partial/KEY/              a folder for each file that is coming in, and locked while it is
//! ```
//!
//! A manifest is written before the blobs that it names are in place, and a blob is there or not whatever a manifest says:
//! so whatever was deleted, and whenever the process died, what is on the disk is a store. What no manifest names goes.

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
