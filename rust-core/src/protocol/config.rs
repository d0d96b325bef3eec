//! What a caller may ask of a model and of a generation, with the ranges that are accepted.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::numbers::check_numbers_of;
use crate::error::{Error, ErrorCode, Result};

/// 256 MiB: a dozen conversations of a thousand tokens on a small model.
const DEFAULT_PARKED_BUDGET_BYTES: u64 = 256 << 20;

/// Five minutes, as ollama has it.
pub const DEFAULT_KEEP_ALIVE_MS: u64 = 5 * 60 * 1000;

/// Which model, and how it is loaded. Two configs that lead to the same engine never cause a reload: a field left out
/// equals whatever was chosen for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelConfig {
    /// A GGUF file: a path on this device, or a name that it is brought by, once: `https://host/model.gguf`,
    /// `hf:org/repo:Q4_K_M`, `hf:org/repo/file.gguf@revision`. The text as given is the model's identity: two spellings of
    /// one file are two models, and load it twice. Replace a file by renaming another over it: one that is cut short while
    /// it is loaded ends the process.
    pub path: String,
    /// Tokens of context per scope. Left out: the model's trained length, at most 4,096. Of a model that only makes embeddings: tokens
    /// of a text, never more than the trained length; left out, all of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub context_size: Option<u32>,
    /// Scopes that can be resident at once. Left out: as many as `kvBudgetBytes` holds, 1 to 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_resident: Option<u32>,
    /// Bytes that the KV memory of all slots may take. Left out: 512 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub kv_budget_bytes: Option<u64>,
    /// Bytes of RAM for scopes that have no slot. Beyond them the least recently parked is forgotten, and prefilled again
    /// on return. 0: none is parked. Left out: 256 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub parked_budget_bytes: Option<u64>,
    /// The most compute threads; the governor may use fewer. Left out: the number of performance cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub threads: Option<u32>,
    /// Where the weights live.
    #[serde(default)]
    #[ts(optional, as = "Option<DevicePreference>")]
    pub device: DevicePreference,
    /// Loads even if the estimate says that it does not fit into memory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub force: bool,
    /// Milliseconds that the model stays loaded after its last lease was released. Left out: 300,000. `0`: unload at
    /// once. `null`: never unload. The newest request's counts, whoever made it: a `generate` that leaves it out makes it
    /// 300,000 again.
    #[serde(default = "default_keep_alive")]
    #[ts(optional, type = "number | null")]
    pub keep_alive_ms: Option<u64>,
}

fn default_keep_alive() -> Option<u64> {
    Some(DEFAULT_KEEP_ALIVE_MS)
}

/// Where the weights live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DevicePreference {
    /// A GPU if this build finds one, else the CPU.
    #[default]
    Auto,
    /// Main memory, computed by the CPU.
    Cpu,
    /// The GPU's memory; `invalidOptions` when this build finds no GPU.
    Gpu,
}

/// What of a scope may be written to disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Persist {
    /// Nothing: the scope ends with the process.
    None,
    /// The messages; the next process prefills them again.
    Transcript,
    /// The messages, and the KV wherever reading it is cheaper than prefilling again.
    #[default]
    Full,
}

/// What happens when a conversation outgrows `contextSize`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Overflow {
    /// The model no longer sees the oldest turns; the transcript keeps them. An answer that fills the context ends with
    /// reason `length`.
    #[default]
    DropOldest,
    /// The turn fails as `contextFull`.
    Error,
}

impl ModelConfig {
    /// A config with every option left out.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            context_size: None,
            max_resident: None,
            kv_budget_bytes: None,
            parked_budget_bytes: None,
            threads: None,
            device: DevicePreference::Auto,
            force: false,
            keep_alive_ms: default_keep_alive(),
        }
    }

    /// `parkedBudgetBytes`, or what stands for it.
    pub fn parked_budget(&self) -> u64 {
        self.parked_budget_bytes.unwrap_or(DEFAULT_PARKED_BUDGET_BYTES)
    }

    /// Checks every range; the error names the field.
    pub fn validate(&self) -> Result<()> {
        check_numbers_of("model", self)?;
        self.validate_others()
    }

    /// All but the numbers, which are checked in a command before it is read.
    pub(super) fn validate_others(&self) -> Result<()> {
        if self.path.is_empty() {
            return Err(out_of_range("model.path", "a path of at least one character"));
        }
        if self.path.contains('\0') {
            return Err(out_of_range("model.path", "a path without a NUL character"));
        }
        Ok(())
    }
}

pub(super) fn out_of_range(field: &str, expected: &str) -> Error {
    Error::new(ErrorCode::InvalidOptions, format!("{field} is out of range - use {expected}"))
}
