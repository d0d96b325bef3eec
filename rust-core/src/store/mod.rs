//! Model files on the device: from a name to verified weights. The state of a store is its folder and nothing else, so that
//! any number of stores, in any number of processes, may share one. Every function blocks,
//! but those of [`Fetcher`], [`Network`] and [`Hub`].
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
mod key;
mod name;

pub use cache::{
    DiskUse, FileKind, FileState, FileVerdict, ImportFile, Incoming, ModelHeader, OnWork, Pinned, PinnedFile,
    PlannedFile, Source, Store, StoreOptions, StoredFile, StoredModel, Verdict, Work,
};
pub use digest::{Digest, Hasher};
pub use fetch::{
    Body, ByteRange, Expected, Failure, Fetcher, Fetching, Headers, Http, HttpOptions, Hub, Network, NetworkOptions,
    Patience, Pending, Phase, Progress, Remote, RemoteFile, RemoteHeaders, Repository, RepositoryFile, Request,
    Response, Secret, Transfer, Variant, Wanted, quantization,
};
pub use file_name::FileName;
pub use name::{HubName, HubSelection, ModelName};
