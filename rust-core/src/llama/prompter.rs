//! From messages to tokens: the model's chat template and its tokenizer, as the engine's `Prompter`.

use std::sync::{Arc, Mutex, PoisonError};

use super::model::{Model, SpecialTokens};
use super::template::{Template, Wanted, failed};
use crate::engine::{Format, Prompt, Prompter};
use crate::error::Result;
use crate::protocol::{GenerateOptions, Message, RenderedPrompt, Role};

/// Renders and tokenizes conversations of one model. May be used from any thread while the model decodes on another.
pub(super) struct LlamaPrompter {
    own: Template,
    /// Templates that requests brought, by their source, the newest last.
    brought: Mutex<Vec<(String, Arc<Template>)>>,
    model: Arc<Model>,
}

/// A template that writes its one message unchanged, so that a prompt without a template gets its answer format in the
/// same way.
const UNCHANGED: &str = "{{ messages[0].content }}";

/// The most templates that are kept. The requests of an app bring one or two.
const MOST_BROUGHT: usize = 4;

impl LlamaPrompter {
    /// Screens and parses the model's own template.
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

    /// The prompt as text and as tokens.
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
            self.model.tokenize(&text, SpecialTokens::None, true).map_err(|reason| failed(&reason, messages))?;
        // Some templates write the first token, some leave it to the tokenizer. It must be there exactly once.
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
        self.written(&*self.brought(UNCHANGED)?, &message, options, Wanted::PromptAndFormat).map(|(_, prompt)| prompt)
    }

    fn show(&self, messages: &[Message]) -> Result<RenderedPrompt> {
        let (text, Prompt { tokens, stop, .. }) = self.prompt(messages, &GenerateOptions::default(), Wanted::Prompt)?;
        let token_count = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
        Ok(RenderedPrompt { text, token_count, stop, template: self.model.chat_template(None) })
    }
}
