//! The commands for one turn of a conversation: `generate` and `prefill`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::check_id;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::config::{ModelConfig, Overflow, Persist, out_of_range};
use crate::protocol::message::{Message, check_messages};
use crate::protocol::options::GenerateOptions;

/// One turn of a scope. The generation holds a lease of its own until it has finished. Turns of one scope run in the
/// order in which they were sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenerateCommand {
    /// Made by the caller, 1 to 256 bytes; a known id is refused as `invalidOptions`.
    pub generation_id: String,
    /// The model that answers; it is loaded if necessary. Its `keepAliveMs` becomes the model's, also if left out.
    pub model: ModelConfig,
    /// The conversation, made on first use.
    pub scope: String,
    /// Messages to add to the stored transcript. Give one of this, `messages` and `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub append: Option<Vec<Message>>,
    /// The whole transcript, which replaces the stored one from the first difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub messages: Option<Vec<Message>>,
    /// Text to continue, without a template. Names of control tokens in it are those tokens. It replaces the
    /// transcript, as one message of a user. It excludes options for the template: tools, `reasoning`,
    /// `reasoningBudgetTokens` and `chatTemplate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub prompt: Option<String>,
    /// Which parts of the scope are written to disk, from now on. Left out: unchanged; at first `full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub persist: Option<Persist>,
    /// The policy for a conversation that outgrows `contextSize`.
    /// @default 'dropOldest'
    #[serde(default)]
    #[ts(optional, as = "Option<Overflow>")]
    pub overflow: Overflow,
    /// Sampling and limits of this turn alone.
    #[serde(default)]
    #[ts(optional, as = "Option<GenerateOptions>")]
    pub options: GenerateOptions,
}

/// The possible next turn of a scope. Transcript, revision and `lastUsedAt` stay as they are, and no generation is
/// made; only `cachedTokens` and the residency change. The next turn keeps the tokens that it shares.
///
/// A prefill has no priority: it runs while no turn is prefilled, and takes no lease. It fails as `modelUnloaded` if
/// the scope's model is not loaded, `suspended` while `suspend` is in effect, `busy` while a turn of the scope runs or
/// waits, and `contextFull` if the turn would drop others. It fails as `cancelled` as soon as a newer one comes, or a
/// `generate`, `park`, `rewindTo` or `deleteScope` of the scope, or `suspend`. The computed tokens stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrefillCommand {
    /// The conversation; `scopeNotFound` if the id is not known. The model that answered last computes.
    pub scope: String,
    /// Messages to add, as in `generate`. Give either this or `messages`. An empty last message stands for one that is
    /// still unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub append: Option<Vec<Message>>,
    /// The whole transcript, as in `generate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub messages: Option<Vec<Message>>,
    /// Whether the last word may still change; it is not computed then. A word ends at a white space, so leave this out
    /// for languages without spaces.
    /// @default false
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub open: bool,
}

impl GenerateCommand {
    pub(super) fn validate(&self) -> Result<()> {
        check_id("generationId", &self.generation_id)?;
        check_id("scope", &self.scope)?;
        self.model.validate_others()?;
        self.options.validate_others()?;
        match &self.prompt {
            None => check_messages(self.append.as_deref(), self.messages.as_deref()),
            Some(_) if self.append.is_some() || self.messages.is_some() => {
                let detail = "a turn with a prompt has neither append nor messages - leave them out, or the prompt";
                Err(Error::new(ErrorCode::InvalidOptions, detail))
            }
            Some(prompt) if prompt.is_empty() => Err(out_of_range("prompt", "at least one character")),
            Some(_) => self.options.check_raw(),
        }
    }
}

impl PrefillCommand {
    pub(super) fn validate(&self) -> Result<()> {
        check_id("scope", &self.scope)?;
        check_messages(self.append.as_deref(), self.messages.as_deref())
    }
}
