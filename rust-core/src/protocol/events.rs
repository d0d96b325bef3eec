//! What JavaScript is told. Every client numbers its own events without a gap.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::bench::BenchReport;
use super::browsing::HubRepository;
use super::embedding::EmbeddingUsage;
use super::lifecycle::LifecycleRecord;
use super::logprobs::TokenLogprob;
use super::memory::{MemoryFit, Resident};
use super::message::Message;
use super::raw::RenderedPrompt;
use super::snapshot::{GenerationPhase, GenerationState, ModelState, ScopeSummary};
use super::stored::{Download, StoredModels};
use crate::error::Error;

/// What a host's pump thread pulls: the events of at most 16 ms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// As in the snapshot: a batch of another epoch belongs to another client's numbering.
    pub epoch: String,
    /// In order of `seq`.
    pub events: Vec<NumberedEvent>,
}

/// An event with its place in the one order of its client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NumberedEvent {
    /// One more than the event before; a gap means that events were dropped: reread the snapshot.
    #[ts(type = "number")]
    pub seq: u64,
    /// The event's own fields, beside `seq` in the same object.
    #[serde(flatten)]
    #[ts(flatten)]
    pub event: Event,
}

/// What happened, by `type`. Those with a `requestId` answer one client; the others go to all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// Answers a command that has no answer of its own.
    Done {
        /// Id of the command that this answers.
        request_id: String,
    },
    /// Refuses a command, or says why it failed.
    Failed {
        /// Id of the refused command; empty when it carried none.
        request_id: String,
        /// Its `code` is for programs, its `detail` for people.
        error: Error,
    },
    /// Answers `getTranscript`.
    Transcript {
        /// Id of the command that this answers.
        request_id: String,
        /// The scope that was asked for.
        scope: String,
        /// Which state of the transcript this is: later changes have a higher one.
        #[ts(type = "number")]
        revision: u64,
        /// All messages, oldest first, with those of a turn that is running.
        messages: Vec<Message>,
    },
    /// Answers `replay`.
    Replay {
        /// Id of the command that this answers.
        request_id: String,
        /// The generation that was asked for.
        generation_id: String,
        /// As asked for, in UTF-16 code units.
        offset: u32,
        /// The answer from `offset` on, as far as it has come.
        text: String,
    },
    /// Answers `readLog`.
    Log {
        /// Id of the command that this answers.
        request_id: String,
        /// The last 512 at most, oldest first.
        records: Vec<LifecycleRecord>,
    },
    /// Answers `canLoad`.
    MemoryFit {
        /// Id of the command that this answers.
        request_id: String,
        /// The answer, with its numbers.
        fit: MemoryFit,
    },
    /// Answers `prefill`.
    Prefilled {
        /// Id of the command that this answers.
        request_id: String,
        /// Tokens of the turn that may come that were in memory already.
        cached_tokens: u32,
        /// Tokens of it that were computed. None for a memory that cannot be cut back when it comes otherwise, as that of
        /// recurrent models and of sliding windows.
        prefilled_tokens: u32,
    },
    /// Answers `tokenize`.
    Tokens {
        /// Id of the command that this answers.
        request_id: String,
        /// In the order of the text.
        tokens: Vec<i32>,
    },
    /// Answers `detokenize`.
    Text {
        /// Id of the command that this answers.
        request_id: String,
        /// What is not UTF-8, such as a character of which a token is missing, is U+FFFD.
        text: String,
    },
    /// Answers `applyChatTemplate`.
    RenderedPrompt {
        /// Id of the command that this answers.
        request_id: String,
        /// What the model would read.
        prompt: RenderedPrompt,
    },
    /// Answers `embed`.
    Embeddings {
        /// Id of the command that this answers.
        request_id: String,
        /// One vector for each text, in their order, all of one length.
        embeddings: Vec<Vec<f32>>,
        /// What they cost.
        usage: EmbeddingUsage,
    },
    /// Answers `bench`.
    Benched {
        /// Id of the command that this answers.
        request_id: String,
        /// What was measured.
        report: BenchReport,
    },
    /// How far a `bench` of this client is. One that is lost is not told again.
    BenchProgress {
        /// As it was asked for.
        bench_id: String,
        /// Runs that are over, without those that warm up.
        done: u32,
        /// Runs of both kinds together: 10, for prompts and answers in 5 `repetitions`.
        total: u32,
    },
    /// Answers `browseHub`.
    HubRepository {
        /// Id of the command that this answers.
        request_id: String,
        /// What there is.
        repository: HubRepository,
    },
    /// Answers `listStoredModels`.
    StoredModels {
        /// Id of the command that this answers.
        request_id: String,
        /// What there is.
        stored: StoredModels,
    },

    /// A model is new, or something about it changed.
    ModelChanged {
        /// Its whole new state.
        model: ModelState,
    },
    /// A scope is new, or something about it changed.
    ScopeChanged {
        /// Its whole new summary.
        scope: ScopeSummary,
    },
    /// A scope is gone, transcript and cached tokens.
    ScopeDeleted {
        /// Its id, free for a new conversation.
        scope: String,
    },
    /// The messages from index `from` on are now `messages`.
    TranscriptChanged {
        /// Id of the scope.
        scope: String,
        /// The transcript's new revision, one more than before.
        #[ts(type = "number")]
        revision: u64,
        /// Index of the first message that changed; the messages before it stayed.
        from: u32,
        /// All messages from `from` on; none when the transcript was only cut.
        messages: Vec<Message>,
    },
    /// A turn was accepted.
    GenerationQueued {
        /// The turn as it begins: `queued`, without text.
        generation: GenerationState,
    },
    /// A generation went on to another phase, or prefilled further. `finished` is its last event.
    PhaseChanged {
        /// The generation's id.
        generation_id: String,
        /// The new phase, in place of the old one.
        phase: GenerationPhase,
    },
    /// `offset`: where `text` begins in the answer, in UTF-16 code units.
    TextDelta {
        /// The generation's id.
        generation_id: String,
        /// Length of the text before this piece, in UTF-16 code units.
        offset: u32,
        /// The piece; pieces that waited together are joined.
        text: String,
    },
    /// More of what the model thinks before it answers.
    ReasoningDelta {
        /// The generation's id.
        generation_id: String,
        /// Length of the reasoning before this piece, in UTF-16 code units.
        offset: u32,
        /// The piece.
        text: String,
    },
    /// More of a call of a tool.
    ToolCallDelta {
        /// The generation's id.
        generation_id: String,
        /// Which of the generation's calls, from 0; one more than the last begins a new one.
        index: u32,
        /// Of the call; the same in all of its pieces.
        id: String,
        /// Of the tool; the same in all of its pieces.
        name: String,
        /// Length of the arguments before this piece, in UTF-16 code units.
        offset: u32,
        /// The piece: text of JSON.
        arguments: String,
    },
    /// How likely the answer's next tokens were, where `options.logprobs` asked for that. Comes before their text.
    LogprobsDelta {
        /// The generation's id.
        generation_id: String,
        /// How many tokens were told of before these.
        offset: u32,
        /// In the order of the answer.
        logprobs: Vec<TokenLogprob>,
    },
    /// A call was cut short, by a stop text, a limit or the end of its generation: it is none, and those behind it move up. Comes
    /// before `finished`.
    ToolCallDropped {
        /// The generation's id.
        generation_id: String,
        /// Which of the generation's calls, from 0.
        index: u32,
    },
    /// The manager stopped computing, or goes on.
    SuspensionChanged {
        /// Whether it is suspended now.
        suspended: bool,
    },
    /// A download has begun, or something about it changed: ten times a second at most.
    DownloadChanged {
        /// Its whole new state.
        download: Download,
    },
    /// A download is over, because the model is there, or because it was cancelled.
    DownloadRemoved {
        /// Its name.
        name: String,
    },
    /// A resident is new, or something about it changed.
    ResidentChanged {
        /// Its whole new state.
        resident: Resident,
    },
    /// A resident is gone.
    ResidentRemoved {
        /// Its id, free again.
        id: String,
    },
    /// To the client that registered the resident: its memory is needed. Free it, then send `removeResident`.
    EvictResident {
        /// Its id.
        id: String,
        /// What needs the memory, for a person.
        reason: String,
    },
    /// A new entry of the flight recorder.
    Recorded {
        /// The entry, as a later `readLog` has it.
        record: LifecycleRecord,
    },
}
