//! Tasks: requests that need a model once and leave nothing but their answer.

pub(super) mod bench;
pub(super) mod cancel;
pub(super) mod embed;
pub(super) mod embedders;
pub(super) mod one_shot;
mod requests;
mod waiting;

pub(super) use requests::{Embedded, Requests};
pub(super) use waiting::{LoadedModelRef, WaitingTasks};
