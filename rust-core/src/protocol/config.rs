//! The load options of a model and the policies of a scope, with their ranges.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::numbers::check_numbers_of;
use crate::error::{Error, ErrorCode, Result};

/// 256 MiB: a dozen conversations of a thousand tokens on a small model.
const DEFAULT_PARKED_BUDGET_BYTES: u64 = 256 << 20;

/// Five minutes, as ollama has it.
pub const DEFAULT_KEEP_ALIVE_MS: u64 = 5 * 60 * 1000;

/// A model and its load options. Two configs that lead to the same engine never cause a reload: an option that is left
/// out equals any value that was chosen for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelConfig {
    /// A GGUF file: a path on this device, or a name that is downloaded once: `https://host/model.gguf`,
    /// `hf:org/repo:Q4_K_M`, `hf:org/repo/file.gguf@revision`. The text as given is the model's identity: one file
    /// under two spellings is loaded twice. Replace a file only by renaming another one over it: truncating a loaded
    /// file ends the process.
    pub path: String,
    /// The name of the model in errors, if it is read at another path than it was asked for by. It stays in Rust.
    #[serde(skip)]
    #[ts(skip)]
    pub asked_path: Option<String>,
    /// Tokens of context per scope. Left out: the model's trained length, at most 4,096. For a model that only makes
    /// embeddings: tokens of a text, at most the trained length, which is also the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub context_size: Option<u32>,
    /// Scopes that can be resident at once. Left out: as many as `kvBudgetBytes` holds, 1 to 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_resident: Option<u32>,
    /// Bytes of KV memory for all resident scopes together.
    /// @default 536_870_912 (512 MiB)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub kv_budget_bytes: Option<u64>,
    /// Bytes of RAM for parked scopes. Beyond them the least recently parked scope is dropped and prefilled again on
    /// return. 0 parks none.
    /// @default 268_435_456 (256 MiB)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub parked_budget_bytes: Option<u64>,
    /// Most compute threads; the governor may use fewer. Left out: the number of performance cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub threads: Option<u32>,
    /// Where the weights are.
    /// @default 'auto'
    #[serde(default)]
    #[ts(optional, as = "Option<DevicePreference>")]
    pub device: DevicePreference,
    /// Loads the model even if the estimate does not fit into memory.
    /// @default false
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub force: bool,
    /// Milliseconds that the model stays loaded after its last lease was released. `0` unloads it at once, `null`
    /// never. The newest request sets it, by any caller: a `generate` without it sets the default again.
    /// @default 300_000 (five minutes)
    #[serde(default = "default_keep_alive")]
    #[ts(optional, type = "number | null")]
    pub keep_alive_ms: Option<u64>,
}

fn default_keep_alive() -> Option<u64> {
    Some(DEFAULT_KEEP_ALIVE_MS)
}

/// Where the weights are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DevicePreference {
    /// A GPU if this build finds one, else the CPU.
    #[default]
    Auto,
    /// The CPU, in main memory.
    Cpu,
    /// The GPU; `invalidOptions` if this build finds none.
    Gpu,
}

/// Which parts of a scope are written to disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Persist {
    /// Nothing. The scope ends with the process.
    None,
    /// The messages. The next process prefills them again.
    Transcript,
    /// The messages, and the KV if reading it is cheaper than prefilling again.
    #[default]
    Full,
}

/// The policy for a conversation that outgrows `contextSize`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Overflow {
    /// The prompt drops the oldest turns; the transcript keeps them. An answer that fills the context ends with reason
    /// `length`.
    #[default]
    DropOldest,
    /// The turn fails as `contextFull`.
    Error,
}

impl ModelConfig {
    /// A config without options.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            asked_path: None,
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

    /// The same config for a model that is read at `path`, and called `name` in errors.
    #[must_use]
    pub fn read_as(&self, path: impl Into<String>, name: impl Into<String>) -> Self {
        Self { path: path.into(), asked_path: Some(name.into()), ..self.clone() }
    }

    /// The name of the model in errors: the path that it was asked for by.
    pub fn name(&self) -> &str {
        self.asked_path.as_deref().unwrap_or(&self.path)
    }

    /// `parkedBudgetBytes`, or its default.
    pub fn parked_budget(&self) -> u64 {
        self.parked_budget_bytes.unwrap_or(DEFAULT_PARKED_BUDGET_BYTES)
    }

    /// Checks every range; the error names the field.
    pub fn validate(&self) -> Result<()> {
        check_numbers_of("model", self)?;
        self.validate_others()
    }

    /// Checks all fields but the numbers. A command's numbers are checked before it is parsed.
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
