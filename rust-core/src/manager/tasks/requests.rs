//! Unanswered requests, by the ids that clients gave them. Join, cancel and end are written once for every kind of
//! request.

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
    open: HashMap<RequestId, OpenRequest<T>>,
}

struct OpenRequest<T> {
    /// Keeps its model loaded, and distinguishes it from earlier requests of its id.
    lease: LeaseId,
    path: String,
    cancel: CancelFlag,
    /// Whether the engine may have it.
    is_in_engine: bool,
    replies: Vec<Reply<T>>,
}

/// A request that was cancelled and answered, and whose task is still to be cleaned up.
pub(in crate::manager) struct CancelledRequest {
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
    /// Joins an open request of this id. Gives the reply back if there is none.
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
        self.open.insert(id, OpenRequest { lease, path, cancel, is_in_engine: false, replies: vec![reply] });
    }

    /// Marks a request as given to the engine, and returns its cancel flag. None if it was cancelled and answered
    /// already.
    pub(in crate::manager) fn enter_engine(&mut self, id: &RequestId, lease: LeaseId) -> Option<CancelFlag> {
        let request = self.open.get_mut(id).filter(|request| request.lease == lease)?;
        request.is_in_engine = true;
        Some(request.cancel.clone())
    }

    /// Ends a request with its result. False if it was cancelled and answered already.
    pub(in crate::manager) fn end(&mut self, id: &RequestId, lease: LeaseId, result: &Result<T>) -> bool {
        let Some(request) = self.open.extract_if(|other, it| other == id && it.lease == lease).next() else {
            return false;
        };
        for reply in request.1.replies {
            reply(result.clone());
        }
        true
    }

    /// Answers a request with `error`. None if no request of this id is open.
    pub(in crate::manager) fn cancel(&mut self, id: &RequestId, error: &Error) -> Option<CancelledRequest> {
        let OpenRequest { lease, path, cancel, is_in_engine, replies } = self.open.remove(id)?;
        cancel.cancel();
        for reply in replies {
            reply(Err(error.clone()));
        }
        Some(CancelledRequest { lease, path, is_in_engine })
    }

    pub(in crate::manager) fn ids_of(&self, client: ClientId) -> Vec<RequestId> {
        self.open.keys().filter(|(theirs, _)| *theirs == client).cloned().collect()
    }

    pub(in crate::manager) fn use_model(&self, path: &str) -> bool {
        self.open.values().any(|request| request.path == path)
    }
}
