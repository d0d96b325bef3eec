//! The server's files, its scripted misbehaviour, and the requests it has seen.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::{Request, Response, Version};
use tokio::sync::watch;

/// A file to serve.
#[derive(Debug, Clone)]
pub struct Served {
    pub content: Bytes,
    /// The ETag with its quotes.
    pub etag: Option<String>,
    /// Additional headers, such as the hub's.
    pub headers: Vec<(&'static str, String)>,
}

impl Served {
    pub fn new(content: impl Into<Bytes>) -> Self {
        Self { content: content.into(), etag: Some("\"1\"".into()), headers: Vec::new() }
    }
}

/// The server's reaction to one request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Serve the file correctly.
    Serve,
    /// Send a status, headers, and a short body.
    Status(u16, Vec<(&'static str, String)>),
    /// Send the whole file, whatever was requested.
    Whole,
    /// Send correct headers; break the body after this many bytes.
    BreakAfter(u64),
    /// Send correct headers; halt the body after this many bytes, until [`Site::go_on`].
    HaltAfter(u64),
    /// Send correct headers; then one byte at a time.
    Drip(Duration),
    /// Send correct headers, but only after [`Site::go_on`], and no body.
    Silence,
    /// Send an endless body without a length.
    Endless,
    /// Send the file without its length.
    Chunked,
    /// Send the file without its length, and some bytes after it.
    ChunkedAndMore(u64),
    /// Send the file with a false content encoding.
    Encoded(&'static str),
    /// Send this part, whatever was requested.
    OtherRange(String),
    /// Send the file with other headers.
    With(Vec<(&'static str, String)>),
}

/// A received request.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    pub host: String,
    /// First byte of the range.
    pub from: Option<u64>,
    /// Last byte of the range, inclusive.
    pub to: Option<u64>,
    pub if_range: Option<String>,
    pub authorization: Option<String>,
    pub accept_encoding: Option<String>,
    pub version: Version,
    pub at: Instant,
    /// Bytes of the body that were handed over.
    pub sent: Arc<Mutex<u64>>,
}

#[derive(Default)]
struct State {
    files: HashMap<String, Served>,
    acts: HashMap<String, VecDeque<Act>>,
    /// The reaction after the scripted ones.
    always: HashMap<String, Act>,
    seen: Vec<Seen>,
}

/// The content of a server.
pub struct Site {
    state: Mutex<State>,
    gate: watch::Sender<bool>,
    requests: watch::Sender<usize>,
}

impl Default for Site {
    fn default() -> Self {
        Self { state: Mutex::default(), gate: watch::Sender::new(false), requests: watch::Sender::new(0) }
    }
}

impl Site {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked")
    }

    /// Puts a file at a path, which starts with a slash.
    pub fn put(&self, path: &str, served: Served) {
        self.state().files.insert(path.to_owned(), served);
    }

    /// Scripts the reactions to the next requests for a path. Later requests are served correctly.
    pub fn script(&self, path: &str, acts: impl IntoIterator<Item = Act>) {
        self.state().acts.entry(path.to_owned()).or_default().extend(acts);
    }

    /// Scripts the reaction to every later request for a path.
    pub fn always(&self, path: &str, act: Act) {
        self.state().always.insert(path.to_owned(), act);
    }

    /// All requests, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// Bytes of bodies that were handed over.
    pub fn body_bytes(&self) -> u64 {
        self.state().seen.iter().map(|seen| *seen.sent.lock().expect("nobody panicked")).sum()
    }

    /// Waits until this many requests have come.
    pub async fn has_seen(&self, count: usize) {
        let _ = self.requests.subscribe().wait_for(|requests| *requests >= count).await;
    }

    /// Lets halted bodies, present and future ones, go on.
    pub fn go_on(&self) {
        self.gate.send_replace(true);
    }

    pub(super) fn answer<T>(&self, request: &Request<T>) -> Result<Response<Script>, Infallible> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let range = header("range").and_then(|range| {
            let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some((from.parse().ok()?, to.parse().ok()))
        });
        let path = request.uri().path().to_owned();
        let seen = Seen {
            host: request.uri().host().map(str::to_owned).or_else(|| header("host")).unwrap_or_default(),
            from: range.map(|(from, _)| from),
            to: range.and_then(|(_, to)| to),
            if_range: header("if-range"),
            authorization: header("authorization"),
            accept_encoding: header("accept-encoding"),
            version: request.version(),
            at: Instant::now(),
            sent: Arc::default(),
            path: path.clone(),
        };
        let mut state = self.state();
        let scripted = state.acts.get_mut(&path).and_then(VecDeque::pop_front);
        let act = scripted.or_else(|| state.always.get(&path).cloned()).unwrap_or(Act::Serve);
        let served = state.files.get(&path).cloned();
        state.seen.push(seen.clone());
        drop(state);
        self.requests.send_modify(|requests| *requests += 1);
        Ok(self.perform(act, served, &seen))
    }

    fn perform(&self, act: Act, served: Option<Served>, seen: &Seen) -> Response<Script> {
        let script = |bytes: Bytes, fault: Fault| Script {
            bytes,
            fault,
            at: 0,
            sent: seen.sent.clone(),
            gate: Box::pin(opened(self.gate.subscribe())),
            tick: None,
            flushed: false,
        };
        if let Act::Status(status, headers) = act {
            return head(status, headers, script(Bytes::from_static(b"no"), Fault::None));
        }
        let Some(served) = served else {
            return head(404, Vec::new(), script(Bytes::new(), Fault::None));
        };
        let whole = served.content.clone();
        let mut headers = served.headers.clone();
        headers.extend(served.etag.clone().map(|etag| ("etag", etag)));
        let unchanged = seen.if_range.is_none() || seen.if_range == served.etag;
        let part = seen.from.filter(|_| unchanged && !matches!(act, Act::Whole));
        let (status, bytes) = match part {
            Some(from) if from >= whole.len() as u64 => {
                headers.push(("content-range", format!("bytes */{}", whole.len())));
                return head(416, headers, script(Bytes::new(), Fault::None));
            }
            Some(from) => {
                let last = seen.to.unwrap_or(u64::MAX).min(whole.len() as u64 - 1);
                headers.push(("content-range", format!("bytes {from}-{last}/{}", whole.len())));
                (206, whole.slice(from as usize..=last as usize))
            }
            None => (200, whole),
        };
        let length = ("content-length", bytes.len().to_string());
        match act {
            Act::Serve | Act::Whole => head(status, with(headers, length), script(bytes, Fault::None)),
            Act::BreakAfter(count) => head(status, with(headers, length), script(bytes, Fault::Break(count))),
            Act::HaltAfter(count) => head(status, with(headers, length), script(bytes, Fault::Halt(count))),
            Act::Drip(every) => head(status, with(headers, length), script(bytes, Fault::Drip(every))),
            Act::Silence => head(status, with(headers, length), script(bytes, Fault::Halt(0))),
            Act::Endless => head(status, headers, script(bytes, Fault::Endless)),
            Act::Chunked => head(status, headers, script(bytes, Fault::None)),
            Act::ChunkedAndMore(count) => {
                let more = [&bytes[..], &vec![0; count as usize]].concat();
                head(status, headers, script(more.into(), Fault::None))
            }
            Act::Encoded(encoding) => {
                let headers = with(with(headers, length), ("content-encoding", encoding.into()));
                head(status, headers, script(bytes, Fault::None))
            }
            Act::OtherRange(range) => {
                headers.retain(|(name, _)| *name != "content-range");
                head(206, with(with(headers, length), ("content-range", range)), script(bytes, Fault::None))
            }
            Act::With(more) => {
                headers.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
                headers.extend(more);
                head(status, with(headers, length), script(bytes, Fault::None))
            }
            Act::Status(..) => unreachable!("answered above"),
        }
    }
}

async fn opened(mut gate: watch::Receiver<bool>) {
    let _ = gate.wait_for(|open| *open).await;
}

fn with(mut headers: Vec<(&'static str, String)>, header: (&'static str, String)) -> Vec<(&'static str, String)> {
    headers.push(header);
    headers
}

fn head(status: u16, headers: Vec<(&'static str, String)>, body: Script) -> Response<Script> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body).expect("headers that may be sent")
}

enum Fault {
    None,
    Break(u64),
    Halt(u64),
    Drip(Duration),
    Endless,
}

/// A scripted body.
pub struct Script {
    bytes: Bytes,
    fault: Fault,
    at: usize,
    sent: Arc<Mutex<u64>>,
    gate: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
    tick: Option<Pin<Box<tokio::time::Sleep>>>,
    flushed: bool,
}

/// One piece of a body.
const PIECE: usize = 64 << 10;

impl Body for Script {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let left = self.bytes.len() - self.at;
        let mut size = PIECE.min(left);
        match self.fault {
            Fault::None => {}
            Fault::Break(count) | Fault::Halt(count) if (self.at as u64) < count => {
                size = size.min((count - self.at as u64) as usize)
            }
            // Bytes handed over earlier are sent first.
            Fault::Break(_) if !self.flushed => {
                self.flushed = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Fault::Break(_) => return Poll::Ready(Some(Err(std::io::ErrorKind::BrokenPipe.into()))),
            Fault::Halt(_) => {
                std::task::ready!(self.gate.as_mut().poll(context));
                self.fault = Fault::None;
            }
            Fault::Drip(every) => {
                let tick = self.tick.get_or_insert_with(|| Box::pin(tokio::time::sleep(every)));
                std::task::ready!(tick.as_mut().poll(context));
                self.tick = None;
                size = size.min(1);
            }
            Fault::Endless if left == 0 => self.at = 0,
            Fault::Endless => {}
        }
        if matches!(self.fault, Fault::Endless) {
            size = PIECE.min(self.bytes.len() - self.at);
        }
        if size == 0 {
            return Poll::Ready(None);
        }
        let piece = self.bytes.slice(self.at..self.at + size);
        self.at += size;
        *self.sent.lock().expect("nobody panicked") += size as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.fault, Fault::None) && self.at == self.bytes.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
