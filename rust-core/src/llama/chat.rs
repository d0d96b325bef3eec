//! From messages to tokens: the model's chat template, by llama.cpp's own engine, and its tokenizer.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use super::format::LlamaFormat;
use super::model::{Around, Model};
use super::request::Request;
use super::shim::{self, ErrorText, RawChat, Text, Texts};
use super::template_screen::TemplateScreen;
use crate::engine::{Format, Prompt, Prompter};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{GenerateOptions, Message, RenderedPrompt, ResponseFormat, Role, ToolChoice};

/// Renders and tokenizes conversations of one model. Usable from any thread while the model decodes on another.
pub(super) struct LlamaPrompter {
    own: Template,
    /// Those that requests brought, the newest last, by their source.
    brought: Mutex<Vec<(String, Arc<Template>)>>,
    model: Arc<Model>,
}

/// Writes the one message that it is given, so that the form of an answer goes the same way with a template and without.
const AS_IT_IS: &str = "{{ messages[0].content }}";

/// Requests of one app bring one or two.
const MOST_BROUGHT: usize = 4;

#[derive(Debug, Clone, Copy)]
enum Wanted {
    Prompt,
    PromptAndFormat,
}

/// One template, parsed.
struct Template {
    screen: Option<TemplateScreen>,
    /// llama.cpp does not say that applying a template may be done by two threads at once.
    parsed: Mutex<Parsed>,
}

/// The parsed templates of a model.
struct Parsed(NonNull<RawChat>);

// SAFETY: parsed templates are plain memory without ties to a thread; the mutex keeps their users one at a time.
unsafe impl Send for Parsed {}

impl Drop for Parsed {
    fn drop(&mut self) {
        // SAFETY: the pointer came from shim_chat_new and is freed here alone.
        unsafe { shim::shim_chat_free(self.0.as_ptr()) }
    }
}

impl Template {
    /// Screens and parses the model's own template. A model without one gets ChatML, llama.cpp's default.
    fn own(model: &Model) -> Result<Self> {
        let screen = model.chat_template(None).map(|source| TemplateScreen::new(&source)).transpose()?;
        if let Some(source) = model.chat_template(Some(c"tool_use")) {
            TemplateScreen::new(&source)?;
        }
        Self::parse(model, "", screen)
    }

    /// Screens and parses one that a request brought.
    fn brought(model: &Model, source: &str) -> Result<Self> {
        Self::parse(model, source, Some(TemplateScreen::new(source)?))
    }

    /// An empty source stands for the model's own.
    fn parse(model: &Model, source: &str, screen: Option<TemplateScreen>) -> Result<Self> {
        let mut error = ErrorText::new();
        // SAFETY: the model is alive, and the prompter keeps it alive for as long as its templates.
        let raw = unsafe { shim::shim_chat_new(model.as_ptr(), Text::of(source), error.slot()) };
        let raw = NonNull::new(raw).ok_or_else(|| failed(&error.take("llama.cpp gave no reason"), &[]))?;
        Ok(Self { screen, parsed: Mutex::new(Parsed(raw)) })
    }

    /// The prompt, the texts that end an answer, and how it is written, if that is `wanted`.
    fn apply(
        &self,
        messages: &[Message],
        options: &GenerateOptions,
        wanted: Wanted,
        model: &Arc<Model>,
    ) -> Result<(Vec<String>, Option<LlamaFormat>)> {
        let request = Request::new(messages, options);
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
        let raw = shim::Request {
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
        let (mut texts, mut answer, mut error) = (Texts::none(), std::ptr::null_mut(), ErrorText::new());
        let slot = match wanted {
            Wanted::PromptAndFormat => &raw mut answer,
            Wanted::Prompt => std::ptr::null_mut(),
        };
        let parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the templates are alive and locked; the shim only reads the request, which outlives the call.
        let done =
            unsafe { shim::shim_chat_render(parsed.0.as_ptr(), &raw const raw, texts.slot(), slot, error.slot()) };
        match done {
            shim::RENDERED => {
                let format = NonNull::new(answer).map(|answer| LlamaFormat::new(answer, model));
                Ok((texts.to_strings(), format))
            }
            shim::REFUSED_TEMPLATE => Err(failed(&error.take("llama.cpp gave no reason"), messages)),
            _ => Err(refused(&error.take("llama.cpp gave no reason"))),
        }
    }
}

impl LlamaPrompter {
    /// Screens and parses the model's template.
    pub fn new(model: &Arc<Model>) -> Result<Self> {
        Ok(Self { own: Template::own(model)?, brought: Mutex::default(), model: Arc::clone(model) })
    }

    fn brought(&self, source: &str) -> Result<Arc<Template>> {
        let mut brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, template)) = brought.iter().find(|(known, _)| known == source) {
            return Ok(Arc::clone(template));
        }
        let template = Arc::new(Template::brought(&self.model, source)?);
        if brought.len() == MOST_BROUGHT {
            brought.remove(0);
        }
        brought.push((source.to_owned(), Arc::clone(&template)));
        Ok(template)
    }

    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The prompt as the template wrote it, and as the model reads it.
    fn prompt(&self, messages: &[Message], options: &GenerateOptions, wanted: Wanted) -> Result<(String, Prompt)> {
        match &options.chat_template {
            Some(source) => self.written(&*self.brought(source)?, messages, options, wanted),
            None => self.written(&self.own, messages, options, wanted),
        }
    }

    fn written(
        &self,
        template: &Template,
        messages: &[Message],
        options: &GenerateOptions,
        wanted: Wanted,
    ) -> Result<(String, Prompt)> {
        let (texts, format) = template.apply(messages, options, wanted, &self.model)?;
        let mut texts = texts.into_iter();
        let text = texts.next().unwrap_or_default();
        let mut tokens =
            self.model.tokenize(&text, Around::Nothing, true).map_err(|reason| failed(&reason, messages))?;
        // Some templates write the first token themselves, some leave it to the tokenizer: it must be there once.
        if let Some(first) = self.model.first_token().filter(|first| tokens.first() != Some(first)) {
            tokens.insert(0, first);
        }
        if tokens.is_empty() {
            return Err(failed("it renders to nothing", messages));
        }
        let mut stop: Vec<String> = texts.filter(|stop| !stop.is_empty()).collect();
        stop.sort_unstable();
        stop.dedup();
        Ok((text, Prompt { tokens, stop, format: format.map(|format| Format(Arc::new(format))) }))
    }
}

impl Prompter for LlamaPrompter {
    fn render(&self, messages: &[Message], options: &GenerateOptions) -> Result<Prompt> {
        self.prompt(messages, options, Wanted::PromptAndFormat).map(|(_, prompt)| prompt)
    }

    fn render_ahead(&self, messages: &[Message], options: &GenerateOptions) -> Result<Prompt> {
        self.prompt(messages, options, Wanted::Prompt).map(|(_, prompt)| prompt)
    }

    fn complete(&self, text: &str, options: &GenerateOptions) -> Result<Prompt> {
        let message = [Message::new(Role::User, text)];
        self.written(&*self.brought(AS_IT_IS)?, &message, options, Wanted::PromptAndFormat).map(|(_, prompt)| prompt)
    }

    fn show(&self, messages: &[Message]) -> Result<RenderedPrompt> {
        let (text, Prompt { tokens, stop, .. }) = self.prompt(messages, &GenerateOptions::default(), Wanted::Prompt)?;
        let token_count = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
        Ok(RenderedPrompt { text, token_count, stop, template: self.model.chat_template(None) })
    }
}

/// llama.cpp shows the place in the template first and the reason in the last line. A template's own words may quote a
/// message, which an error text must not hold.
fn failed(reason: &str, messages: &[Message]) -> Error {
    let reason = reason.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let reason = reason.trim_start_matches("Error: ");
    let quoted = |line: &str| line.len() >= 4 && reason.contains(line);
    let quotes = messages.iter().flat_map(|message| message.content.lines()).any(|line| quoted(line.trim()));
    let reason = if quotes { "it refused the messages" } else { reason };
    Error::new(ErrorCode::TemplateFailed, format!("the model's chat template failed: {reason}"))
}

/// Of tools, a schema or a grammar.
fn refused(reason: &str) -> Error {
    let reason = reason.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let reason: String = reason.chars().take(500).collect();
    Error::new(ErrorCode::InvalidOptions, format!("options.tools or options.responseFormat cannot be had: {reason}"))
}
