//! The messages of a conversation.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::tools::JsonObject;
use crate::error::{Error, ErrorCode, Result};

/// One message of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// The speaker.
    pub role: Role,
    /// The text, as the chat template gets it.
    pub content: String,
    /// The reasoning before the answer. Only in messages of the assistant; most templates leave it out of later
    /// prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reasoning: Option<String>,
    /// The tool calls of the model. Only in messages of the assistant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<ToolCall>>")]
    pub tool_calls: Vec<ToolCall>,
    /// Id of the call whose result `content` is. Only in messages of a tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tool_call_id: Option<String>,
    /// Name of the called tool. Only in messages of a tool; some templates need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tool_name: Option<String>,
}

/// A tool call by the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolCall {
    /// Unique in its conversation; the message with the result carries it.
    pub id: String,
    /// Name of one of the request's tools.
    pub name: String,
    /// JSON text: an object as the tool's `parameters` describe it.
    pub arguments: String,
}

impl ToolCall {
    /// Whether the arguments are a JSON object. Templates get them parsed, and those of a call that was cut short
    /// cannot be parsed.
    pub fn is_whole(&self) -> bool {
        serde_json::from_str::<JsonObject>(&self.arguments).is_ok()
    }
}

/// The speaker of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Instructions to the model; templates expect them first, if at all.
    System,
    /// The user.
    User,
    /// The model. Never the last message of a request.
    Assistant,
    /// The result of a tool call.
    Tool,
}

impl Message {
    /// A message with only text.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        let (reasoning, tool_calls, tool_call_id, tool_name) = (None, Vec::new(), None, None);
        Self { role, content: content.into(), reasoning, tool_calls, tool_call_id, tool_name }
    }

    fn validate(&self) -> Result<()> {
        let Self { role, content: _, reasoning, tool_calls, tool_call_id, tool_name } = self;
        if *role != Role::Assistant && (reasoning.is_some() || !tool_calls.is_empty()) {
            return Err(invalid("reasoning and toolCalls belong to messages of the assistant"));
        }
        if *role != Role::Tool && (tool_call_id.is_some() || tool_name.is_some()) {
            return Err(invalid("toolCallId and toolName belong to messages of a tool"));
        }
        for call in tool_calls {
            if call.name.is_empty() {
                return Err(invalid("a tool call has no name"));
            }
            if !call.is_whole() {
                return Err(invalid(&format!("the arguments of the call of {} are not a JSON object", call.name)));
            }
        }
        Ok(())
    }
}

/// Checks the messages of a turn, which has exactly one of the two lists.
pub(super) fn check_messages(append: Option<&[Message]>, messages: Option<&[Message]>) -> Result<()> {
    let messages = match (append, messages) {
        (Some(messages), None) | (None, Some(messages)) => messages,
        (Some(_), Some(_)) | (None, None) => return Err(invalid("a turn needs either append or messages")),
    };
    messages.iter().try_for_each(Message::validate)?;
    match messages.last() {
        Some(message) if message.role != Role::Assistant => Ok(()),
        Some(_) => {
            Err(invalid("the last message is the assistant's - end append or messages with the message to be answered"))
        }
        None => Err(invalid("append or messages holds no message")),
    }
}

fn invalid(detail: &str) -> Error {
    Error::new(ErrorCode::InvalidOptions, detail)
}
