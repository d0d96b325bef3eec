//! Requests that need a model for a moment and leave nothing behind but their answer.

pub(super) mod bench;
pub(super) mod cancel;
pub(super) mod embed;
pub(super) mod embedders;
pub(super) mod one_shot;
mod requests;
mod waiting;

pub(super) use requests::{Embedded, Requests};
pub(super) use waiting::{LoadedModelRef, WaitingTasks};
