//! One file from a server into a folder: every attempt, until it is whole or there is no hope. Knows neither who waits for it
//! nor where the file goes afterwards.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::address::shown;
use super::blocking::blocking;
use super::control::Control;
use super::http_client::{ByteRange, HttpRequest};
use super::journal::BLOCK_BYTES;
use super::network::{Answer, Incoming, Network, random};
use super::partial::Arrived;
use super::progress::{Meter, Phase, Progress, seconds_left};
use super::response::{self, ExpectedContent, Plan};
use super::retry::Failures;
use super::secret::Secret;
use super::transfer_error::{RetryAdvice, TransferError, TransferResult};
use super::writer::Writer;
use crate::error::{Error, ErrorCode, Result};

/// A file on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteLocation {
    /// Where.
    pub url: Url,
    /// For that server alone.
    pub token: Option<Secret>,
    /// What is known of it.
    pub expected: ExpectedContent,
}

/// Hears how far a transfer is. Called for every piece that comes.
pub type Report = Box<dyn Fn(Progress) + Send + Sync>;

/// Makes room for a file of so many bytes, a length that nobody knew before its server said it. Blocks.
pub type MakeRoom = Arc<dyn Fn(u64) -> Result<()> + Send + Sync>;

/// The transfer of one file.
pub struct Download {
    network: Network,
    remote: RemoteLocation,
    folder: PathBuf,
    control: Control,
    report: Report,
    make_room: MakeRoom,
    meter: Meter,
    failures: Failures,
}

/// How an attempt ended that did not fail.
enum Attempt {
    /// What was asked for has come.
    Done,
    /// The transfer is to wait, or to end.
    Stopped,
}

impl Download {
    /// Into `folder`, which is this transfer's own.
    pub fn new(
        network: Network,
        remote: RemoteLocation,
        folder: PathBuf,
        control: Control,
        report: Report,
        make_room: MakeRoom,
    ) -> Self {
        let (meter, failures) = (Meter::default(), Failures::default());
        Self { network, remote, folder, control, report, make_room, meter, failures }
    }

    /// Until the file is whole and verified, or cannot be had, or nobody wants it: `Cancelled`. What has come stays in the
    /// folder for the next time, unless it is wrong. When this returns, nothing is written any longer; the future is to be
    /// driven to its end.
    pub async fn run(mut self) -> Result<Arrived> {
        let spare = self.network.options().spare_bytes;
        let mut writer = Writer::open(self.folder.clone(), self.remote.expected.clone(), spare).await?;
        let outcome = self.fetch(&mut writer).await;
        writer.end().await;
        outcome
    }

    async fn fetch(&mut self, writer: &mut Writer) -> Result<Arrived> {
        while !writer.is_whole() {
            if !self.control.may_go_on_now() {
                self.say(writer, Phase::Paused);
                if !self.control.may_go_on().await {
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
        self.say(writer, Phase::Verifying);
        writer.finish().await
    }

    /// Keeps what is good, and waits if another attempt may help.
    async fn recover(&mut self, writer: &mut Writer, error: TransferError) -> Result<()> {
        let code = error.error.code;
        match error.advice {
            RetryAdvice::StartOver => writer.discard().await?,
            RetryAdvice::None if matches!(code, ErrorCode::LengthMismatch | ErrorCode::DigestMismatch) => {
                writer.discard().await?
            }
            // The writer flushes as it ends, if it is not the one that failed.
            RetryAdvice::None => {}
            RetryAdvice::Wait { .. } | RetryAdvice::WaitIfReached => writer.flush().await?,
        }
        let wait = self.failures.next(error, &self.network.options().retry_policy, random())?;
        tracing::info!(?code, ?wait, "download was interrupted");
        let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        self.say(writer, Phase::Waiting { code, wait_ms });
        self.control.wait(wait).await;
        Ok(())
    }

    async fn attempt(&mut self, writer: &mut Writer) -> TransferResult<Attempt> {
        self.say(writer, Phase::Connecting);
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
        let Answer { status, headers, linked, incoming } = answer;
        let expected = &self.remote.expected;
        match response::read(&shown(&self.remote.url), status, &headers, &linked, expected, before)? {
            Plan::FromStart(identity) => {
                let length = identity.length;
                writer.begin(identity).await?;
                self.have_room(length).await?;
                // Without a length of its own, the body itself must say that it ends there.
                self.take(writer, incoming, length, headers.content_length.is_none()).await
            }
            Plan::Append(count) => {
                let length = writer.state().map_or(count, |(identity, _)| identity.length);
                writer.go_on().await?;
                self.have_room(length).await?;
                self.take(writer, incoming, count, headers.content_length.is_none()).await
            }
        }
    }

    /// For a file whose length was known beforehand, there is.
    async fn have_room(&self, bytes: u64) -> Result<()> {
        if self.remote.expected.length.is_some() {
            return Ok(());
        }
        let make_room = self.make_room.clone();
        blocking(move || make_room(bytes)).await
    }

    /// Takes `count` bytes of a body, which must end there.
    async fn take(
        &mut self,
        writer: &mut Writer,
        mut incoming: Incoming,
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
            let come = bytes.len() as u64;
            if come > left {
                return Err(self.too_long(count));
            }
            left -= come;
            in_block += come;
            writer.write(bytes).await?;
            if in_block >= BLOCK_BYTES {
                in_block = 0;
                self.failures.progressed();
            }
            self.meter.add(Instant::now(), come);
            self.say(writer, Phase::Running);
        }
        if left > 0 { Err(self.too_short(left)) } else { Ok(Attempt::Done) }
    }

    fn too_long(&self, count: u64) -> TransferError {
        let url = shown(&self.remote.url);
        let detail = format!("{url} goes on after its {count} bytes - check the address, or try again later");
        TransferError::last(ErrorCode::LengthMismatch, detail)
    }

    fn too_short(&self, left: u64) -> TransferError {
        let url = shown(&self.remote.url);
        let detail =
            format!("the connection for {url} ended {left} bytes too early - try again: it goes on where it was");
        TransferError::passing(ErrorCode::ConnectionLost, detail)
    }

    fn say(&self, writer: &Writer, phase: Phase) {
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
    let detail = format!("the download of {} was cancelled - what has come is kept for the next time", shown(url));
    Error::new(ErrorCode::Cancelled, detail)
}
