//! The types that cross a port: commands in, events out, a snapshot on request. Plain serde types; `validate()` is
//! their only behaviour. The TypeScript types are generated from these (`typescript.rs`), so the two sides cannot
//! drift.

mod commands;
mod config;
#[cfg(test)]
mod contract_tests;
mod devices;
mod envelope;
mod events;
mod hub_catalog;
mod lifecycle;
mod logprobs;
mod lone_surrogates;
mod memory;
mod message;
mod numbers;
mod options;
mod rendered_prompt;
mod snapshot;
mod stored_models;
mod tools;
#[cfg(test)]
mod typescript;

pub use commands::{
    BenchCommand, BenchReport, BenchSpeed, Command, EmbedCommand, EmbeddingUsage, GenerateCommand, Heat, HubToken,
    Mount, Pooling, PrefillCommand, SuspendAfter, TrimLevel,
};
pub use config::{DEFAULT_KEEP_ALIVE_MS, DevicePreference, ModelConfig, Overflow, Persist};
pub use devices::{Device, DeviceKind, GpuUnavailable, GpuUnavailableReason};
pub use envelope::{Envelope, Malformed};
pub(crate) use events::answers;
pub use events::{Batch, Event, NumberedEvent};
pub use hub_catalog::{HubRepository, HubVariant};
pub use lifecycle::{LifecycleEvent, LifecycleRecord, TrimRung};
pub use logprobs::{Logprob, TokenLogprob};
pub use memory::{FitVerdict, MemoryEstimate, MemoryFit, Resident};
pub use message::{Message, Role, ToolCall};
pub use options::{GenerateOptions, LogitBias};
pub use rendered_prompt::RenderedPrompt;
pub use snapshot::{
    FinishReason, GenerationPhase, GenerationState, Lease, ModelInfo, ModelState, ModelStatus, Outcome, Residency,
    ScopeSummary, Snapshot, Timings, Usage,
};
pub use stored_models::{DiskUse, Download, DownloadStatus, StoredModel, StoredModels};
pub use tools::{JsonObject, ResponseFormat, Tool, ToolChoice};
