//! One conversation: its transcript, and the generations that wait for it. Plain data and pure operations; a generation
//! that does not succeed is undone as a whole.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use super::unanswered_tool_calls::with_every_call_answered;
use crate::engine::Answer;
use crate::kv::{SavedKv, SavedTranscript};
use crate::manager::ticket::Reply;
use crate::protocol::{GenerateOptions, Message, Persist, Residency, Role, ScopeSummary};

pub(in crate::manager) struct Scope {
    id: String,
    /// Distinguishes it from earlier scopes of its id.
    pub(in crate::manager) incarnation: Stamp,
    transcript: Vec<Message>,
    /// Number of messages after the system prompt that the model no longer sees.
    dropped: usize,
    /// Whether it filled more than 80 % of its context when it was last measured.
    nearly_full: bool,
    revision: u64,
    /// Path of the model that answers.
    pub(in crate::manager) model: String,
    /// Where that model's KV of the scope is.
    pub(in crate::manager) kv: Kv,
    /// Grows with every change of the KV. A file of a smaller version is out of date.
    pub(in crate::manager) kv_version: u64,
    /// Its KV file, if it has one.
    pub(in crate::manager) kv_file: Option<KvFile>,
    /// Changes whenever its files are removed. A write that began under an earlier stamp has left no file.
    pub(in crate::manager) file_stamp: Stamp,
    pub(in crate::manager) persist: Persist,
    /// Options of its last generation. The next one will probably give its template the same tools.
    pub(in crate::manager) options: GenerateOptions,
    pub(in crate::manager) last_used_at: u64,
    /// Generations in the order in which they were sent; the first one runs.
    pub(in crate::manager) generations: VecDeque<String>,
    /// Callers that wait for the scope's deletion. While there are any, new generations are refused.
    pub(in crate::manager) deletions: Vec<Reply>,
}

/// Unique in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manager) struct Stamp(u64);

impl Stamp {
    pub(in crate::manager) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Where a scope's KV is, and how many tokens it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manager) enum Kv {
    Uncached,
    Resident(u32),
    Parked(u32),
}

/// A scope's KV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::manager) struct KvFile {
    pub(in crate::manager) kv: SavedKv,
    /// Path of the model that it belongs to.
    pub(in crate::manager) model: String,
    /// `kv_version` of the scope when the KV was copied.
    pub(in crate::manager) version: u64,
}

/// A change of a transcript: the messages from `from` on were replaced.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::manager) struct Change {
    pub(in crate::manager) from: usize,
    pub(in crate::manager) messages: Vec<Message>,
    pub(in crate::manager) revision: u64,
}

/// Undoes a generation's change of the transcript.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::manager) struct Undo {
    from: usize,
    removed: Vec<Message>,
    dropped: usize,
}

/// The messages of a generation, and how they change the transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::manager) enum Input {
    Append(Vec<Message>),
    Replace(Vec<Message>),
}

impl Input {
    /// From a command, which has one of the two.
    pub(in crate::manager) fn of(append: Option<Vec<Message>>, messages: Option<Vec<Message>>) -> Self {
        match messages {
            Some(messages) => Self::Replace(messages),
            None => Self::Append(append.unwrap_or_default()),
        }
    }
}

impl Scope {
    pub(in crate::manager) fn new(id: String, model: String, now: u64) -> Self {
        Self {
            id,
            incarnation: Stamp::next(),
            transcript: Vec::new(),
            dropped: 0,
            nearly_full: false,
            revision: 0,
            model,
            kv: Kv::Uncached,
            kv_version: 0,
            kv_file: None,
            file_stamp: Stamp::next(),
            persist: Persist::default(),
            options: GenerateOptions::default(),
            last_used_at: now,
            generations: VecDeque::new(),
            deletions: Vec::new(),
        }
    }

    /// A scope as an earlier process left it.
    pub(in crate::manager) fn found(transcript: SavedTranscript, kv: Option<SavedKv>) -> Self {
        let SavedTranscript { scope, model, persist, revision, last_used_at, dropped_messages, messages } = transcript;
        let dropped = (dropped_messages as usize).min(messages.len());
        let kv_file = kv.map(|kv| KvFile { kv, model: model.clone(), version: 0 });
        Self { transcript: messages, dropped, revision, persist, kv_file, ..Self::new(scope, model, last_used_at) }
    }

    /// A new scope that begins with the first `count` messages of this one.
    pub(in crate::manager) fn fork(&self, id: String, count: usize, now: u64) -> Self {
        let count = count.min(self.transcript.len());
        let (transcript, dropped) = (self.transcript[..count].to_vec(), self.dropped_before(count));
        let options = self.options.clone();
        Self {
            transcript,
            dropped,
            revision: 1,
            persist: self.persist,
            options,
            ..Self::new(id, self.model.clone(), now)
        }
    }

    /// The transcript to write to disk if the process may end now. A running generation is left out, unless a part of
    /// its answer is to be kept.
    pub(in crate::manager) fn to_save(&self, begun: Option<(&Undo, Option<Answer>)>) -> SavedTranscript {
        let (messages, dropped) = match begun {
            None => (self.transcript.clone(), self.dropped),
            Some((_, Some(partial))) => ([self.transcript.as_slice(), &[assistant(partial)]].concat(), self.dropped),
            Some((undo, None)) => ([&self.transcript[..undo.from], undo.removed.as_slice()].concat(), undo.dropped),
        };
        SavedTranscript {
            scope: self.id.clone(),
            model: self.model.clone(),
            persist: self.persist,
            revision: self.revision,
            last_used_at: self.last_used_at,
            dropped_messages: dropped as u32,
            messages,
        }
    }

    /// The KV file, if it is of the scope's present model.
    pub(in crate::manager) fn current_kv_file(&self) -> Option<&KvFile> {
        self.kv_file.as_ref().filter(|file| file.model == self.model)
    }

    /// Whether its KV file holds what is in memory. While a generation runs, the slot grows at any moment.
    pub(in crate::manager) fn is_on_disk(&self) -> bool {
        let grows = matches!(self.kv, Kv::Resident(_)) && !self.generations.is_empty();
        !grows && self.current_kv_file().is_some_and(|file| file.version == self.kv_version)
    }

    /// Forgets the KV file, which has been removed or is about to be.
    pub(in crate::manager) fn forget_file(&mut self) {
        self.kv_file = None;
        self.file_stamp = Stamp::next();
    }

    pub(in crate::manager) fn id(&self) -> &str {
        &self.id
    }

    pub(in crate::manager) fn transcript(&self) -> &[Message] {
        &self.transcript
    }

    pub(in crate::manager) fn revision(&self) -> u64 {
        self.revision
    }

    pub(in crate::manager) fn summary(&self) -> ScopeSummary {
        let (residency, cached_tokens) = match (self.kv, self.current_kv_file()) {
            (Kv::Resident(tokens), _) => (Residency::Resident, tokens),
            (Kv::Parked(tokens), _) => (Residency::Parked, tokens),
            (Kv::Uncached, Some(file)) => (Residency::Saved, file.kv.tokens),
            (Kv::Uncached, None) => (Residency::Uncached, 0),
        };
        ScopeSummary {
            id: self.id.clone(),
            model: self.model.clone(),
            message_count: self.transcript.len() as u32,
            dropped_messages: self.dropped as u32,
            cached_tokens,
            residency,
            persist: self.persist,
            saved_at: self.current_kv_file().map(|file| file.kv.saved_at),
            revision: self.revision,
            last_used_at: self.last_used_at,
        }
    }

    /// The transcript and the number of dropped messages, as `begin` would leave them.
    pub(in crate::manager) fn with(&self, input: Input) -> (Vec<Message>, usize) {
        let (from, messages) = self.difference(input);
        ([&self.transcript[..from], messages.as_slice()].concat(), self.dropped_before(from))
    }

    /// Puts a generation's messages into the transcript, from the first difference on.
    pub(in crate::manager) fn begin(&mut self, input: Input) -> (Change, Undo) {
        let (from, messages) = self.difference(input);
        let before = self.dropped;
        self.dropped = self.dropped_before(from);
        let removed = self.transcript.split_off(from);
        (self.replace(from, messages), Undo { from, removed, dropped: before })
    }

    /// Adds the answer.
    pub(in crate::manager) fn commit(&mut self, answer: Answer) -> Change {
        self.replace(self.transcript.len(), vec![assistant(answer)])
    }

    /// Restores the transcript to what it was before the generation began.
    pub(in crate::manager) fn undo(&mut self, undo: Undo) -> Change {
        self.transcript.truncate(undo.from);
        self.dropped = undo.dropped;
        self.replace(undo.from, undo.removed)
    }

    /// Cuts the transcript before message `index`. None beyond its end.
    pub(in crate::manager) fn rewind(&mut self, index: usize) -> Option<Change> {
        if index > self.transcript.len() {
            return None;
        }
        self.dropped = self.dropped_before(index);
        self.transcript.truncate(index);
        Some(self.replace(index, Vec::new()))
    }

    /// Number of messages after the system prompt that the model does not see.
    pub(in crate::manager) fn dropped(&self) -> usize {
        self.dropped
    }

    /// Hides the first `dropped` messages after the system prompt from the model.
    pub(in crate::manager) fn drop_oldest(&mut self, dropped: usize) {
        self.dropped = dropped;
    }

    /// Another model answers from now on. It has no cached prefix to keep, so it sees every message that fits.
    pub(in crate::manager) fn move_to(&mut self, model: String) {
        self.model = model;
        self.kv = Kv::Uncached;
        self.dropped = 0;
    }

    /// Whether the scope passes 80 % of its context with this many tokens. True once, until the scope holds less again.
    pub(in crate::manager) fn becomes_nearly_full(&mut self, tokens: u32, context_size: u32) -> bool {
        let nearly_full = u64::from(tokens) * 5 > u64::from(context_size) * 4;
        let before = std::mem::replace(&mut self.nearly_full, nearly_full);
        nearly_full && !before
    }

    /// Number of messages that stay dropped when the messages from `from` on are removed. If no message is left that
    /// the model saw, the dropped ones fit again.
    fn dropped_before(&self, from: usize) -> usize {
        if from > system_messages(&self.transcript) + self.dropped { self.dropped } else { 0 }
    }

    /// The index at which the input first differs from the transcript, and the input's messages from there on.
    fn difference(&self, input: Input) -> (usize, Vec<Message>) {
        match input {
            Input::Append(messages) => (self.transcript.len(), with_every_call_answered(&self.transcript, messages)),
            Input::Replace(mut messages) => {
                let same = self.transcript.iter().zip(&messages).take_while(|(old, new)| old == new).count();
                (same, messages.split_off(same))
            }
        }
    }

    fn replace(&mut self, from: usize, messages: Vec<Message>) -> Change {
        self.transcript.extend(messages.iter().cloned());
        self.revision += 1;
        Change { from, messages, revision: self.revision }
    }
}

/// Messages at the front that are never dropped.
pub(in crate::manager) fn system_messages(messages: &[Message]) -> usize {
    messages.iter().take_while(|message| message.role == Role::System).count()
}

/// The answer as a message.
fn assistant(answer: Answer) -> Message {
    let Answer { reasoning, text, tool_calls } = answer;
    let reasoning = Some(reasoning).filter(|reasoning| !reasoning.is_empty());
    Message { reasoning, tool_calls, ..Message::new(Role::Assistant, text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Message {
        Message::new(Role::User, text)
    }

    fn assistant(text: &str) -> Message {
        Message::new(Role::Assistant, text)
    }

    fn said(text: &str) -> Answer {
        Answer { text: text.into(), ..Answer::default() }
    }

    fn scope(messages: &[Message]) -> Scope {
        let mut scope = Scope::new("s".into(), "m".into(), 0);
        scope.begin(Input::Append(messages.to_vec()));
        scope
    }

    #[test]
    fn append_adds_and_the_answer_follows() {
        let mut scope = scope(&[user("a"), assistant("b")]);
        let (change, _) = scope.begin(Input::Append(vec![user("c")]));
        assert_eq!(change, Change { from: 2, messages: vec![user("c")], revision: 2 });
        assert_eq!(scope.commit(said("d")), Change { from: 3, messages: vec![assistant("d")], revision: 3 });
        assert_eq!(scope.transcript(), [user("a"), assistant("b"), user("c"), assistant("d")]);
    }

    #[test]
    fn messages_replace_from_the_first_difference() {
        let mut scope = scope(&[user("a"), assistant("b"), user("c"), assistant("d")]);
        let (change, _) = scope.begin(Input::Replace(vec![user("a"), assistant("b"), user("C")]));
        assert_eq!(change, Change { from: 2, messages: vec![user("C")], revision: 2 });
        assert_eq!(scope.transcript(), [user("a"), assistant("b"), user("C")]);
    }

    #[test]
    fn fewer_messages_that_do_not_differ_cut_the_transcript() {
        let mut scope = scope(&[user("a"), assistant("b"), user("c"), assistant("d")]);
        let (change, _) = scope.begin(Input::Replace(vec![user("a"), assistant("b"), user("c")]));
        assert_eq!(change, Change { from: 3, messages: vec![], revision: 2 });
        assert_eq!(scope.transcript().len(), 3);
    }

    /// A system prompt and three turns, of which the first is dropped.
    fn with_dropped_turn() -> Scope {
        let system = Message::new(Role::System, "s");
        let generations = [user("a"), assistant("b"), user("c"), assistant("d"), user("e"), assistant("f")];
        let mut scope = scope(&[&[system], generations.as_slice()].concat());
        scope.drop_oldest(2);
        scope
    }

    #[test]
    fn dropped_messages_are_seen_again_when_no_message_after_them_is_left() {
        for (index, dropped) in [(7, 2), (5, 2), (4, 2), (3, 0), (2, 0), (1, 0), (0, 0)] {
            let mut rewound = with_dropped_turn();
            rewound.rewind(index).expect("the transcript is long enough");
            assert_eq!(rewound.dropped(), dropped, "rewound to {index}");
            assert_eq!(with_dropped_turn().fork("f".into(), index, 0).dropped(), dropped, "forked at {index}");
            let mut replaced = with_dropped_turn();
            let mut messages = replaced.transcript()[..index].to_vec();
            messages.push(user("x"));
            let (_, undo) = replaced.begin(Input::Replace(messages));
            assert_eq!(replaced.dropped(), dropped, "replaced from {index}");
            replaced.undo(undo);
            assert_eq!(replaced.summary().dropped_messages, 2, "taken back to {index}");
        }
    }

    #[test]
    fn a_generation_that_is_undone_takes_its_dropped_messages_back() {
        let mut scope = with_dropped_turn();
        let (_, undo) = scope.begin(Input::Append(vec![user("g")]));
        scope.drop_oldest(4);
        assert_eq!(scope.to_save(Some((&undo, None))).dropped_messages, 2);
        assert_eq!(scope.to_save(Some((&undo, Some(said("h"))))).dropped_messages, 4);
        scope.undo(undo);
        assert_eq!(scope.dropped(), 2);
    }

    #[test]
    fn the_number_of_dropped_messages_outlives_the_process_and_is_never_more_than_there_are() {
        let saved = with_dropped_turn().to_save(None);
        assert_eq!(Scope::found(saved.clone(), None).dropped(), 2);
        let broken = SavedTranscript { dropped_messages: 99, ..saved };
        assert_eq!(Scope::found(broken, None).summary().dropped_messages, 7);
    }

    #[test]
    fn a_scope_becomes_nearly_full_once_until_it_holds_less() {
        let mut scope = scope(&[]);
        let told = [79, 80, 81, 100, 80, 81, 90].map(|tokens| scope.becomes_nearly_full(tokens, 100));
        assert_eq!(told, [false, false, true, false, false, true, false]);
    }

    #[test]
    fn undo_restores_exactly_what_was_there() {
        let before = [user("a"), assistant("b"), user("c"), assistant("d")];
        for input in [
            Input::Append(vec![user("e")]),
            Input::Replace(vec![user("x")]),
            Input::Replace(vec![user("a"), assistant("b"), user("c")]),
        ] {
            let mut scope = scope(&before);
            let foreseen = scope.with(input.clone());
            let (begun, undo) = scope.begin(input.clone());
            assert_eq!(foreseen, (scope.transcript().to_vec(), scope.dropped()), "{input:?}");
            let undone = scope.undo(undo);
            assert_eq!(scope.transcript(), before, "{input:?}");
            assert_eq!(undone, Change { from: begun.from, messages: before[begun.from..].to_vec(), revision: 3 });
        }
    }
}
