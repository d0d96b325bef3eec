//! From messages to tokens: the model's chat template, by llama.cpp's own engine, and its tokenizer.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use super::model::{Around, Model};
use super::shim::{self, ErrorText, RawChat, Text, Texts};
use super::template_screen::{TemplateScreen, role_name};
use crate::engine::{Prompt, Prompter};
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{Message, RenderedPrompt};

/// Renders and tokenizes conversations of one model. Usable from any thread while the model decodes on another.
pub(super) struct LlamaPrompter {
    /// llama.cpp does not say that applying a template may be done by two threads at once.
    templates: Mutex<Templates>,
    screen: Option<TemplateScreen>,
    model: Arc<Model>,
}

/// The parsed templates of a model.
struct Templates(NonNull<RawChat>);

// SAFETY: parsed templates are plain memory without ties to a thread; the mutex keeps their users one at a time.
unsafe impl Send for Templates {}

impl Drop for Templates {
    fn drop(&mut self) {
        // SAFETY: the pointer came from shim_chat_new and is freed here alone.
        unsafe { shim::shim_chat_free(self.0.as_ptr()) }
    }
}

impl LlamaPrompter {
    /// Screens and parses the model's template. A model without one gets ChatML, llama.cpp's default.
    pub fn new(model: &Arc<Model>) -> Result<Self> {
        let screen = model.chat_template(None).map(|source| TemplateScreen::new(&source)).transpose()?;
        if let Some(source) = model.chat_template(Some(c"tool_use")) {
            TemplateScreen::new(&source)?;
        }
        let mut error = ErrorText::new();
        // SAFETY: the model is alive, and outlives the templates by `model` below.
        let raw = unsafe { shim::shim_chat_new(model.as_ptr(), error.slot()) };
        let raw = NonNull::new(raw).ok_or_else(|| failed(&error.take("llama.cpp gave no reason"), &[]))?;
        Ok(Self { templates: Mutex::new(Templates(raw)), screen, model: Arc::clone(model) })
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The prompt, then the texts that end an answer.
    fn apply(&self, messages: &[Message]) -> Result<Vec<String>> {
        let text = |text: &str| Text { data: text.as_ptr().cast_mut().cast(), length: text.len() };
        let raw: Vec<Text> =
            messages.iter().flat_map(|message| [text(role_name(message.role)), text(&message.content)]).collect();
        let mut texts = Texts::none();
        let mut error = ErrorText::new();
        let templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the templates are alive and locked; the shim only reads the texts, which outlive the call.
        let done = unsafe {
            shim::shim_chat_render(templates.0.as_ptr(), raw.as_ptr(), raw.len(), texts.slot(), error.slot())
        };
        if done { Ok(texts.to_strings()) } else { Err(failed(&error.take("llama.cpp gave no reason"), messages)) }
    }

    /// The prompt as the template wrote it, and as the model reads it.
    fn prompt(&self, messages: &[Message]) -> Result<(String, Prompt)> {
        if let Some(screen) = &self.screen {
            screen.check(messages)?;
        }
        let mut texts = self.apply(messages)?.into_iter();
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
        Ok((text, Prompt { tokens, stop }))
    }
}

impl Prompter for LlamaPrompter {
    fn render(&self, messages: &[Message]) -> Result<Prompt> {
        self.prompt(messages).map(|(_, prompt)| prompt)
    }

    fn show(&self, messages: &[Message]) -> Result<RenderedPrompt> {
        let (text, Prompt { tokens, stop }) = self.prompt(messages)?;
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
