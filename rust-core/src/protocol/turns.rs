//! What is asked of one turn of a conversation: an answer, or to compute ahead what is known of it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::commands::check_id;
use super::config::{ModelConfig, Overflow, Persist, out_of_range};
use super::message::{Message, check_messages};
use super::options::GenerateOptions;
use crate::error::{Error, ErrorCode, Result};

/// One turn of a scope. The generation holds a lease of its own until it has finished. Turns of one scope run in the
/// order in which they were sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenerateCommand {
    /// Made by the caller, 1 to 256 bytes; one that the manager knows already is refused as `invalidOptions`.
    pub generation_id: String,
    /// The model that answers; loaded if it is not. Its `keepAliveMs` counts as the newest request's, also when left
    /// out.
    pub model: ModelConfig,
    /// The conversation, made on first use.
    pub scope: String,
    /// Messages added to the stored transcript. One of this, `messages` and `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub append: Option<Vec<Message>>,
    /// The whole transcript, replacing the stored one from the first difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub messages: Option<Vec<Message>>,
    /// Text to be gone on with, as it is: no template is applied, and the names of control tokens in it are those tokens. The
    /// transcript is replaced by it, as the one message of a user. Options that speak to a template cannot be had beside it: tools,
    /// `reasoning`, `reasoningBudgetTokens` and `chatTemplate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub prompt: Option<String>,
    /// What of the scope may be written to disk, from now on. Left out: as before; at first `kv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub persist: Option<Persist>,
    /// What happens when the conversation outgrows `contextSize`.
    #[serde(default)]
    #[ts(optional, as = "Option<Overflow>")]
    pub overflow: Overflow,
    /// Sampling and limits of this turn alone. Left out: every default.
    #[serde(default)]
    #[ts(optional, as = "Option<GenerateOptions>")]
    pub options: GenerateOptions,
}

/// What a scope's next turn may be. Nothing is said: transcript, revision and `lastUsedAt` stay, and no generation is made. What
/// changes is `cachedTokens`, and the residency. The turn that comes keeps as much of it as it shares.
///
/// Nobody waits for it: it is computed where no turn is prefilled, and takes no lease. It fails as `modelUnloaded` where the
/// scope's model is not loaded, `suspended` while `suspend` holds, `busy` while a turn of the scope runs or waits, `contextFull`
/// where the turn would have to leave out others, and `cancelled` as soon as a newer one comes, or a `generate`, `park`,
/// `rewindTo` or `deleteScope` of the scope, or `suspend`. What was computed by then stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrefillCommand {
    /// The conversation; `scopeNotFound` when there is none of this id. The model that answered it last computes.
    pub scope: String,
    /// As `generate` would add them. Either this or `messages`. An empty last message stands for one of which nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub append: Option<Vec<Message>>,
    /// As `generate` would replace the transcript by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub messages: Option<Vec<Message>>,
    /// Whether the last message's last word may become another one: it is not computed then. A word ends at a white space, so
    /// leave it out for languages that have none.
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
