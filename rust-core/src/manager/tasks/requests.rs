//! Requests that have not been answered, by the ids that clients gave them: joined, cancelled and ended here, whatever
//! they ask for.

use std::collections::HashMap;

use crate::engine::CancelFlag;
use crate::error::{Error, Result};
use crate::events::ClientId;
use crate::manager::models::LeaseId;
use crate::manager::ticket::Reply;

/// A client, and an id that is unique in it.
pub(in crate::manager) type RequestId = (ClientId, String);

/// The answer to an `embed`: one vector for each text, and the tokens that they had.
#[derive(Debug, Clone)]
pub(in crate::manager) struct Embedded {
    pub(in crate::manager) vectors: Vec<Vec<f32>>,
    pub(in crate::manager) prompt_tokens: u32,
}

pub(in crate::manager) struct Requests<T> {
    open: HashMap<RequestId, Request<T>>,
}

struct Request<T> {
    /// Keeps its model, and tells it from earlier requests of its id.
    lease: LeaseId,
    path: String,
    cancel: CancelFlag,
    /// Whether the engine may have it.
    is_in_engine: bool,
    replies: Vec<Reply<T>>,
}

/// What is left to do for a request that was cancelled and answered.
pub(in crate::manager) struct Cancelled {
    pub(in crate::manager) lease: LeaseId,
    pub(in crate::manager) path: String,
    pub(in crate::manager) is_in_engine: bool,
}

impl<T> Default for Requests<T> {
    fn default() -> Self {
        Self { open: HashMap::new() }
    }
}

impl<T: Clone> Requests<T> {
    /// Joins a request of that id; gives the reply back if there is none.
    pub(in crate::manager) fn join(&mut self, id: &RequestId, reply: Reply<T>) -> Option<Reply<T>> {
        match self.open.get_mut(id) {
            Some(request) => {
                request.replies.push(reply);
                None
            }
            None => Some(reply),
        }
    }

    pub(in crate::manager) fn open(&mut self, id: RequestId, lease: LeaseId, path: String, reply: Reply<T>) {
        let cancel = CancelFlag::default();
        self.open.insert(id, Request { lease, path, cancel, is_in_engine: false, replies: vec![reply] });
    }

    /// The engine is about to get the request: its cancel flag. None if it was cancelled, and answered then.
    pub(in crate::manager) fn enter_engine(&mut self, id: &RequestId, lease: LeaseId) -> Option<CancelFlag> {
        let request = self.open.get_mut(id).filter(|request| request.lease == lease)?;
        request.is_in_engine = true;
        Some(request.cancel.clone())
    }

    /// The one end of every request that is not cancelled. False if it was cancelled, and answered then.
    pub(in crate::manager) fn end(&mut self, id: &RequestId, lease: LeaseId, result: &Result<T>) -> bool {
        let Some(request) = self.open.extract_if(|other, it| other == id && it.lease == lease).next() else {
            return false;
        };
        for reply in request.1.replies {
            reply(result.clone());
        }
        true
    }

    /// Answers a request with `error`. None if there is none of that id, or it was answered before.
    pub(in crate::manager) fn cancel(&mut self, id: &RequestId, error: &Error) -> Option<Cancelled> {
        let Request { lease, path, cancel, is_in_engine, replies } = self.open.remove(id)?;
        cancel.cancel();
        for reply in replies {
            reply(Err(error.clone()));
        }
        Some(Cancelled { lease, path, is_in_engine })
    }

    pub(in crate::manager) fn ids_of(&self, client: ClientId) -> Vec<RequestId> {
        self.open.keys().filter(|(theirs, _)| *theirs == client).cloned().collect()
    }

    pub(in crate::manager) fn use_model(&self, path: &str) -> bool {
        self.open.values().any(|request| request.path == path)
    }
}
