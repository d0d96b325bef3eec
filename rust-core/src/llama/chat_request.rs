//! A request in the form of OpenAI's chat completions, as llama.cpp's templates take it.

use serde_json::{Value, json};

use crate::protocol::{GenerateOptions, JsonObject, Message, ResponseFormat, Role, Tool, ToolCall, ToolChoice};

/// The parts of a request. A part that the request lacks is empty.
pub(super) struct ChatRequest {
    pub messages: Vec<Value>,
    pub tools: Vec<Value>,
    /// The answer's JSON schema, as text.
    pub schema: String,
    /// Whether a model that can reason does so.
    pub reasoning: bool,
}

impl ChatRequest {
    pub fn new(messages: &[Message], options: &GenerateOptions) -> Self {
        let schema = match &options.response_format {
            // A required call is no text, so a schema for the text does not apply. With both, llama.cpp would have JSON
            // written and no tool called.
            _ if options.tool_choice().requires_a_call() => String::new(),
            Some(ResponseFormat::Json { schema }) => json_schema(schema.as_ref()),
            Some(ResponseFormat::Grammar { .. }) | None => String::new(),
        };
        let messages = messages.iter().map(message).collect();
        let tools = callable_tools(options).map(tool).collect();
        Self { messages, tools, schema, reasoning: options.reasoning.unwrap_or(true) }
    }
}

/// The tools that the template is told of: only the tool that must be called, if one is named; none if none may be
/// called.
fn callable_tools(options: &GenerateOptions) -> impl Iterator<Item = &Tool> {
    let choice = options.tool_choice();
    options.tools.iter().filter(move |tool| match &choice {
        ToolChoice::Auto | ToolChoice::Required => true,
        ToolChoice::None => false,
        ToolChoice::Tool { tool_name } => tool.name == *tool_name,
    })
}

/// An empty schema allows any value in JSON Schema, but llama.cpp takes it for none.
fn json_schema(schema: Option<&JsonObject>) -> String {
    match schema.filter(|schema| !schema.is_empty()) {
        Some(schema) => json!(schema).to_string(),
        None => json!({ "type": "object" }).to_string(),
    }
}

pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

fn message(message: &Message) -> Value {
    let Message { role, content, reasoning, tool_calls, tool_call_id, tool_name } = message;
    let mut value = json!({ "role": role_name(*role), "content": content });
    if let Some(reasoning) = reasoning {
        value["reasoning_content"] = json!(reasoning);
    }
    if !tool_calls.is_empty() {
        let call = |call: &ToolCall| {
            let function = json!({ "name": call.name, "arguments": call.arguments });
            json!({ "type": "function", "id": call.id, "function": function })
        };
        value["tool_calls"] = tool_calls.iter().map(call).collect();
    }
    if let Some(id) = tool_call_id {
        value["tool_call_id"] = json!(id);
    }
    if let Some(name) = tool_name {
        value["name"] = json!(name);
    }
    value
}

fn tool(tool: &Tool) -> Value {
    let Tool { name, description, parameters } = tool;
    let mut parameters = parameters.clone();
    parameters.entry("type").or_insert_with(|| json!("object"));
    parameters.entry("properties").or_insert_with(|| json!({}));
    let function = json!({ "name": name, "description": description, "parameters": parameters });
    json!({ "type": "function", "function": function })
}
