//! One conversation: its transcript, and the turns that wait for it. Plain data and pure operations; a turn goes back
//! whole unless it succeeds.

use std::collections::VecDeque;

use super::mailbox::Reply;
use crate::protocol::{Message, Persist, Residency, Role, ScopeSummary};
use crate::residency::{SavedKv, SavedTranscript};

pub(super) struct Scope {
    id: String,
    transcript: Vec<Message>,
    revision: u64,
    /// Path of the model that answers.
    pub(super) model: String,
    /// Where that model has what it has read of the scope.
    pub(super) kv: Kv,
    /// Grows whenever the KV becomes another one: what was saved earlier is older then.
    pub(super) kv_version: u64,
    /// Its file, and what that file is of.
    pub(super) saved: Option<Saved>,
    pub(super) persist: Persist,
    pub(super) last_used_at: u64,
    /// Generations in the order in which they were sent; the first one runs.
    pub(super) turns: VecDeque<String>,
    /// Callers who wait for the scope to be gone. While there are any, no new turn is taken.
    pub(super) disposing: Vec<Reply>,
}

/// Where a scope's KV is, and how many tokens it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kv {
    Uncached,
    Resident(u32),
    Parked(u32),
}

/// A scope's KV on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) kv: SavedKv,
    /// Path of the model that it belongs to.
    pub(super) model: String,
    /// `kv_version` of the scope when it was taken.
    pub(super) version: u64,
}

/// A change of a transcript: the messages from `from` on were replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) from: usize,
    pub(super) messages: Vec<Message>,
    pub(super) revision: u64,
}

/// How to take a turn back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Undo {
    from: usize,
    removed: Vec<Message>,
}

/// What a turn does to the transcript before it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Append(Vec<Message>),
    Replace(Vec<Message>),
}

impl Scope {
    pub(super) fn new(id: String, model: String, now: u64) -> Self {
        Self {
            id,
            transcript: Vec::new(),
            revision: 0,
            model,
            kv: Kv::Uncached,
            kv_version: 0,
            saved: None,
            persist: Persist::default(),
            last_used_at: now,
            turns: VecDeque::new(),
            disposing: Vec::new(),
        }
    }

    /// A scope as an earlier process left it.
    pub(super) fn found(transcript: SavedTranscript, kv: Option<SavedKv>) -> Self {
        let SavedTranscript { scope, model, persist, revision, last_used_at, dropped_messages: _, messages } =
            transcript;
        let saved = kv.map(|kv| Saved { kv, model: model.clone(), version: 0 });
        Self { transcript: messages, revision, persist, saved, ..Self::new(scope, model, last_used_at) }
    }

    /// A new scope that begins with the first `count` messages of this one.
    pub(super) fn fork(&self, id: String, count: usize, now: u64) -> Self {
        let transcript = self.transcript[..count.min(self.transcript.len())].to_vec();
        Self { transcript, revision: 1, persist: self.persist, ..Self::new(id, self.model.clone(), now) }
    }

    /// What is to be written to disk when the process may end now: a turn that runs has not happened yet, but for the
    /// part of its answer that is to be kept.
    pub(super) fn to_save(&self, running: Option<(&Undo, Option<String>)>) -> SavedTranscript {
        let messages = match running {
            None => self.transcript.clone(),
            Some((_, Some(partial))) => [self.transcript.as_slice(), &[assistant(partial)]].concat(),
            Some((undo, None)) => [&self.transcript[..undo.from], undo.removed.as_slice()].concat(),
        };
        SavedTranscript {
            scope: self.id.clone(),
            model: self.model.clone(),
            persist: self.persist,
            revision: self.revision,
            last_used_at: self.last_used_at,
            dropped_messages: 0,
            messages,
        }
    }

    /// The saved KV, if it is of the model that answers now.
    pub(super) fn saved_here(&self) -> Option<&Saved> {
        self.saved.as_ref().filter(|saved| saved.model == self.model)
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn transcript(&self) -> &[Message] {
        &self.transcript
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn summary(&self) -> ScopeSummary {
        let (residency, cached_tokens) = match (self.kv, self.saved_here()) {
            (Kv::Resident(tokens), _) => (Residency::Resident, tokens),
            (Kv::Parked(tokens), _) => (Residency::Parked, tokens),
            (Kv::Uncached, Some(saved)) => (Residency::Saved, saved.kv.tokens),
            (Kv::Uncached, None) => (Residency::Uncached, 0),
        };
        ScopeSummary {
            id: self.id.clone(),
            model: self.model.clone(),
            message_count: self.transcript.len() as u32,
            dropped_messages: 0,
            cached_tokens,
            residency,
            persist: self.persist,
            saved_at: self.saved_here().map(|saved| saved.kv.saved_at),
            revision: self.revision,
            last_used_at: self.last_used_at,
        }
    }

    /// Puts a turn's messages into the transcript, from the first difference on.
    pub(super) fn begin(&mut self, input: Input) -> (Change, Undo) {
        let (from, messages) = match input {
            Input::Append(messages) => (self.transcript.len(), messages),
            Input::Replace(mut messages) => {
                let same = self.transcript.iter().zip(&messages).take_while(|(old, new)| old == new).count();
                (same, messages.split_off(same))
            }
        };
        let removed = self.transcript.split_off(from);
        (self.replace(from, messages), Undo { from, removed })
    }

    /// Adds the answer.
    pub(super) fn commit(&mut self, answer: String) -> Change {
        self.replace(self.transcript.len(), vec![assistant(answer)])
    }

    /// Makes the transcript what it was before the turn began.
    pub(super) fn undo(&mut self, undo: Undo) -> Change {
        self.transcript.truncate(undo.from);
        self.replace(undo.from, undo.removed)
    }

    /// Cuts the transcript before message `index`. None beyond its end.
    pub(super) fn rewind(&mut self, index: usize) -> Option<Change> {
        if index > self.transcript.len() {
            return None;
        }
        self.transcript.truncate(index);
        Some(self.replace(index, Vec::new()))
    }

    fn replace(&mut self, from: usize, messages: Vec<Message>) -> Change {
        self.transcript.extend(messages.iter().cloned());
        self.revision += 1;
        Change { from, messages, revision: self.revision }
    }
}

fn assistant(content: String) -> Message {
    Message { role: Role::Assistant, content }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Message {
        Message { role: Role::User, content: text.into() }
    }

    fn assistant(text: &str) -> Message {
        Message { role: Role::Assistant, content: text.into() }
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
        assert_eq!(scope.commit("d".into()), Change { from: 3, messages: vec![assistant("d")], revision: 3 });
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

    #[test]
    fn undo_restores_exactly_what_was_there() {
        let before = [user("a"), assistant("b"), user("c"), assistant("d")];
        for input in [
            Input::Append(vec![user("e")]),
            Input::Replace(vec![user("x")]),
            Input::Replace(vec![user("a"), assistant("b"), user("c")]),
        ] {
            let mut scope = scope(&before);
            let (begun, undo) = scope.begin(input.clone());
            let undone = scope.undo(undo);
            assert_eq!(scope.transcript(), before, "{input:?}");
            assert_eq!(undone, Change { from: begun.from, messages: before[begun.from..].to_vec(), revision: 3 });
        }
    }
}
