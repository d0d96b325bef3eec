//! The way of a prefill that runs ahead of its turn, from the words that are known so far to the engine. It changes nothing
//! that anybody sees but what is cached, so all that it needs is one entry per scope, and anything else ends it.

use std::sync::Arc;

use super::mailbox::Reply;
use super::overflow::{Fitted, Room, fit};
use super::scope::{Input, Kv, Number};
use super::supervisor::Supervisor;
use super::turns::{Saved, caught, unloaded};
use crate::engine::{self, CancelFlag, EngineCommand, Prefilled, Prompt, Prompter};
use crate::error::{Error, ErrorCode, Result};
use crate::kv::KvSnapshot;
use crate::protocol::{Message, Overflow, PrefillCommand};

/// A prefill that has not been answered.
pub(super) struct Guess {
    /// Tells it from those of the scope that came before.
    number: Number,
    /// Path of the model that computes.
    path: String,
    /// Of the engine that computes.
    epoch: u64,
    cancel: CancelFlag,
    /// Read from disk for it; kept until the engine has it.
    kept: Option<Arc<KvSnapshot>>,
    reply: Reply<Prefilled>,
}

/// What a prompt is rendered with.
struct Loaded {
    path: String,
    /// Of the engine that has the model.
    epoch: u64,
    room: Room,
    prompter: Arc<dyn Prompter>,
}

impl Supervisor {
    /// The newest one of a scope takes the place of the one before, whose words are out of date.
    pub(super) fn prefill(&mut self, command: PrefillCommand, reply: Reply<Prefilled>) {
        let PrefillCommand { scope: id, append, messages, open } = command;
        let scope = match self.resting(&id) {
            Ok(scope) => scope,
            Err(error) => return reply(Err(error)),
        };
        let path = scope.model.clone();
        if self.suspended {
            let detail = format!("scope {id} is not prefilled: the app is in the background - send the message later");
            return reply(Err(Error::new(ErrorCode::Suspended, detail)));
        }
        let (mut messages, dropped) = scope.with(Input::of(append, messages));
        if let Some(last) = messages.last_mut().filter(|_| open) {
            let closed = closed_words(&last.content).len();
            last.content.truncate(closed);
        }
        self.call_off_guess(&id);
        let Some(loaded) = self.loaded(&path) else { return reply(Err(not_loaded(&path))) };
        let (number, epoch) = (Number::next(), loaded.epoch);
        let (cancel, kept) = (CancelFlag::default(), None);
        self.guesses.insert(id.clone(), Guess { number, path, epoch, cancel, kept, reply });
        self.render_guess(id, number, loaded, (messages, dropped));
    }

    fn loaded(&self, path: &str) -> Option<Loaded> {
        let model = self.models.get(path)?;
        let (epoch, room) = (model.entry.epoch(), Room::new(model.entry.info()?.context_size, None));
        let prompter = model.running.as_ref()?.prompter.clone()?;
        Some(Loaded { path: path.to_owned(), epoch, room, prompter })
    }

    /// Applies the template, twice, off every thread that matters. What is saved of the scope is read meanwhile.
    fn render_guess(
        &mut self,
        id: String,
        number: Number,
        Loaded { path, epoch, room, prompter }: Loaded,
        (messages, dropped): (Vec<Message>, usize),
    ) {
        let Some(scope) = self.scopes.get(&id) else { return };
        let (birth, options) = (scope.birth, scope.options.clone());
        let saved = if scope.kv == Kv::Uncached { self.saved_reader(&id) } else { None };
        if let Some(running) = self.models.get_mut(&path).and_then(|model| model.running.as_mut()) {
            running.rendering += 1;
        }
        let work = move || {
            let saved = saved.map(|read| read().map(Arc::new));
            let beginning = |seen: &[Message]| beginning(seen, |messages| prompter.render_ahead(messages, &options));
            // The turn itself decides what is left out: that depends on its options. A prompt that does not fit is refused.
            let fitted = caught(|| fit(&messages, dropped, Overflow::Error, room, beginning));
            (fitted, saved)
        };
        self.aside(work, move |it, (fitted, saved)| {
            let saved = match saved {
                Some(Err(unusable)) if it.is_alive(&id, birth) => {
                    it.saved_unusable(&path, &id, unusable);
                    None
                }
                saved => saved.and_then(Saved::ok),
            };
            it.guess_rendered(&id, number, fitted, saved);
            let model = it.models.get_mut(&path).filter(|model| model.entry.epoch() == epoch);
            if let Some(running) = model.and_then(|model| model.running.as_mut()) {
                running.rendering -= 1;
                running.stop_when_ready();
            }
        });
    }

    fn guess_rendered(&mut self, id: &str, number: Number, fitted: Result<Fitted>, saved: Option<Arc<KvSnapshot>>) {
        let Some(guess) = self.guesses.get_mut(id).filter(|guess| guess.number == number) else { return };
        guess.kept = saved.clone();
        let (path, cancel) = (guess.path.clone(), guess.cancel.clone());
        let model = self.models.get(&path).filter(|model| model.entry.epoch() == guess.epoch);
        let is_there = model.and_then(|model| model.running.as_ref()).is_some_and(|running| running.prompter.is_some());
        let tokens = match fitted {
            _ if !is_there => return self.guessed(id, number, Err(unloaded(&path))),
            Err(error) => return self.guessed(id, number, Err(error)),
            Ok(fitted) => fitted.prompt.tokens,
        };
        if let Some(saved) = saved {
            self.ask_engine(&path, EngineCommand::Keep(saved));
        }
        let scope = id.to_owned();
        let reply = self.reply_here({
            let scope = scope.clone();
            move |it, result| it.guessed(&scope, number, result)
        });
        let guess = engine::Guess { scope, tokens, cancel, reply };
        self.ask_engine(&path, EngineCommand::Prefill(Box::new(guess)));
    }

    fn guessed(&mut self, id: &str, number: Number, result: Result<Prefilled>) {
        if self.guesses.get(id).is_none_or(|guess| guess.number != number) {
            return; // Called off, and answered then.
        }
        let Some(guess) = self.guesses.remove(id) else { return };
        let running = self.models.get_mut(&guess.path).and_then(|model| model.running.as_mut());
        if let (Ok(prefilled), Some(running)) = (&result, running) {
            running.prefilled(prefilled.prefilled_tokens, prefilled.took.as_secs_f64() * 1000.0);
        }
        (guess.reply)(result);
    }

    /// Something else is asked of the scope. Answers at once; the engine sees the flag at the latest after its chunk.
    pub(super) fn call_off_guess(&mut self, id: &str) {
        let Some(guess) = self.guesses.remove(id) else { return };
        guess.cancel.cancel();
        if let Some(running) = self.models.get(&guess.path).and_then(|model| model.running.as_ref()) {
            // A full mailbox means that the engine is awake and will see the flag.
            let _awake = running.engine.send(EngineCommand::Wake);
        }
        let detail = format!("the prefill of scope {id} made way for what was asked after it - its tokens so far stay");
        (guess.reply)(Err(Error::new(ErrorCode::Cancelled, detail)));
    }
}

/// What a prompt begins with, whatever words follow the text of its last message. Nothing need be known of the template for
/// that: it renders two texts that differ behind that place alone, and what it gives is the same up to there. The space keeps a
/// tokenizer from joining the last word with what follows.
fn beginning(messages: &[Message], render: impl Fn(&[Message]) -> Result<Prompt>) -> Result<Prompt> {
    let continued = |by: &str| {
        let mut messages = messages.to_vec();
        if let Some(last) = messages.last_mut() {
            last.content.push_str(by);
        }
        render(&messages)
    };
    let (mut one, other) = (continued(" a")?, continued(" b")?);
    let same = one.tokens.iter().zip(&other.tokens).take_while(|(one, other)| one == other).count();
    one.tokens.truncate(same);
    Ok(one)
}

/// A text without its last word, which may become another one.
fn closed_words(text: &str) -> &str {
    text.trim_end_matches(|character: char| !character.is_whitespace()).trim_end()
}

fn not_loaded(path: &str) -> Error {
    let detail = format!("{path} is not loaded, and a prefill loads nothing - acquire it, or send the message");
    Error::new(ErrorCode::ModelUnloaded, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scripted::Vocabulary;
    use crate::protocol::{GenerateOptions, Role};

    #[test]
    fn the_last_word_of_an_open_text_is_left_out() {
        for (text, kept) in [
            ("", ""),
            ("what", ""),
            ("what is", "what"),
            ("what is my na", "what is my"),
            ("what is my ", "what is my"),
            ("what\u{3000}is", "what"),
        ] {
            assert_eq!(closed_words(text), kept, "{text:?}");
        }
    }

    #[test]
    fn a_prompt_begins_alike_up_to_where_its_last_text_goes_on() {
        let vocabulary = Vocabulary::default();
        let render = |messages: &[Message]| vocabulary.render(messages, &GenerateOptions::default());
        let message = |role, content: &str| Message::new(role, content);
        let talk = |last: &str| [message(Role::System, "be brief"), message(Role::User, last)];
        for (text, whole) in [("", "and so on"), ("what is", "what is my name"), ("what is", "what is")] {
            let found = beginning(&talk(text), render).expect("the script renders everything").tokens;
            let prompt = render(&talk(whole)).expect("the script renders everything").tokens;
            assert!(prompt.starts_with(&found), "{text:?}");
            let bytes: Vec<u8> = found.iter().flat_map(|token| vocabulary.bytes(*token)).collect();
            assert_eq!(String::from_utf8_lossy(&bytes), format!("<system>be brief<end><user>{text}"));
        }
    }

    #[test]
    fn a_template_that_refuses_has_no_beginning() {
        let refuse = |_: &[Message]| Err(Error::new(ErrorCode::TemplateFailed, "no"));
        assert!(beginning(&[Message::new(Role::User, "hi")], refuse).is_err());
    }
}
