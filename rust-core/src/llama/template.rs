//! One chat template, run by llama.cpp's own engine.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use super::answer_format::LlamaAnswerFormat;
use super::chat_request::ChatRequest;
use super::model::Model;
use super::shim::{self, RawChat, ShimError, Text, Texts};
use super::template_screen::TemplateScreen;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{GenerateOptions, Message, ResponseFormat, ToolChoice};

/// The parts of a rendering that the caller needs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    Prompt,
    PromptAndFormat,
}

pub(super) struct Template {
    screen: Option<TemplateScreen>,
    /// Locked, because llama.cpp does not promise that two threads may apply a template at once.
    parsed: Mutex<Parsed>,
}

/// A parsed template on the C++ side.
struct Parsed(NonNull<RawChat>);

// SAFETY: a parsed template is plain memory without ties to a thread, and the mutex keeps its users one at a time.
unsafe impl Send for Parsed {}

impl Drop for Parsed {
    fn drop(&mut self) {
        // SAFETY: the pointer came from shim_chat_new and is freed here alone.
        unsafe { shim::shim_chat_free(self.0.as_ptr()) }
    }
}

impl Template {
    /// Screens and parses the model's own template. A model without one gets ChatML, llama.cpp's default.
    pub fn own(model: &Model) -> Result<Self> {
        let screen = model.chat_template(None).map(|source| TemplateScreen::new(&source)).transpose()?;
        if let Some(source) = model.chat_template(Some(c"tool_use")) {
            TemplateScreen::new(&source)?;
        }
        Self::parse(model, "", screen)
    }

    /// Screens and parses a template that a request brought.
    pub fn brought(model: &Model, source: &str) -> Result<Self> {
        Self::parse(model, source, Some(TemplateScreen::new(source)?))
    }

    /// An empty source stands for the model's own template.
    fn parse(model: &Model, source: &str, screen: Option<TemplateScreen>) -> Result<Self> {
        let mut error = ShimError::new();
        // SAFETY: the model is alive, and the prompter keeps it alive longer than its templates.
        let raw = unsafe { shim::shim_chat_new(model.as_ptr(), Text::of(source), error.slot()) };
        let raw = NonNull::new(raw).ok_or_else(|| failed(&error.text("llama.cpp gave no reason"), &[]))?;
        Ok(Self { screen, parsed: Mutex::new(Parsed(raw)) })
    }

    /// The prompt and the texts that end an answer; and the answer's format, if it is `wanted`.
    pub fn apply(
        &self,
        messages: &[Message],
        options: &GenerateOptions,
        wanted: Wanted,
        model: &Arc<Model>,
    ) -> Result<(Vec<String>, Option<LlamaAnswerFormat>)> {
        let request = ChatRequest::new(messages, options);
        if let Some(screen) = &self.screen {
            screen.check(&request)?;
        }
        let (gbnf, triggers) = match &options.response_format {
            Some(ResponseFormat::Grammar { gbnf, triggers }) => (gbnf.as_str(), triggers.as_slice()),
            Some(ResponseFormat::Json { .. }) | None => ("", &[][..]),
        };
        let triggers: Vec<Text> = triggers.iter().map(|text| Text::of(text)).collect();
        let json = |values: &[serde_json::Value]| match values {
            [] => String::new(),
            values => serde_json::Value::from(values).to_string(),
        };
        let (raw_messages, raw_tools) = (json(&request.messages), json(&request.tools));
        let raw = shim::ChatRequest {
            messages: Text::of(&raw_messages),
            tools: Text::of(&raw_tools),
            json_schema: Text::of(&request.schema),
            grammar: Text::of(gbnf),
            triggers: triggers.as_ptr(),
            trigger_count: triggers.len(),
            tool_choice: match options.tool_choice() {
                ToolChoice::Auto => shim::TOOLS_AUTO,
                ToolChoice::Required | ToolChoice::Tool { .. } => shim::TOOLS_REQUIRED,
                ToolChoice::None => shim::TOOLS_NONE,
            },
            parallel_tool_calls: options.parallel_tool_calls,
            reasoning: request.reasoning,
        };
        let (mut texts, mut answer, mut error) = (Texts::none(), std::ptr::null_mut(), ShimError::new());
        let slot = match wanted {
            Wanted::PromptAndFormat => &raw mut answer,
            Wanted::Prompt => std::ptr::null_mut(),
        };
        let parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the template is alive and locked. The shim only reads the request, which outlives the call.
        let done =
            unsafe { shim::shim_chat_render(parsed.0.as_ptr(), &raw const raw, texts.slot(), slot, error.slot()) };
        match done {
            shim::RENDERED => {
                let format = NonNull::new(answer).map(|answer| LlamaAnswerFormat::new(answer, model));
                Ok((texts.to_strings(), format))
            }
            shim::REFUSED_TEMPLATE => Err(failed(&error.text("llama.cpp gave no reason"), messages)),
            _ => Err(refused(&error.text("llama.cpp gave no reason"))),
        }
    }
}

/// The error of a template. llama.cpp's text ends in a line with the reason. A template's own words may quote a
/// message, which must not get into an error text.
pub(super) fn failed(reason: &str, messages: &[Message]) -> Error {
    let reason = reason.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let reason = reason.trim_start_matches("Error: ");
    let quoted = |line: &str| line.len() >= 4 && reason.contains(line);
    let quotes = messages.iter().flat_map(|message| message.content.lines()).any(|line| quoted(line.trim()));
    let reason = if quotes { "it refused the messages" } else { reason };
    Error::new(ErrorCode::TemplateFailed, format!("the model's chat template failed: {reason}"))
}

/// The error of tools, a schema or a grammar.
fn refused(reason: &str) -> Error {
    let reason = reason.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let reason: String = reason.chars().take(500).collect();
    Error::new(ErrorCode::InvalidOptions, format!("options.tools or options.responseFormat cannot be had: {reason}"))
}
