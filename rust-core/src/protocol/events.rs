//! The events for JavaScript. Every client numbers its own events without a gap.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::commands::BenchReport;
use super::commands::EmbeddingUsage;
use super::hub_catalog::HubRepository;
use super::lifecycle::LifecycleRecord;
use super::logprobs::TokenLogprob;
use super::memory::{MemoryFit, Resident};
use super::message::Message;
use super::rendered_prompt::RenderedPrompt;
use super::snapshot::{GenerationPhase, GenerationState, ModelState, ScopeSummary};
use super::stored_models::{Download, StoredModels};
use crate::error::Error;

/// The batch that a host's pump thread pulls: the events of at most 16 ms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// As in the snapshot. A batch of another epoch belongs to another client's numbering.
    pub epoch: String,
    /// The events in order of `seq`.
    pub events: Vec<NumberedEvent>,
}

/// An event with its number in the client's order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NumberedEvent {
    /// One more than the event before. After a gap, reread the snapshot: events were dropped.
    #[ts(type = "number")]
    pub seq: u64,
    /// The event's fields, beside `seq` in the same object.
    #[serde(flatten)]
    #[ts(flatten)]
    pub event: Event,
}

/// An event, by `type`. An event with a `requestId` answers one client; the others go to all clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// Answers a command without an event of its own.
    Done {
        /// Id of the answered command.
        request_id: String,
    },
    /// Refuses a command, or says why it failed.
    Failed {
        /// Id of the refused command; empty if it had none.
        request_id: String,
        /// The error: its `code` is for programs, its `detail` for people.
        error: Error,
    },
    /// Answers `getTranscript`.
    Transcript {
        /// Id of the answered command.
        request_id: String,
        /// Id of the scope.
        scope: String,
        /// Revision of the transcript; a later change has a higher one.
        #[ts(type = "number")]
        revision: u64,
        /// All messages, oldest first, including those of a running turn.
        messages: Vec<Message>,
    },
    /// Answers `replay`.
    Replay {
        /// Id of the answered command.
        request_id: String,
        /// Id of the generation.
        generation_id: String,
        /// The requested offset, in UTF-16 code units.
        offset: u32,
        /// The text from `offset` on, as far as it exists.
        text: String,
    },
    /// Answers `readLog`.
    Log {
        /// Id of the answered command.
        request_id: String,
        /// The last 512 records at most, oldest first.
        records: Vec<LifecycleRecord>,
    },
    /// Answers `canLoad`.
    MemoryFit {
        /// Id of the answered command.
        request_id: String,
        /// The answer, with its numbers.
        fit: MemoryFit,
    },
    /// Answers `prefill`.
    Prefilled {
        /// Id of the answered command.
        request_id: String,
        /// Tokens of the possible turn that were cached already.
        cached_tokens: u32,
        /// Tokens of the possible turn that were computed. 0 for a memory that cannot be cut back, as that of recurrent
        /// models and sliding windows.
        prefilled_tokens: u32,
    },
    /// Answers `tokenize`.
    Tokens {
        /// Id of the answered command.
        request_id: String,
        /// The tokens in the order of the text.
        tokens: Vec<i32>,
    },
    /// Answers `detokenize`.
    Text {
        /// Id of the answered command.
        request_id: String,
        /// The text. Bytes that are not UTF-8, such as a part of a character, are U+FFFD.
        text: String,
    },
    /// Answers `applyChatTemplate`.
    RenderedPrompt {
        /// Id of the answered command.
        request_id: String,
        /// The rendered prompt.
        prompt: RenderedPrompt,
    },
    /// Answers `embed`.
    Embeddings {
        /// Id of the answered command.
        request_id: String,
        /// One vector for each text, in the order of the texts, all of one length.
        embeddings: Vec<Vec<f32>>,
        /// The cost.
        usage: EmbeddingUsage,
    },
    /// Answers `bench`.
    Benched {
        /// Id of the answered command.
        request_id: String,
        /// The result.
        report: BenchReport,
    },
    /// Progress of a `bench` of this client. A lost progress event is not repeated.
    BenchProgress {
        /// The id given to `bench`.
        bench_id: String,
        /// Finished runs, without warm-up runs.
        done: u32,
        /// Runs of both kinds together: 10 for prompts and answers in 5 `repetitions`.
        total: u32,
    },
    /// Answers `browseHub`.
    HubRepository {
        /// Id of the answered command.
        request_id: String,
        /// The repository.
        repository: HubRepository,
    },
    /// Answers `listStoredModels`.
    StoredModels {
        /// Id of the answered command.
        request_id: String,
        /// The stored models.
        stored: StoredModels,
    },

    /// A model is new or changed.
    ModelChanged {
        /// The whole new state.
        model: ModelState,
    },
    /// A scope is new or changed.
    ScopeChanged {
        /// The whole new summary.
        scope: ScopeSummary,
    },
    /// A scope was deleted, with its transcript and cached tokens.
    ScopeDeleted {
        /// Id of the scope, free for a new conversation.
        scope: String,
    },
    /// The messages from index `from` on are now `messages`.
    TranscriptChanged {
        /// Id of the scope.
        scope: String,
        /// The transcript's new revision, one more than before.
        #[ts(type = "number")]
        revision: u64,
        /// Index of the first changed message; the messages before it stayed.
        from: u32,
        /// All messages from `from` on; none if the transcript was only cut.
        messages: Vec<Message>,
    },
    /// A turn was queued.
    GenerationQueued {
        /// The generation as it begins: `queued`, without text.
        generation: GenerationState,
    },
    /// A generation entered another phase, or prefilled further. The phase `finished` is its last event.
    PhaseChanged {
        /// The generation's id.
        generation_id: String,
        /// The new phase.
        phase: GenerationPhase,
    },
    /// More text of the answer.
    TextDelta {
        /// The generation's id.
        generation_id: String,
        /// Length of the text before this piece, in UTF-16 code units.
        offset: u32,
        /// The piece; waiting pieces are joined.
        text: String,
    },
    /// More of the reasoning before the answer.
    ReasoningDelta {
        /// The generation's id.
        generation_id: String,
        /// Length of the reasoning before this piece, in UTF-16 code units.
        offset: u32,
        /// The piece.
        text: String,
    },
    /// More of a tool call.
    ToolCallDelta {
        /// The generation's id.
        generation_id: String,
        /// Index of the call in the generation, from 0; one more than the last begins a new call.
        index: u32,
        /// Id of the call, the same in all of its pieces.
        id: String,
        /// Name of the tool, the same in all of its pieces.
        name: String,
        /// Length of the arguments before this piece, in UTF-16 code units.
        offset: u32,
        /// The piece: JSON text.
        arguments: String,
    },
    /// The likelihood of the answer's next tokens, if `options.logprobs` asks for it. The event comes before their
    /// text.
    LogprobsDelta {
        /// The generation's id.
        generation_id: String,
        /// Number of tokens in earlier events.
        offset: u32,
        /// The tokens in the order of the answer.
        logprobs: Vec<TokenLogprob>,
    },
    /// A call was cut short by a stop text, a limit or the end of its generation. It is removed, and later calls move
    /// up. The event comes before `finished`.
    ToolCallDropped {
        /// The generation's id.
        generation_id: String,
        /// Index of the call in the generation, from 0.
        index: u32,
    },
    /// The manager stopped computing, or went on.
    SuspensionChanged {
        /// Whether it is suspended now.
        suspended: bool,
    },
    /// A download began or changed; at most ten events a second.
    DownloadChanged {
        /// The whole new state.
        download: Download,
    },
    /// A download ended, because the model is complete or the download was cancelled.
    DownloadRemoved {
        /// Its name.
        name: String,
    },
    /// A resident is new or changed.
    ResidentChanged {
        /// The whole new state.
        resident: Resident,
    },
    /// A resident is gone.
    ResidentRemoved {
        /// Id of the resident, free again.
        id: String,
    },
    /// Asks the client that registered the resident for its memory. Free it, then send `removeResident`.
    EvictResident {
        /// Its id.
        id: String,
        /// The reason, for people.
        reason: String,
    },
    /// A new record in the log.
    Recorded {
        /// The record, as a later `readLog` returns it.
        record: LifecycleRecord,
    },
}

/// The pattern of every event that answers one request of one client. It changes nothing that a snapshot shows, and no
/// snapshot takes its place. `$request_id` is the pattern of the request's id.
macro_rules! answers {
    ($request_id:pat) => {
        $crate::protocol::Event::Done { request_id: $request_id, .. }
            | $crate::protocol::Event::Failed { request_id: $request_id, .. }
            | $crate::protocol::Event::Transcript { request_id: $request_id, .. }
            | $crate::protocol::Event::Replay { request_id: $request_id, .. }
            | $crate::protocol::Event::Log { request_id: $request_id, .. }
            | $crate::protocol::Event::MemoryFit { request_id: $request_id, .. }
            | $crate::protocol::Event::Prefilled { request_id: $request_id, .. }
            | $crate::protocol::Event::Tokens { request_id: $request_id, .. }
            | $crate::protocol::Event::Text { request_id: $request_id, .. }
            | $crate::protocol::Event::RenderedPrompt { request_id: $request_id, .. }
            | $crate::protocol::Event::Embeddings { request_id: $request_id, .. }
            | $crate::protocol::Event::Benched { request_id: $request_id, .. }
            | $crate::protocol::Event::HubRepository { request_id: $request_id, .. }
            | $crate::protocol::Event::StoredModels { request_id: $request_id, .. }
    };
}

pub(crate) use answers;
