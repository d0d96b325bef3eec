//! One generation. It waits for its scope, then for its model, is rendered, and runs in the engine.

use std::sync::Arc;
use std::time::Instant;

use crate::engine::CancelFlag;
use crate::kv::KvSnapshot;
use crate::manager::models::LeaseId;
use crate::manager::scopes::{Input, Undo};
use crate::manager::ticket::Reply;
use crate::protocol::{GenerateOptions, ModelConfig, Overflow};

/// A generation that has not finished.
pub(in crate::manager) struct Generation {
    pub(in crate::manager) scope: String,
    pub(in crate::manager) config: ModelConfig,
    pub(in crate::manager) options: GenerateOptions,
    /// The transcript is one message, the prompt itself, and no template is applied to it.
    pub(in crate::manager) is_raw: bool,
    pub(in crate::manager) overflow: Overflow,
    /// KV read from disk for this generation; kept until the engine has it.
    pub(in crate::manager) kept: Option<Arc<KvSnapshot>>,
    pub(in crate::manager) lease: LeaseId,
    pub(in crate::manager) cancel: CancelFlag,
    pub(in crate::manager) requested_at: Instant,
    pub(in crate::manager) stage: Stage,
    /// Callers of cancel, answered at the end.
    pub(in crate::manager) cancels: Vec<Reply>,
}

pub(in crate::manager) enum Stage {
    /// An earlier generation of the scope has not ended.
    WaitingForScope(Input),
    WaitingForModel(Undo),
    Rendering(Undo),
    Running(Undo),
}

impl Stage {
    /// Takes the messages of a generation that waits for its scope.
    pub(in crate::manager) fn take_input(&mut self) -> Option<Input> {
        match self {
            Self::WaitingForScope(input) => Some(std::mem::replace(input, Input::Append(Vec::new()))),
            Self::WaitingForModel(_) | Self::Rendering(_) | Self::Running(_) => None,
        }
    }

    /// Moves on to another stage with the same undo.
    pub(in crate::manager) fn advance(&mut self, next: fn(Undo) -> Stage) {
        let now = std::mem::replace(self, Self::WaitingForScope(Input::Append(Vec::new())));
        *self = match now.into_undo() {
            Some(undo) => next(undo),
            None => unreachable!("a generation that waits for its scope is neither rendered nor run"),
        };
    }

    pub(in crate::manager) fn undo(&self) -> Option<&Undo> {
        match self {
            Self::WaitingForScope(_) => None,
            Self::WaitingForModel(undo) | Self::Rendering(undo) | Self::Running(undo) => Some(undo),
        }
    }

    pub(in crate::manager) fn into_undo(self) -> Option<Undo> {
        match self {
            Self::WaitingForScope(_) => None,
            Self::WaitingForModel(undo) | Self::Rendering(undo) | Self::Running(undo) => Some(undo),
        }
    }
}
