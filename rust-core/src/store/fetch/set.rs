//! Downloads all files of a model into the store, one after another.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::control::Control;
use super::download::{Download, MakeRoom, OnProgress};
use super::network::Network;
use super::plan::{DownloadRequest, RemoteFile, plan};
use super::progress::{Progress, seconds_left};
use super::run_blocking::run_blocking;
use crate::error::{Error, ErrorCode, Result};
use crate::store::huggingface::HuggingFace;
use crate::store::{Incoming, ModelName, Store};

/// How often to look whether another transfer of the same file, for another name or in another process, has ended.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// The transfer of one model.
pub struct SetTransfer {
    store: Store,
    network: Network,
    hub: HuggingFace,
    request: DownloadRequest,
    control: Control,
    report: watch::Sender<Progress>,
}

/// Progress of the other files of a set.
#[derive(Clone, Copy, Default)]
struct OtherFiles {
    /// Bytes on the device.
    bytes: u64,
    /// Size of the other files; `None` while one of them is unknown.
    total: Option<u64>,
}

impl SetTransfer {
    /// The transfer starts with [`run`](Self::run).
    pub fn new(
        store: Store,
        network: Network,
        hub: HuggingFace,
        request: DownloadRequest,
        control: Control,
        report: watch::Sender<Progress>,
    ) -> Self {
        Self { store, network, hub, request, control, report }
    }

    /// Runs until the model is in the store, or the transfer fails. Ends with `Cancelled` when the last caller leaves.
    /// The future must be driven to its end.
    pub async fn run(mut self) -> Result<()> {
        if self.is_stored().await? {
            return Ok(());
        }
        let files = self.plan().await?;
        let total = files.iter().map(|file| file.remote.expected.length).sum::<Option<u64>>();
        let (store, name) = (self.store.clone(), self.request.name.clone());
        let planned: Vec<_> = files.iter().map(RemoteFile::planned).collect();
        let incoming = run_blocking(move || {
            // A file of unknown length gets its room when its server reports the length.
            store.make_room(&name, total.unwrap_or(0))?;
            store.begin(&name, planned)
        });
        let incoming = Arc::new(incoming.await?);
        let missing = incoming.missing();
        for file in &files {
            if missing.iter().any(|planned| planned.file == file.file) {
                self.fetch_file(&incoming, &files, file).await?;
            }
        }
        Ok(())
    }

    async fn is_stored(&self) -> Result<bool> {
        let (store, name) = (self.store.clone(), self.request.name.clone());
        let left = self.control.clone();
        let looked = run_blocking(move || {
            let pinned = store.pin(&name, &mut |_| {
                if left.is_abandoned() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            pinned.map(drop)
        });
        match looked.await {
            Ok(()) => Ok(true),
            // The download replaces missing and damaged files alike.
            Err(error) if matches!(error.code, ErrorCode::ModelNotCached | ErrorCode::DigestMismatch) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Resolves the name, unless the last caller leaves.
    async fn plan(&mut self) -> Result<Vec<RemoteFile>> {
        let name = self.request.name.clone();
        loop {
            if !self.control.wait_until_allowed().await {
                return Err(cancelled(&name));
            }
            tokio::select! {
                biased;
                _ = self.control.stopped() => {}
                files = plan(&self.network, &self.hub, &self.request) => return files,
            }
        }
    }

    /// Gets one file: from the store if it is there, else from another transfer or the network.
    async fn fetch_file(&mut self, incoming: &Arc<Incoming>, files: &[RemoteFile], file: &RemoteFile) -> Result<()> {
        let folder = loop {
            if !self.control.wait_until_allowed().await {
                return Err(cancelled(&self.request.name));
            }
            if let Some(sha256) = file.remote.expected.sha256 {
                let (incoming, name) = (incoming.clone(), file.file.clone());
                if run_blocking(move || incoming.reuse(&name, sha256)).await? {
                    return Ok(());
                }
            }
            match self.folder(incoming, file).await? {
                Some(folder) => break folder,
                None => tokio::time::sleep(ASK_AGAIN).await,
            }
        };
        let report = self.part_of(files, file, incoming);
        let (store, name) = (self.store.clone(), self.request.name.clone());
        let make_room: MakeRoom = Arc::new(move |bytes| store.make_room(&name, bytes).map(drop));
        let (network, remote, control) = (self.network.clone(), file.remote.clone(), self.control.clone());
        let download = Download::new(network, remote, folder, control, report, make_room);
        let arrived = download.run().await?;
        let (incoming, name) = (incoming.clone(), file.file.clone());
        run_blocking(move || incoming.adopt(&name, &arrived.path, arrived.sha256)).await
    }

    /// The partial folder; `None` while another transfer owns it.
    async fn folder(&self, incoming: &Arc<Incoming>, file: &RemoteFile) -> Result<Option<PathBuf>> {
        let (incoming, name) = (incoming.clone(), file.file.clone());
        match run_blocking(move || incoming.partial_dir(&name)).await {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if error.code == ErrorCode::ModelInUse => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reports a file's progress as a part of the whole set's.
    fn part_of(&self, files: &[RemoteFile], file: &RemoteFile, incoming: &Incoming) -> OnProgress {
        let missing = incoming.missing();
        let others = files.iter().filter(|other| other.file != file.file);
        let is_missing = |other: &RemoteFile| missing.iter().any(|planned| planned.file == other.file);
        let arrived =
            others.clone().filter(|other| !is_missing(other)).filter_map(|other| other.remote.expected.length);
        let bytes = arrived.sum();
        let total = others.map(|other| other.remote.expected.length).sum::<Option<u64>>();
        let (others, report) = (OtherFiles { bytes, total }, self.report.clone());
        Box::new(move |progress| {
            report.send_replace(whole(others, progress));
        })
    }
}

/// The progress of a set, from that of the arriving file.
fn whole(others: OtherFiles, file: Progress) -> Progress {
    let bytes = others.bytes + file.bytes;
    let total_bytes = others.total.zip(file.total_bytes).map(|(others, own)| others + own);
    Progress { bytes, total_bytes, seconds_left: seconds_left(bytes, total_bytes, file.bytes_per_second), ..file }
}

fn cancelled(name: &ModelName) -> Error {
    let detail = format!("the download of {name} was cancelled - download it again to resume");
    Error::new(ErrorCode::Cancelled, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fetch::progress::Phase;

    #[test]
    fn a_set_is_the_sum_of_its_files() {
        let file = Progress {
            phase: Phase::Running,
            bytes: 10,
            total_bytes: Some(100),
            bytes_per_second: Some(10),
            seconds_left: Some(9),
        };
        let set = whole(OtherFiles { bytes: 50, total: Some(150) }, file);
        assert_eq!((set.bytes, set.total_bytes, set.seconds_left), (60, Some(250), Some(19)));
        let unknown = whole(OtherFiles { bytes: 50, total: None }, file);
        assert_eq!((unknown.bytes, unknown.total_bytes, unknown.seconds_left), (60, None, None));
    }
}
