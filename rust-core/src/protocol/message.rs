//! What is said in a conversation, by whom.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::tools::JsonObject;
use crate::error::{Error, ErrorCode, Result};

/// One message of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// The text, as the chat template is to see it.
    pub content: String,
    /// What the model thought before it answered. Of an assistant; most templates leave it out of later prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reasoning: Option<String>,
    /// Tools that the model called. Of an assistant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<ToolCall>>")]
    pub tool_calls: Vec<ToolCall>,
    /// Which call `content` is the result of. Of a tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tool_call_id: Option<String>,
    /// The name of the tool that was called. Of a tool; some templates want it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tool_name: Option<String>,
}

/// A call that the model asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolCall {
    /// Unique in its conversation; the message with the result carries it.
    pub id: String,
    /// One of the request's tools.
    pub name: String,
    /// JSON text: an object as the tool's `parameters` describe it.
    pub arguments: String,
}

impl ToolCall {
    /// Whether its arguments are an object of JSON. Templates are given them parsed, and a call that was cut short cannot be.
    pub fn is_whole(&self) -> bool {
        serde_json::from_str::<JsonObject>(&self.arguments).is_ok()
    }
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Instructions to the model; templates want them first, if at all.
    System,
    /// The person.
    User,
    /// The model. Never the last message of a request.
    Assistant,
    /// The result of a tool that the model called.
    Tool,
}

impl Message {
    /// A message that is nothing but text.
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

/// Of a turn that brings exactly one of the two.
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
