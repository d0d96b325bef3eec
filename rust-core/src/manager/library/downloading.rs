//! The commands about downloads, and the task that runs each download.

use super::downloads::{Order, Orders};
use super::resolve::request_for;
use crate::error::Result;
use crate::manager::effects::Effects;
use crate::manager::owners::{Owners, Post, crashed};
use crate::manager::ticket::Reply;
use crate::store::{DownloadRequest, FetchHandle, Fetcher, ModelName, Progress};

/// Reports a download's progress and end to the supervisor. If its task is lost, for example by a panic, the download
/// has failed.
pub(super) struct DownloadReporter {
    post: Post,
    name: String,
    number: u64,
    is_open: bool,
}

impl DownloadReporter {
    pub(super) fn progress(&self, progress: Progress) {
        let (name, number) = (self.name.clone(), self.number);
        self.post.send(move |it, fx| it.library.downloads.moved(&name, number, progress, fx));
    }

    pub(super) fn ended(mut self, result: Result<()>) {
        self.end(result);
    }

    fn end(&mut self, result: Result<()>) {
        self.is_open = false;
        let (name, number) = (self.name.clone(), self.number);
        self.post.send(move |it, fx| it.library.downloads.ended(&name, number, &result, fx));
    }
}

impl Drop for DownloadReporter {
    fn drop(&mut self) {
        if self.is_open {
            self.end(Err(crashed()));
        }
    }
}

/// Registers a download, or an import: clients see both alike, and end both alike.
pub(super) fn begin(it: &mut Owners, fx: &Effects, name: String, reply: Reply) -> (DownloadReporter, Orders) {
    let (number, orders) = it.library.downloads.begin(&name, reply, fx);
    (DownloadReporter { post: it.post.clone(), name, number, is_open: true }, orders)
}

pub(in crate::manager) fn download(it: &mut Owners, fx: &Effects, name: &str, sha256: Option<&str>, reply: Reply) {
    let handle = request(it, name, sha256).and_then(|request| {
        let name = request.name.text();
        if it.library.downloads.is_running(&name) {
            return Ok((name, None));
        }
        Ok((name, Some(it.library.fetcher()?.fetch(request))))
    });
    match handle {
        Ok((name, Some(handle))) => {
            let (reporter, orders) = begin(it, fx, name, reply);
            let task = it.runtime.spawn(follow(handle, orders, reporter));
            it.await_at_shutdown(task);
        }
        Ok((name, None)) => it.library.downloads.join(&name, reply, fx),
        Err(error) => reply(Err(error)),
    }
}

fn request(it: &Owners, name: &str, sha256: Option<&str>) -> Result<DownloadRequest> {
    let name = ModelName::parse(name)?;
    let sha256 = sha256.map(str::parse).transpose()?;
    Ok(DownloadRequest { sha256, ..request_for(&name, it.library.token()) })
}

pub(in crate::manager) fn pause(it: &mut Owners, fx: &Effects, name: &str) -> Result<()> {
    it.library.downloads.pause(&ModelName::parse(name)?.text(), fx);
    Ok(())
}

pub(in crate::manager) fn cancel(it: &mut Owners, fx: &Effects, name: &str, reply: Reply) {
    match ModelName::parse(name) {
        Ok(name) => it.library.downloads.cancel(&name.text(), &name.to_string(), reply, fx),
        Err(error) => reply(Err(error)),
    }
}

/// Pauses every transfer. A transfer that begins during the suspension requests nothing.
pub(in crate::manager) fn suspend(it: &mut Owners, fx: &Effects) {
    it.library.fetcher().into_iter().for_each(Fetcher::suspend);
    it.library.downloads.suspend(fx);
}

/// Continues the transfers after a suspension.
pub(in crate::manager) fn resume(it: &mut Owners, fx: &Effects) {
    it.library.fetcher().into_iter().for_each(Fetcher::resume);
    it.library.downloads.resume(fx);
}

/// The task of one download, until its transfer has ended or it is told to leave.
async fn follow(mut handle: FetchHandle, mut orders: Orders, reporter: DownloadReporter) {
    loop {
        tokio::select! {
            order = orders.heard.recv() => match order {
                Some(Order::Pause) => handle.pause(),
                Some(Order::Resume) => handle.resume(),
                Some(Order::Leave(reply)) => {
                    orders.leaving = Some(reply);
                    break;
                }
                None => break,
            },
            progress = handle.next_progress() => match progress {
                Some(progress) => reporter.progress(progress),
                None => return reporter.ended(handle.finished().await),
            },
        }
    }
    // The other users of this transfer have not asked for a pause.
    handle.resume();
    handle.leave().await;
}
