//! What a caller may ask of one generation, with the ranges that are accepted.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::config::out_of_range;
use super::numbers::check_numbers_of;
use super::tools::{ResponseFormat, Tool, ToolChoice, check_tools};
use crate::error::Result;

/// How one generation is sampled, what its answer may be, and when it ends. Every request has its own; none changes another's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GenerateOptions {
    /// 0 is greedy. 0 to 10; left out: 0.8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub temperature: Option<f32>,
    /// Keep the k likeliest tokens. 0 keeps all; left out: 40.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub top_k: Option<u32>,
    /// Keep the likeliest tokens that together have this probability. 0 to 1; left out: 0.95.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub top_p: Option<f32>,
    /// Drop tokens less likely than this share of the likeliest. 0 to 1; left out: 0.05.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub min_p: Option<f32>,
    /// Keep tokens about as surprising as is typical, until they have this probability together (arXiv:2202.00666). 0 to 1; left
    /// out: 1 (off).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub typical_p: Option<f32>,
    /// Keep tokens whose logit is within this many standard deviations of the highest (arXiv:2411.07641). 0 to 100; left out: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub top_n_sigma: Option<f32>,
    /// XTC: with this probability the likeliest choices are left out, all but the least likely of those above `xtcThreshold`. 0 to 1;
    /// left out: 0 (off).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub xtc_probability: Option<f32>,
    /// Which choices XTC may leave out. 0 to 1, above 0.5 none; left out: 0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub xtc_threshold: Option<f32>,
    /// DRY: what a token that would go on with a repetition loses, times `dryBase` for each token more. 0 to 10; left out: 0 (off).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_multiplier: Option<f32>,
    /// 1 to 10; left out: 1.75.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_base: Option<f32>,
    /// Tokens that may be repeated for nothing. 0 to 1,024; left out: 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_allowed_length: Option<u32>,
    /// Tokens that DRY looks back on. 0 to 4,096; left out: 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_penalty_window: Option<u32>,
    /// Texts over which no repetition goes on. At most 16 of 1 to 64 bytes each; left out: line end, `:`, `"` and `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_sequence_breakers: Option<Vec<String>>,
    /// Mirostat, version 1 or 2 (arXiv:2007.14966), in place of every option above but temperature. Left out: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "1 | 2")]
    pub mirostat: Option<u32>,
    /// Mirostat's target, in bits of surprise. 0 to 100; left out: 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mirostat_tau: Option<f32>,
    /// How fast Mirostat learns. 0 to 1; left out: 0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mirostat_eta: Option<f32>,
    /// Divides the logits of tokens seen in the window. Above 0, to 10; left out: 1 (off).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub repeat_penalty: Option<f32>,
    /// Subtracted once per occurrence. -2 to 2; left out: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub frequency_penalty: Option<f32>,
    /// Subtracted once if seen. -2 to 2; left out: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub presence_penalty: Option<f32>,
    /// Tokens that the penalties look back on. 0 to 4,096; left out: 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub penalty_window: Option<u32>,
    /// Added to the logits of single tokens. At most 1,024.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<LogitBias>>")]
    pub logit_bias: Vec<LogitBias>,
    /// Same seed, same options, same prompt: same choices. Left out: random.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seed: Option<u32>,
    /// Texts that end the answer wherever they come, in thought and in calls too; none of them is delivered. At most 16 of 1 to 256
    /// bytes each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub stop: Vec<String>,
    /// Ends the answer after this many tokens, with reason `length`. Left out: until the model ends it, or the context is
    /// full.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_output_tokens: Option<u32>,
    /// Whether a cancelled or failed answer keeps, in transcript and KV, what was delivered. Left out: false, the turn
    /// goes back whole.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub keep_partial: bool,
    /// Whether it is told how likely each token of the answer was, and this many others in its place. 0 to 20; left out: it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub logprobs: Option<u32>,
    /// What form the answer has. Left out: free text. A grammar cannot be had beside tools that may be called. JSON can: where a tool
    /// must be called, it is, and else none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub response_format: Option<ResponseFormat>,
    /// A chat template in Jinja in place of the model's own, at most 64 KiB. Left out: the model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub chat_template: Option<String>,
    /// Whether a model that can think before it answers does so. Left out: it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reasoning: Option<bool>,
    /// Tokens that it may think, then it must answer. 0 and more; left out: as many as it likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reasoning_budget_tokens: Option<u32>,
    /// What the model may call. The calls are the caller's to carry out: their results go into the next turn. At most 128.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Tool>>")]
    pub tools: Vec<Tool>,
    /// Whether it does. Left out: as it sees fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tool_choice: Option<ToolChoice>,
    /// Whether one answer may call several tools. Left out: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub parallel_tool_calls: bool,
}

/// What is added to a token's logit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogitBias {
    /// A token of the model's vocabulary.
    pub token: u32,
    /// -100 to 100. The ends all but forbid it, or all but force it.
    pub bias: f32,
}

impl GenerateOptions {
    /// Checks every range; the error names the field.
    pub fn validate(&self) -> Result<()> {
        check_numbers_of("options", self)?;
        self.validate_others()
    }

    /// All but the numbers, which are checked in a command before it is read.
    pub(super) fn validate_others(&self) -> Result<()> {
        check_texts("options.stop", &self.stop, 256)?;
        check_texts("options.drySequenceBreakers", self.dry_sequence_breakers.as_deref().unwrap_or_default(), 64)?;
        if self.logit_bias.len() > 1024 {
            return Err(out_of_range("options.logitBias", "at most 1,024 tokens"));
        }
        if self.chat_template.as_ref().is_some_and(|source| source.len() > 64 << 10) {
            return Err(out_of_range("options.chatTemplate", "at most 64 KiB"));
        }
        check_tools(&self.tools, &self.tool_choice())?;
        self.response_format.as_ref().map_or(Ok(()), ResponseFormat::validate)?;
        let is_grammar = matches!(self.response_format, Some(ResponseFormat::Grammar { .. }));
        if is_grammar && !self.tools.is_empty() && self.tool_choice() != ToolChoice::None {
            return Err(out_of_range("options.responseFormat", "either a grammar or tools that may be called"));
        }
        Ok(())
    }

    /// Whether all of them can be had where no template is applied.
    pub(super) fn check_raw(&self) -> Result<()> {
        for (field, is_there) in [
            ("options.tools", !self.tools.is_empty()),
            ("options.reasoning", self.reasoning.is_some()),
            ("options.reasoningBudgetTokens", self.reasoning_budget_tokens.is_some()),
            ("options.chatTemplate", self.chat_template.is_some()),
        ] {
            if is_there {
                return Err(out_of_range(field, "none beside a prompt, which goes through no template"));
            }
        }
        Ok(())
    }

    /// With the default in place.
    pub fn tool_choice(&self) -> ToolChoice {
        self.tool_choice.clone().unwrap_or_default()
    }
}

fn check_texts(field: &str, texts: &[String], longest: usize) -> Result<()> {
    if texts.len() > 16 {
        return Err(out_of_range(field, "at most 16 texts"));
    }
    if texts.iter().any(|text| text.is_empty() || text.len() > longest) {
        return Err(out_of_range(field, &format!("texts of 1 to {longest} bytes")));
    }
    Ok(())
}
