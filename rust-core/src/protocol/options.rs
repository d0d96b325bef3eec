//! The options of one generation, with their ranges.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::config::out_of_range;
use super::numbers::check_numbers_of;
use super::tools::{ResponseFormat, Tool, ToolChoice, check_tools};
use crate::error::Result;

/// How one generation is sampled, the form of its answer, and when it ends. Each request has its own options; they do
/// not affect other requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GenerateOptions {
    /// Sampling temperature, 0 to 10; 0 is greedy.
    /// @default 0.8
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub temperature: Option<f32>,
    /// Keeps the k likeliest tokens; 0 keeps all.
    /// @default 40
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub top_k: Option<u32>,
    /// Keeps the likeliest tokens that together have this probability. 0 to 1.
    /// @default 0.95
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub top_p: Option<f32>,
    /// Drops tokens that are less likely than this share of the likeliest. 0 to 1.
    /// @default 0.05
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub min_p: Option<f32>,
    /// Keeps tokens whose surprise is near the expected one, until they together have this probability
    /// (arXiv:2202.00666). 0 to 1; 1 is off.
    /// @default 1
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub typical_p: Option<f32>,
    /// Keeps tokens whose logit is within this many standard deviations of the highest (arXiv:2411.07641). 0 to 100.
    /// Left out: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub top_n_sigma: Option<f32>,
    /// XTC: with this probability drops the likeliest tokens, all except the least likely of those above
    /// `xtcThreshold`. 0 to 1; 0 is off.
    /// @default 0
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub xtc_probability: Option<f32>,
    /// Probability above which XTC may drop a token. 0 to 1; above 0.5 it drops none.
    /// @default 0.1
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub xtc_threshold: Option<f32>,
    /// DRY: penalty of a token that would continue a repetition, times `dryBase` for each further token. 0 to 10; 0 is
    /// off.
    /// @default 0
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_multiplier: Option<f32>,
    /// Base of DRY's growing penalty. 1 to 10.
    /// @default 1.75
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_base: Option<f32>,
    /// Length of a repetition without DRY penalty. 0 to 1,024 tokens.
    /// @default 2
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_allowed_length: Option<u32>,
    /// Number of past tokens that DRY considers. 0 to 4,096.
    /// @default 64
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_penalty_window: Option<u32>,
    /// Texts that break a repetition. At most 16 of 1 to 64 bytes each. Left out: line end, `:`, `"` and `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dry_sequence_breakers: Option<Vec<String>>,
    /// Mirostat, version 1 or 2 (arXiv:2007.14966). It replaces every option above except temperature. Left out: off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "1 | 2")]
    pub mirostat: Option<u32>,
    /// Mirostat's target, in bits of surprise. 0 to 100.
    /// @default 5
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mirostat_tau: Option<f32>,
    /// Mirostat's learning rate. 0 to 1.
    /// @default 0.1
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mirostat_eta: Option<f32>,
    /// Divides the logits of tokens in the window. Above 0, to 10; 1 is off.
    /// @default 1
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub repeat_penalty: Option<f32>,
    /// Subtracted from a token's logit for each occurrence in the window. -2 to 2.
    /// @default 0
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub frequency_penalty: Option<f32>,
    /// Subtracted once from the logit of each token in the window. -2 to 2.
    /// @default 0
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub presence_penalty: Option<f32>,
    /// Number of past tokens that the penalties consider. 0 to 4,096.
    /// @default 64
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub penalty_window: Option<u32>,
    /// Values to add to the logits of single tokens. At most 1,024.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<LogitBias>>")]
    pub logit_bias: Vec<LogitBias>,
    /// Seed of the sampler. The same seed, options and prompt give the same choices. Left out: random.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seed: Option<u32>,
    /// Texts that end the answer wherever they appear, also in reasoning and calls. They are not delivered. At most 16
    /// of 1 to 256 bytes each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub stop: Vec<String>,
    /// Ends the answer after this many tokens, with reason `length`. Left out: the answer runs until the model ends it
    /// or the context is full.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_output_tokens: Option<u32>,
    /// Whether a cancelled or failed answer keeps its delivered text, in transcript and KV. Otherwise the whole turn
    /// goes back.
    /// @default false
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub keep_partial: bool,
    /// Returns the probability of each token of the answer, and of this many alternatives. 0 to 20. Left out: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub logprobs: Option<u32>,
    /// The form of the answer. Left out: free text. A grammar excludes tools that may be called. JSON does not: if a
    /// tool must be called, it is called; otherwise none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub response_format: Option<ResponseFormat>,
    /// A Jinja chat template in place of the model's own, at most 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub chat_template: Option<String>,
    /// Whether a model that can reason before its answer does so. Left out: it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reasoning: Option<bool>,
    /// Most tokens of reasoning, then the model must answer. 0 and more. Left out: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reasoning_budget_tokens: Option<u32>,
    /// The tools that the model may call. The caller runs the calls and sends the results with the next turn. At most
    /// 128.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Tool>>")]
    pub tools: Vec<Tool>,
    /// Whether the model calls tools. Left out: the model decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tool_choice: Option<ToolChoice>,
    /// Whether one answer may call several tools.
    /// @default false
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub parallel_tool_calls: bool,
}

/// A value to add to a token's logit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogitBias {
    /// A token of the model's vocabulary.
    pub token: u32,
    /// -100 to 100. The extremes practically forbid or force the token.
    pub bias: f32,
}

impl GenerateOptions {
    /// Checks every range; the error names the field.
    pub fn validate(&self) -> Result<()> {
        check_numbers_of("options", self)?;
        self.validate_others()
    }

    /// Checks all fields but the numbers. A command's numbers are checked before it is parsed.
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

    /// Checks that no option needs a template, for a turn with a `prompt`.
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

    /// The tool choice, or its default.
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
