//! The ladder of a trim: its steps, and which models a step unloads. Plain data and pure rules.

use std::collections::{HashMap, VecDeque};

use super::pending::PendingExits;
use crate::manager::ticket::Reply;
use crate::protocol::{TrimLevel, TrimRung};

#[derive(Default)]
pub(super) struct Trims {
    pub(super) running: Option<Trim>,
    pub(super) waiting: Option<(TrimLevel, Vec<Reply>)>,
}

/// One trim on its way down the ladder.
pub(super) struct Trim {
    /// Steps that have not begun.
    pub(super) rungs: VecDeque<TrimRung>,
    /// The step that is awaited.
    pub(super) at: Option<TrimRung>,
    pub(super) exits: PendingExits,
    /// Parked scopes are being written.
    pub(super) saving: bool,
    /// Bytes that each model will free, recorded when it has exited.
    pub(super) models: HashMap<String, u64>,
    /// Bytes that residents have freed.
    pub(super) resident_bytes: u64,
    pub(super) replies: Vec<Reply>,
}

/// A loaded or loading model, as a step sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: String,
    /// Bytes that unloading it frees.
    pub(super) bytes: u64,
    pub(super) leased: bool,
    /// Whether it runs a generation.
    pub(super) generating: bool,
    /// Higher is later.
    pub(super) used: u64,
}

/// The steps of a level, in their order.
fn ladder(level: TrimLevel) -> Vec<TrimRung> {
    let mut rungs =
        vec![TrimRung::EmbeddersFreed, TrimRung::ParkedSaved, TrimRung::ParkedDropped, TrimRung::IdleUnloaded];
    match level {
        TrimLevel::Moderate => {}
        TrimLevel::Critical => rungs.extend([TrimRung::ResidentsEvicted, TrimRung::LeasedUnloaded]),
    }
    rungs
}

/// The models that a step unloads. Of the leased models the one that was used last stays: a model that generates now,
/// else the model that was acquired, released or generated with last.
pub(super) fn to_unload(rung: TrimRung, candidates: Vec<Candidate>) -> Vec<Candidate> {
    let (leased, idle): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|candidate| candidate.leased);
    match rung {
        TrimRung::EmbeddersFreed | TrimRung::ParkedSaved | TrimRung::ParkedDropped | TrimRung::ResidentsEvicted => {
            Vec::new()
        }
        TrimRung::IdleUnloaded => idle,
        TrimRung::LeasedUnloaded => {
            let last = leased.iter().map(|candidate| (candidate.generating, candidate.used)).max();
            leased.into_iter().filter(|candidate| Some((candidate.generating, candidate.used)) != last).collect()
        }
    }
}

impl Trim {
    pub(super) fn new(level: TrimLevel, replies: Vec<Reply>) -> Self {
        Self {
            rungs: ladder(level).into(),
            at: None,
            exits: PendingExits::default(),
            saving: false,
            models: HashMap::new(),
            resident_bytes: 0,
            replies,
        }
    }
}
