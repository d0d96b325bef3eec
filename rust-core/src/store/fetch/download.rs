//! Downloads one file into a folder, with as many attempts as it takes. Knows neither its callers nor where the file
//! goes afterwards.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::address::redacted;
use super::control::Control;
use super::http_client::{ByteRange, HttpRequest};
use super::journal::BLOCK_BYTES;
use super::network::{BodyStream, FinalResponse, Network, random};
use super::partial::CompleteFile;
use super::progress::{Phase, Progress, RateMeter, seconds_left};
use super::response::{self, BodyPlan, ExpectedContent};
use super::retry::FailureCount;
use super::run_blocking::run_blocking;
use super::secret::Secret;
use super::transfer_error::{RetryAdvice, TransferError, TransferResult};
use super::writer::Writer;
use crate::error::{Error, ErrorCode, Result};

/// Where a remote file is, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteLocation {
    /// The file's address.
    pub url: Url,
    /// A token, sent to that server only.
    pub token: Option<Secret>,
    /// Length and digest, as far as they are known beforehand.
    pub expected: ExpectedContent,
}

/// Receives the progress of a transfer. Called for every received chunk.
pub type OnProgress = Box<dyn Fn(Progress) + Send + Sync>;

/// Makes room in the store for a file whose size only its server knew. Blocks.
pub type MakeRoom = Arc<dyn Fn(u64) -> Result<()> + Send + Sync>;

/// The download of one file.
pub struct Download {
    network: Network,
    remote: RemoteLocation,
    folder: PathBuf,
    control: Control,
    report: OnProgress,
    make_room: MakeRoom,
    meter: RateMeter,
    failures: FailureCount,
}

/// How an attempt without an error ended.
enum Attempt {
    /// Everything requested has arrived.
    Done,
    /// The transfer has to pause or to end.
    Stopped,
}

impl Download {
    /// Downloads into `folder`, which belongs to this transfer alone.
    pub fn new(
        network: Network,
        remote: RemoteLocation,
        folder: PathBuf,
        control: Control,
        report: OnProgress,
        make_room: MakeRoom,
    ) -> Self {
        let (meter, failures) = (RateMeter::default(), FailureCount::default());
        Self { network, remote, folder, control, report, make_room, meter, failures }
    }

    /// Runs until the file is complete and verified, or the download fails. Ends with `Cancelled` when the last caller
    /// leaves. Good bytes stay in the folder for the next time. Nothing is written after this returns, provided that
    /// the future is driven to its end.
    pub async fn run(mut self) -> Result<CompleteFile> {
        let spare = self.network.options().spare_bytes;
        let mut writer = Writer::open(self.folder.clone(), self.remote.expected.clone(), spare).await?;
        let outcome = self.fetch(&mut writer).await;
        writer.end().await;
        outcome
    }

    async fn fetch(&mut self, writer: &mut Writer) -> Result<CompleteFile> {
        while !writer.is_whole() {
            if !self.control.is_allowed() {
                self.report_phase(writer, Phase::Paused);
                if !self.control.wait_until_allowed().await {
                    return Err(cancelled(&self.remote.url));
                }
            }
            let attempt = self.attempt(writer).await;
            self.meter.interrupt();
            match attempt {
                Ok(Attempt::Done | Attempt::Stopped) => writer.flush().await?,
                Err(error) => self.recover(writer, error).await?,
            }
        }
        self.report_phase(writer, Phase::Verifying);
        writer.finish().await
    }

    /// Keeps good bytes, and waits if another attempt may help.
    async fn recover(&mut self, writer: &mut Writer, error: TransferError) -> Result<()> {
        let code = error.error.code;
        match error.advice {
            RetryAdvice::StartOver => writer.discard().await?,
            RetryAdvice::None if matches!(code, ErrorCode::LengthMismatch | ErrorCode::DigestMismatch) => {
                writer.discard().await?
            }
            // The writer flushes as it ends, unless the writer is what failed.
            RetryAdvice::None => {}
            RetryAdvice::Wait { .. } | RetryAdvice::WaitIfReached => writer.flush().await?,
        }
        let wait = self.failures.next(error, &self.network.options().retry_policy, random())?;
        tracing::info!(?code, ?wait, "download was interrupted");
        let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        self.report_phase(writer, Phase::Waiting { code, wait_ms });
        self.control.wait(wait).await;
        Ok(())
    }

    async fn attempt(&mut self, writer: &mut Writer) -> TransferResult<Attempt> {
        self.report_phase(writer, Phase::Connecting);
        let before = writer.state().filter(|(identity, at)| *at > 0 && identity.can_resume());
        let request = HttpRequest {
            url: self.remote.url.clone(),
            range: before.map(|(_, first)| ByteRange { first, last: None }),
            if_range: before.and_then(|(identity, _)| identity.etag.clone()),
            token: self.remote.token.clone(),
        };
        let answer = tokio::select! {
            biased;
            _ = self.control.stopped() => return Ok(Attempt::Stopped),
            answer = self.network.get(request) => answer?,
        };
        self.failures.reached();
        let FinalResponse { status, headers, linked, incoming } = answer;
        let expected = &self.remote.expected;
        match response::read(&redacted(&self.remote.url), status, &headers, &linked, expected, before)? {
            BodyPlan::FromStart(identity) => {
                let length = identity.length;
                writer.begin(identity).await?;
                self.have_room(length).await?;
                // A response without Content-Length must end exactly where the file does.
                self.take(writer, incoming, length, headers.content_length.is_none()).await
            }
            BodyPlan::Append(count) => {
                let length = writer.state().map_or(count, |(identity, _)| identity.length);
                writer.resume().await?;
                self.have_room(length).await?;
                self.take(writer, incoming, count, headers.content_length.is_none()).await
            }
        }
    }

    /// Makes room for a file of unexpected length. Room for the others was made before the download started.
    async fn have_room(&self, bytes: u64) -> Result<()> {
        if self.remote.expected.length.is_some() {
            return Ok(());
        }
        let make_room = self.make_room.clone();
        run_blocking(move || make_room(bytes)).await
    }

    /// Reads `count` bytes of a body, which must end there if `check_end` is set.
    async fn take(
        &mut self,
        writer: &mut Writer,
        mut incoming: BodyStream,
        count: u64,
        check_end: bool,
    ) -> TransferResult<Attempt> {
        let mut left = count;
        let mut in_block = 0;
        self.meter.add(Instant::now(), 0);
        while left > 0 || check_end {
            let piece = tokio::select! {
                biased;
                _ = self.control.stopped() => return Ok(Attempt::Stopped),
                piece = incoming.next() => piece?,
            };
            let Some(bytes) = piece else { break };
            let received = bytes.len() as u64;
            if received > left {
                return Err(self.too_long(count));
            }
            left -= received;
            in_block += received;
            writer.write(bytes).await?;
            if in_block >= BLOCK_BYTES {
                in_block = 0;
                self.failures.progressed();
            }
            self.meter.add(Instant::now(), received);
            self.report_phase(writer, Phase::Running);
        }
        if left > 0 { Err(self.too_short(left)) } else { Ok(Attempt::Done) }
    }

    fn too_long(&self, count: u64) -> TransferError {
        let url = redacted(&self.remote.url);
        let detail =
            format!("{url} is longer than its announced {count} bytes - check the address, or try again later");
        TransferError::permanent(ErrorCode::LengthMismatch, detail)
    }

    fn too_short(&self, left: u64) -> TransferError {
        let url = redacted(&self.remote.url);
        let detail =
            format!("the connection for {url} ended {left} bytes too early - try again to resume the download");
        TransferError::temporary(ErrorCode::ConnectionLost, detail)
    }

    fn report_phase(&self, writer: &Writer, phase: Phase) {
        let (total_bytes, bytes) = match writer.state() {
            Some((identity, written)) => (Some(identity.length), written),
            None => (self.remote.expected.length, 0),
        };
        let bytes_per_second = self.meter.rate(Instant::now());
        let seconds_left = seconds_left(bytes, total_bytes, bytes_per_second);
        (self.report)(Progress { phase, bytes, total_bytes, bytes_per_second, seconds_left });
    }
}

fn cancelled(url: &Url) -> Error {
    let detail = format!("the download of {} was cancelled - download it again to resume", redacted(url));
    Error::new(ErrorCode::Cancelled, detail)
}
