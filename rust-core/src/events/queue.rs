//! One client's numbered events. Deltas of one generation are joined while they wait, so that a slow consumer
//! costs no memory per token.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::protocol::{Batch, Event, NumberedEvent, TokenLogprob, answers};

/// A client gets at most one batch in this time: a frame.
pub(super) const BATCH_INTERVAL: Duration = Duration::from_millis(16);

/// At this many waiting events, those that a snapshot can replace are dropped. The gap in `seq` makes the client reread
/// the snapshot.
const LIMIT: usize = 4096;

#[derive(Debug)]
pub(super) struct Queue {
    epoch: String,
    seq: u64,
    events: VecDeque<NumberedEvent>,
    /// Events before this index are part of a snapshot that was handed out: nothing may be joined to them.
    sealed: usize,
    last_batch: Option<Instant>,
}

impl Queue {
    pub(super) fn new(epoch: String) -> Self {
        Self { epoch, seq: 0, events: VecDeque::new(), sealed: 0, last_batch: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(super) fn push(&mut self, mut event: Event) {
        if let Some((generation, part, piece)) = piece(&mut event)
            && let Some(waiting) = self.waiting(generation, part)
            && waiting.joins(piece)
        {
            return;
        }
        if self.events.len() >= LIMIT {
            self.events.retain(|numbered| is_answer(&numbered.event));
            self.sealed = 0;
            self.seq += 1;
        }
        self.seq += 1;
        self.events.push_back(NumberedEvent { seq: self.seq, event });
    }

    /// Epoch and number for a snapshot that includes everything so far.
    pub(super) fn seal(&mut self) -> (String, u64) {
        self.sealed = self.events.len();
        (self.epoch.clone(), self.seq)
    }

    /// When the frame of the last batch ends, and another one may be taken.
    pub(super) fn opens(&self, now: Instant) -> Instant {
        self.last_batch.map_or(now, |last| last + BATCH_INTERVAL)
    }

    pub(super) fn take(&mut self, now: Instant) -> Batch {
        self.last_batch = Some(now);
        self.sealed = 0;
        Batch { epoch: self.epoch.clone(), events: self.events.drain(..).collect() }
    }

    /// The last waiting piece of this part, if only pieces of other generations follow it. The texts of one generation
    /// stay in order. Log probabilities and texts may pass each other.
    fn waiting(&mut self, generation: &str, part: Part) -> Option<Piece<'_>> {
        for numbered in self.events.range_mut(self.sealed..).rev() {
            let (other, its_part, piece) = piece(&mut numbered.event)?;
            if other == generation && its_part == part {
                return Some(piece);
            }
            if other == generation && its_part != Part::Logprobs && part != Part::Logprobs {
                return None;
            }
        }
        None
    }
}

/// A part of an answer that deltas add to.
#[derive(PartialEq, Eq)]
enum Part {
    Text,
    Reasoning,
    Call(u32),
    Logprobs,
}

/// The content of a delta.
enum Piece<'a> {
    Text(&'a mut String),
    Logprobs(&'a mut Vec<TokenLogprob>),
}

impl Piece<'_> {
    /// Appends `more`. False if it is of another kind.
    fn joins(self, more: Piece<'_>) -> bool {
        match (self, more) {
            (Self::Text(known), Piece::Text(more)) => known.push_str(more),
            (Self::Logprobs(known), Piece::Logprobs(more)) => known.append(more),
            (Self::Text(_), Piece::Logprobs(_)) | (Self::Logprobs(_), Piece::Text(_)) => return false,
        }
        true
    }
}

/// The generation, the part and the content of a delta. None for other events.
fn piece(event: &mut Event) -> Option<(&str, Part, Piece<'_>)> {
    match event {
        Event::TextDelta { generation_id, text, .. } => Some((generation_id, Part::Text, Piece::Text(text))),
        Event::ReasoningDelta { generation_id, text, .. } => Some((generation_id, Part::Reasoning, Piece::Text(text))),
        Event::ToolCallDelta { generation_id, index, arguments, .. } => {
            Some((generation_id, Part::Call(*index), Piece::Text(arguments)))
        }
        Event::LogprobsDelta { generation_id, logprobs, .. } => {
            Some((generation_id, Part::Logprobs, Piece::Logprobs(logprobs)))
        }
        _ => None,
    }
}

/// Whether a caller waits for this event, so that no snapshot can replace it.
fn is_answer(event: &Event) -> bool {
    match event {
        answers!(_) => true,
        // A resident is not asked twice.
        Event::EvictResident { .. } => true,
        Event::BenchProgress { .. }
        | Event::ModelChanged { .. }
        | Event::ScopeChanged { .. }
        | Event::ScopeDeleted { .. }
        | Event::TranscriptChanged { .. }
        | Event::GenerationQueued { .. }
        | Event::PhaseChanged { .. }
        | Event::TextDelta { .. }
        | Event::ReasoningDelta { .. }
        | Event::ToolCallDelta { .. }
        | Event::LogprobsDelta { .. }
        | Event::ToolCallDropped { .. }
        | Event::SuspensionChanged { .. }
        | Event::DownloadChanged { .. }
        | Event::DownloadRemoved { .. }
        | Event::ResidentChanged { .. }
        | Event::ResidentRemoved { .. }
        | Event::Recorded { .. } => false,
    }
}
