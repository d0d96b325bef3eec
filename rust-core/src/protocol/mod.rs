//! The types that cross a port: commands in, events out, a snapshot on request. Plain serde types; `validate()` is
//! their only behaviour. The TypeScript types are generated from these (`typescript.rs`), so the two sides cannot
//! drift.

mod bench;
mod browsing;
mod commands;
mod config;
#[cfg(test)]
mod contract_tests;
mod devices;
mod embedding;
mod envelope;
mod events;
mod halves;
mod lifecycle;
mod logprobs;
mod memory;
mod message;
mod numbers;
mod options;
mod raw;
mod snapshot;
mod stored;
mod tools;
mod turns;
#[cfg(test)]
mod typescript;

pub use bench::{BenchCommand, BenchReport, BenchSpeed};
pub use browsing::{HubRepository, HubVariant};
pub use commands::{Command, Heat, HubToken, Mount, SuspendAfter, TrimLevel};
pub use config::{DEFAULT_KEEP_ALIVE_MS, DevicePreference, ModelConfig, Overflow, Persist};
pub use devices::{Device, DeviceKind, GpuUnavailable, GpuUnavailableReason};
pub use embedding::{EmbedCommand, EmbeddingUsage, Pooling};
pub use envelope::{Envelope, Malformed};
pub use events::{Batch, Event, NumberedEvent};
pub use lifecycle::{LifecycleEvent, LifecycleRecord, TrimRung};
pub use logprobs::{Logprob, TokenLogprob};
pub use memory::{FitVerdict, MemoryEstimate, MemoryFit, Resident};
pub use message::{Message, Role, ToolCall};
pub use options::{GenerateOptions, LogitBias};
pub use raw::RenderedPrompt;
pub use snapshot::{
    FinishReason, GenerationPhase, GenerationState, Lease, ModelInfo, ModelState, ModelStatus, Outcome, Residency,
    ScopeSummary, Snapshot, Timings, Usage,
};
pub use stored::{DiskUse, Download, DownloadStatus, StoredModel, StoredModels};
pub use tools::{JsonObject, ResponseFormat, Tool, ToolChoice};
pub use turns::{GenerateCommand, PrefillCommand};
