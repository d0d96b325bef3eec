//! Downloads, by the canonical text of their models' names. A download belongs to the manager, not to a client: every
//! client sees it, and it goes on when its screen or its JavaScript has gone.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, error::TryRecvError, unbounded_channel};

use crate::error::{Error, ErrorCode, Result};
use crate::manager::effects::Effects;
use crate::manager::ticket::Reply;
use crate::protocol::{Download as DownloadState, DownloadStatus, Event};
use crate::store::{Phase, Progress};

#[derive(Default)]
pub(in crate::manager) struct Downloads {
    running: HashMap<String, RunningDownload>,
    /// Downloads whose failure is still shown.
    failed: HashSet<String>,
    begun: u64,
    suspended: bool,
}

struct RunningDownload {
    /// Distinguishes it from earlier downloads of its name.
    number: u64,
    orders: UnboundedSender<Order>,
    /// Paused by a client. A suspension pauses every download in addition.
    paused: bool,
    progress: Progress,
    replies: Vec<Reply>,
}

/// An order to the task of a download. A closed channel means `Leave`.
pub(super) enum Order {
    Pause,
    Resume,
    /// The reply is called when the task has stopped.
    Leave(Reply),
}

/// The task's receiver of orders. Dropping it answers the caller that waits for the task to leave.
pub(super) struct Orders {
    pub(super) heard: UnboundedReceiver<Order>,
    is_paused: bool,
    pub(super) leaving: Option<Reply>,
}

impl Orders {
    /// Blocks while the work is paused, then says whether it goes on. After a `Break`, dropping `self` answers the
    /// caller that waits.
    pub(super) fn may_go_on(&mut self) -> ControlFlow<()> {
        loop {
            let order = if self.is_paused {
                self.heard.blocking_recv()
            } else {
                match self.heard.try_recv() {
                    Err(TryRecvError::Empty) => return ControlFlow::Continue(()),
                    order => order.ok(),
                }
            };
            match order {
                Some(Order::Pause) => self.is_paused = true,
                Some(Order::Resume) => self.is_paused = false,
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

impl Downloads {
    pub(super) fn is_running(&self, name: &str) -> bool {
        self.running.contains_key(name)
    }

    /// Gives the number of the new download, and the orders for its task.
    pub(super) fn begin(&mut self, name: &str, reply: Reply, fx: &Effects) -> (u64, Orders) {
        self.begun += 1;
        self.failed.remove(name);
        let (number, (orders, heard)) = (self.begun, unbounded_channel());
        let download =
            RunningDownload { number, orders, paused: false, progress: Progress::NONE, replies: vec![reply] };
        download.order(if self.suspended { Order::Pause } else { Order::Resume });
        self.running.insert(name.to_owned(), download);
        self.publish(name, fx);
        (number, Orders { heard, is_paused: false, leaving: None })
    }

    /// Joins a download that runs, and resumes it if it is paused.
    pub(super) fn join(&mut self, name: &str, reply: Reply, fx: &Effects) {
        let Some(download) = self.running.get_mut(name) else { return };
        download.replies.push(reply);
        if std::mem::take(&mut download.paused) && !self.suspended {
            download.order(Order::Resume);
            self.publish(name, fx);
        }
    }

    /// Pausing a download that does not run does nothing.
    pub(super) fn pause(&mut self, name: &str, fx: &Effects) {
        if let Some(download) = self.running.get_mut(name) {
            download.paused = true;
            download.order(Order::Pause);
            self.publish(name, fx);
        }
    }

    /// Ends a download, or forgets that it failed. `reply` is called when its task has stopped.
    pub(super) fn cancel(&mut self, name: &str, shown: &str, reply: Reply, fx: &Effects) {
        let was_failed = self.failed.remove(name);
        let running = self.running.remove(name);
        if was_failed || running.is_some() {
            fx.publish(Event::DownloadRemoved { name: name.to_owned() });
        }
        let Some(download) = running else { return reply(Ok(())) };
        download.order(Order::Leave(reply));
        let detail = format!("the download of {shown} was cancelled - the received part is kept for the next time");
        download.answer(&Err(Error::new(ErrorCode::Cancelled, detail)));
    }

    pub(super) fn moved(&mut self, name: &str, number: u64, progress: Progress, fx: &Effects) {
        if let Some(download) = self.running.get_mut(name).filter(|download| download.number == number) {
            download.progress = progress;
            self.publish(name, fx);
        }
    }

    pub(super) fn ended(&mut self, name: &str, number: u64, result: &Result<()>, fx: &Effects) {
        if self.running.get(name).is_none_or(|download| download.number != number) {
            return;
        }
        let Some(download) = self.running.remove(name) else { return };
        match result {
            Ok(()) => fx.publish(Event::DownloadRemoved { name: name.to_owned() }),
            Err(error) => {
                self.failed.insert(name.to_owned());
                let status = DownloadStatus::Failed { error: error.clone() };
                fx.publish(Event::DownloadChanged { download: DownloadState { name: name.to_owned(), status } });
            }
        }
        download.answer(result);
    }

    /// Pauses every download for a suspension.
    pub(super) fn suspend(&mut self, fx: &Effects) {
        self.suspended = true;
        for (name, download) in &self.running {
            download.order(Order::Pause);
            self.publish(name, fx);
        }
    }

    /// Continues the downloads that no client has paused.
    pub(super) fn resume(&mut self, fx: &Effects) {
        self.suspended = false;
        for (name, download) in self.running.iter().filter(|(_, download)| !download.paused) {
            download.order(Order::Resume);
            self.publish(name, fx);
        }
    }

    /// Ends every download for a shutdown, which waits for the tasks.
    pub(super) fn end_all(&mut self, fx: &Effects) {
        for (name, download) in std::mem::take(&mut self.running) {
            fx.publish(Event::DownloadRemoved { name });
            let detail = "the manager is shutting down - the received part is kept for the next process";
            download.answer(&Err(Error::new(ErrorCode::Closed, detail)));
        }
    }

    fn publish(&self, name: &str, fx: &Effects) {
        let Some(download) = self.running.get(name) else { return };
        let own = download.progress;
        let paused = Progress { phase: Phase::Paused, bytes_per_second: None, seconds_left: None, ..own };
        let progress = if download.paused || self.suspended { paused } else { own };
        let status = DownloadStatus::Running { progress };
        fx.publish(Event::DownloadChanged { download: DownloadState { name: name.to_owned(), status } });
    }
}

impl RunningDownload {
    fn order(&self, order: Order) {
        // A task that has ended takes no orders, and has left already.
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
