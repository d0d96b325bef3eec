//! Tools and response formats: answers that are more than free text.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::config::out_of_range;
use crate::error::Result;

/// A JSON object that keeps the order of its fields.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

/// A function of the app that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tool {
    /// 1 to 64 letters, digits, `_`, `-` or `.`; unique in its request.
    pub name: String,
    /// Tells the model when to call the tool.
    #[serde(default)]
    #[ts(optional, as = "Option<String>")]
    pub description: String,
    /// JSON Schema of the arguments, an object. Left out: no arguments.
    #[serde(default)]
    #[ts(optional, type = "Record<string, unknown>")]
    pub parameters: JsonObject,
}

/// Whether the model calls tools.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// The model calls none; the prompt does not list the tools.
    None,
    /// The model calls at least one.
    Required,
    /// The model calls this tool.
    Tool {
        /// Name of one of the request's tools.
        tool_name: String,
    },
}

impl ToolChoice {
    /// Whether the answer has at least one call.
    pub fn requires_a_call(&self) -> bool {
        match self {
            Self::Auto | Self::None => false,
            Self::Required | Self::Tool { .. } => true,
        }
    }
}

/// The form of an answer. The model can write nothing else; an answer that `maxOutputTokens` cuts off is incomplete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ResponseFormat {
    /// One JSON value.
    Json {
        /// JSON Schema of the value, as far as llama.cpp turns it into a grammar. Left out: any object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "Record<string, unknown>")]
        schema: Option<JsonObject>,
    },
    /// A text that matches a grammar.
    Grammar {
        /// Grammar in GBNF with a rule `root`. At most 64 KiB, with groups nested at most 100 deep.
        gbnf: String,
        /// Texts that start the grammar, themselves included. Left out: the grammar holds from the beginning.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<String>>")]
        triggers: Vec<String>,
    },
}

const MOST_TOOLS: usize = 128;
const MOST_GRAMMAR_BYTES: usize = 64 << 10;
const DEEPEST_GROUP: usize = 100;

impl Tool {
    fn validate(&self) -> Result<()> {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(is_letter) {
            return Err(out_of_range("options.tools[].name", "1 to 64 letters, digits, _, - or ."));
        }
        Ok(())
    }
}

/// Checks a request's tools, and that a required tool is one of them.
pub(super) fn check_tools(tools: &[Tool], choice: &ToolChoice) -> Result<()> {
    if tools.len() > MOST_TOOLS {
        return Err(out_of_range("options.tools", &format!("at most {MOST_TOOLS} tools")));
    }
    tools.iter().try_for_each(Tool::validate)?;
    for (index, tool) in tools.iter().enumerate() {
        if tools[..index].iter().any(|other| other.name == tool.name) {
            return Err(out_of_range("options.tools", &format!("names that differ; {} is there twice", tool.name)));
        }
    }
    match choice {
        ToolChoice::Auto | ToolChoice::None => Ok(()),
        ToolChoice::Required if tools.is_empty() => Err(out_of_range("options.toolChoice", "tools beside it")),
        ToolChoice::Required => Ok(()),
        ToolChoice::Tool { tool_name } if tools.iter().all(|tool| tool.name != *tool_name) => {
            Err(out_of_range("options.toolChoice.toolName", "the name of one of the tools"))
        }
        ToolChoice::Tool { .. } => Ok(()),
    }
}

impl ResponseFormat {
    /// Checks sizes. Only the model can tell whether grammar and schema are usable.
    pub(super) fn validate(&self) -> Result<()> {
        let Self::Grammar { gbnf, triggers } = self else { return Ok(()) };
        if gbnf.len() > MOST_GRAMMAR_BYTES || gbnf.contains('\0') {
            return Err(out_of_range("options.responseFormat.gbnf", "at most 64 KiB without a NUL character"));
        }
        if depth(gbnf) > DEEPEST_GROUP {
            return Err(out_of_range("options.responseFormat.gbnf", "groups in groups to a depth of 100"));
        }
        if triggers.len() > 16 || triggers.iter().any(|text| text.is_empty() || text.len() > 256) {
            return Err(out_of_range("options.responseFormat.triggers", "at most 16 texts of 1 to 256 bytes"));
        }
        Ok(())
    }
}

/// Deepest nesting of parentheses, including those in texts and character sets: llama.cpp parses nested groups
/// recursively.
fn depth(gbnf: &str) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0;
    for byte in gbnf.bytes() {
        match byte {
            b'(' => open += 1,
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}
