//! Models that are brought to this device for later. A download belongs to the manager, not to who asked for it: every client
//! sees it, and it goes on when its screen, or its JavaScript, has gone.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, error::TryRecvError, unbounded_channel};
use tokio::task::JoinHandle;

use super::bringing::wanted;
use super::mailbox::{Mailbox, Message, Reply};
use super::supervisor::Supervisor;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{Download as DownloadState, DownloadStatus, Event};
use crate::store::{DownloadRequest, FetchHandle, Fetcher, ModelName, Phase, Progress};

/// By the canonical text of their names.
#[derive(Default)]
pub(super) struct Downloads {
    running: HashMap<String, Download>,
    /// Those whose failure is still shown.
    failed: HashSet<String>,
    begun: u64,
}

struct Download {
    /// Tells it from one of the same name that came before.
    number: u64,
    orders: UnboundedSender<Order>,
    /// By who asked for it. A suspension holds it besides.
    paused: bool,
    progress: Progress,
    replies: Vec<Reply>,
}

/// What the task of a download is told. A channel that is closed says to leave.
pub(super) enum Order {
    Pause,
    Resume,
    /// And whom to tell when it has stopped.
    Leave(Reply),
}

/// A task's ear. Whoever waits for the task to leave is answered when this is dropped, if not before.
pub(super) struct Orders {
    heard: UnboundedReceiver<Order>,
    held: bool,
    leaving: Option<Reply>,
}

impl Orders {
    /// Waits while the work is held. Says whether it is to go on; whoever waits for its end is answered after it.
    pub(super) fn may_go_on(&mut self) -> ControlFlow<()> {
        loop {
            let order = if self.held {
                self.heard.blocking_recv()
            } else {
                match self.heard.try_recv() {
                    Err(TryRecvError::Empty) => return ControlFlow::Continue(()),
                    order => order.ok(),
                }
            };
            match order {
                Some(Order::Pause) => self.held = true,
                Some(Order::Resume) => self.held = false,
                Some(Order::Leave(reply)) => {
                    self.leaving = Some(reply);
                    return ControlFlow::Break(());
                }
                None => return ControlFlow::Break(()),
            }
        }
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        self.heard.close();
        while let Ok(order) = self.heard.try_recv() {
            if let Order::Leave(reply) = order {
                self.leaving = Some(reply);
            }
        }
        if let Some(reply) = self.leaving.take() {
            reply(Ok(()));
        }
    }
}

/// A task's way to tell how far it is.
pub(super) struct Report {
    mailbox: Mailbox,
    name: String,
    number: u64,
}

impl Supervisor {
    pub(super) fn download(&mut self, name: &str, sha256: Option<&str>, reply: Reply) {
        let fetching = self.wanted(name, sha256).and_then(|wanted| {
            let name = wanted.name.text();
            if self.is_downloading(&name) {
                return Ok((name, None));
            }
            Ok((name, Some(self.fetcher()?.fetch(wanted))))
        });
        match fetching {
            Ok((name, Some(fetching))) => {
                let (report, orders) = self.begin_download(name, reply);
                self.await_at_shutdown(self.runtime.spawn(follow(fetching, orders, report)));
            }
            Ok((name, None)) => self.join_download(&name, reply),
            Err(error) => reply(Err(error)),
        }
    }

    pub(super) fn pause_download(&mut self, name: &str) -> Result<()> {
        let name = ModelName::parse(name)?.text();
        if let Some(download) = self.downloads.running.get_mut(&name) {
            download.paused = true;
            download.order(Order::Pause);
            self.publish_download(&name);
        }
        Ok(())
    }

    pub(super) fn cancel_download(&mut self, name: &str, reply: Reply) {
        let name = match ModelName::parse(name) {
            Ok(name) => name,
            Err(error) => return reply(Err(error)),
        };
        let text = name.text();
        let was_failed = self.downloads.failed.remove(&text);
        let running = self.downloads.running.remove(&text);
        if was_failed || running.is_some() {
            self.hub.publish(Event::DownloadRemoved { name: text });
        }
        let Some(download) = running else { return reply(Ok(())) };
        download.order(Order::Leave(reply));
        let detail = format!("the download of {name} was cancelled - what has come is kept for the next time");
        download.answer(&Err(Error::new(ErrorCode::Cancelled, detail)));
    }

    /// A suspension begins. No transfer goes on, nor does one that begins meanwhile ask for a byte.
    pub(super) fn hold_downloads(&self) {
        self.fetcher.iter().for_each(Fetcher::suspend);
        for (name, download) in &self.downloads.running {
            download.order(Order::Pause);
            self.publish_download(name);
        }
    }

    /// A suspension is over.
    pub(super) fn release_downloads(&self) {
        self.fetcher.iter().for_each(Fetcher::resume);
        for (name, download) in self.downloads.running.iter().filter(|(_, download)| !download.paused) {
            download.order(Order::Resume);
            self.publish_download(name);
        }
    }

    /// The manager shuts down, which waits for their tasks.
    pub(super) fn end_downloads(&mut self) {
        for (name, download) in std::mem::take(&mut self.downloads.running) {
            self.hub.publish(Event::DownloadRemoved { name });
            let detail = "the manager is shutting down - what has come is kept for the next process";
            download.answer(&Err(Error::new(ErrorCode::Closed, detail)));
        }
    }

    fn wanted(&self, name: &str, sha256: Option<&str>) -> Result<DownloadRequest> {
        let name = ModelName::parse(name)?;
        let sha256 = sha256.map(str::parse).transpose()?;
        Ok(DownloadRequest { sha256, ..wanted(&name, self.hub_token.as_ref()) })
    }

    /// A task that writes into the directory.
    pub(super) fn await_at_shutdown(&mut self, task: JoinHandle<()>) {
        self.joins.retain(|join| !join.is_finished());
        self.joins.push(task);
    }

    pub(super) fn is_downloading(&self, name: &str) -> bool {
        self.downloads.running.contains_key(name)
    }

    pub(super) fn begin_download(&mut self, name: String, reply: Reply) -> (Report, Orders) {
        self.downloads.begun += 1;
        self.downloads.failed.remove(&name);
        let (number, (orders, heard)) = (self.downloads.begun, unbounded_channel());
        let download = Download { number, orders, paused: false, progress: Progress::NONE, replies: vec![reply] };
        download.order(if self.suspended { Order::Pause } else { Order::Resume });
        self.downloads.running.insert(name.clone(), download);
        self.publish_download(&name);
        (Report { mailbox: self.mailbox.clone(), name, number }, Orders { heard, held: false, leaving: None })
    }

    fn join_download(&mut self, name: &str, reply: Reply) {
        let Some(download) = self.downloads.running.get_mut(name) else { return };
        download.replies.push(reply);
        if std::mem::take(&mut download.paused) && !self.suspended {
            download.order(Order::Resume);
            self.publish_download(name);
        }
    }

    fn download_moved(&mut self, name: &str, number: u64, progress: Progress) {
        let download = self.downloads.running.get_mut(name).filter(|download| download.number == number);
        if let Some(download) = download {
            download.progress = progress;
            self.publish_download(name);
        }
    }

    fn download_ended(&mut self, name: String, number: u64, result: Result<()>) {
        let is_this = |download: &Download| download.number == number;
        if !self.downloads.running.get(&name).is_some_and(is_this) {
            return;
        }
        let download = self.downloads.running.remove(&name);
        match &result {
            Ok(()) => self.hub.publish(Event::DownloadRemoved { name }),
            Err(error) => {
                self.downloads.failed.insert(name.clone());
                let status = DownloadStatus::Failed { error: error.clone() };
                self.hub.publish(Event::DownloadChanged { download: DownloadState { name, status } });
            }
        }
        if let Some(download) = download {
            download.answer(&result);
        }
    }

    fn publish_download(&self, name: &str) {
        let Some(download) = self.downloads.running.get(name) else { return };
        let own = download.progress;
        let held = Progress { phase: Phase::Paused, bytes_per_second: None, seconds_left: None, ..own };
        let progress = if download.paused || self.suspended { held } else { own };
        let status = DownloadStatus::Running { progress };
        self.hub.publish(Event::DownloadChanged { download: DownloadState { name: name.to_owned(), status } });
    }
}

impl Download {
    fn order(&self, order: Order) {
        // A task that has ended has left.
        if let Err(unheard) = self.orders.send(order)
            && let Order::Leave(reply) = unheard.0
        {
            reply(Ok(()));
        }
    }

    fn answer(self, result: &Result<()>) {
        for reply in self.replies {
            reply(result.clone());
        }
    }
}

impl Report {
    pub(super) fn progress(&self, progress: Progress) {
        let (name, number) = (self.name.clone(), self.number);
        self.tell(move |it| it.download_moved(&name, number, progress));
    }

    pub(super) fn ended(self, result: Result<()>) {
        let (name, number) = (self.name.clone(), self.number);
        self.tell(move |it| it.download_ended(name, number, result));
    }

    fn tell(&self, then: impl FnOnce(&mut Supervisor) + Send + 'static) {
        self.mailbox.tell(Message::Continue(Box::new(then)));
    }
}

/// The task of one download, until its transfer has ended or it is told to leave.
async fn follow(mut fetching: FetchHandle, mut orders: Orders, report: Report) {
    loop {
        tokio::select! {
            order = orders.heard.recv() => match order {
                Some(Order::Pause) => fetching.pause(),
                Some(Order::Resume) => fetching.resume(),
                Some(Order::Leave(reply)) => {
                    orders.leaving = Some(reply);
                    break;
                }
                None => break,
            },
            progress = fetching.next_progress() => match progress {
                Some(progress) => report.progress(progress),
                None => return report.ended(fetching.finished().await),
            },
        }
    }
    // Whoever stays has not asked for a pause.
    fetching.resume();
    fetching.leave().await;
}
