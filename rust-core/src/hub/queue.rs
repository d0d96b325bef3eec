//! One client's numbered events. Text deltas of one generation are joined while they wait, so that a slow consumer
//! costs no memory per token.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::protocol::{Batch, Event, NumberedEvent};

/// A client gets at most one batch in this time: a frame.
pub(super) const BATCH_INTERVAL: Duration = Duration::from_millis(16);

/// Beyond this many, events that a snapshot can replace are dropped; the gap in the numbers makes the client reread it.
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
        if let Some((generation, part, text)) = piece(&mut event)
            && let Some(joined) = self.waiting(generation, part)
        {
            joined.push_str(text);
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

    /// The text that waits at the end of the queue for more of this part, behind nothing but pieces of other generations.
    fn waiting(&mut self, generation: &str, part: Part) -> Option<&mut String> {
        for numbered in self.events.range_mut(self.sealed..).rev() {
            let (other, its_part, text) = piece(&mut numbered.event)?;
            if other == generation {
                return (its_part == part).then_some(text);
            }
        }
        None
    }
}

/// One of a generation's texts.
#[derive(PartialEq, Eq)]
enum Part {
    Text,
    Reasoning,
    Call(u32),
}

/// What a delta adds, and to what.
fn piece(event: &mut Event) -> Option<(&str, Part, &mut String)> {
    match event {
        Event::TextDelta { generation_id, text, .. } => Some((generation_id, Part::Text, text)),
        Event::ReasoningDelta { generation_id, text, .. } => Some((generation_id, Part::Reasoning, text)),
        Event::ToolCallDelta { generation_id, index, arguments, .. } => {
            Some((generation_id, Part::Call(*index), arguments))
        }
        _ => None,
    }
}

/// Whether somebody waits for this very event: a snapshot does not replace it.
fn is_answer(event: &Event) -> bool {
    match event {
        Event::Done { .. }
        | Event::Failed { .. }
        | Event::Transcript { .. }
        | Event::Replay { .. }
        | Event::Lifecycle { .. }
        | Event::MemoryFit { .. }
        | Event::Prefilled { .. }
        | Event::Tokens { .. }
        | Event::Text { .. }
        | Event::RenderedPrompt { .. }
        | Event::Embeddings { .. }
        | Event::Benched { .. }
        | Event::HubRepository { .. }
        | Event::StoredModels { .. }
        // Nobody would ask again.
        | Event::EvictResident { .. } => true,
        Event::BenchProgress { .. }
        | Event::ModelChanged { .. }
        | Event::ScopeChanged { .. }
        | Event::ScopeDisposed { .. }
        | Event::TranscriptChanged { .. }
        | Event::GenerationQueued { .. }
        | Event::PhaseChanged { .. }
        | Event::TextDelta { .. }
        | Event::ReasoningDelta { .. }
        | Event::ToolCallDelta { .. }
        | Event::SuspensionChanged { .. }
        | Event::DownloadChanged { .. }
        | Event::DownloadRemoved { .. }
        | Event::ResidentChanged { .. }
        | Event::ResidentRemoved { .. }
        | Event::Recorded { .. } => false,
    }
}
