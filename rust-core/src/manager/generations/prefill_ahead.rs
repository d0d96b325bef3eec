//! Prefills ahead of a generation, from the words that are known so far. Such a prefill changes only the cache. A turn,
//! a newer prefill, `park`, `rewindTo`, a deletion and a suspension cancel it.

use std::sync::Arc;

use super::prefills::RunningPrefill;
use super::prompt_fitting::{Fitted, TokenBudget, fit};
use super::rendering::catch_template_panic;
use crate::engine::{self, CancelFlag, EngineCommand, Prefilled, Prompt};
use crate::error::{Error, ErrorCode, Result};
use crate::kv::KvSnapshot;
use crate::manager::kv::restore::{ReadKv, saved_reader, saved_unusable};
use crate::manager::models::{LoadedModel, unloaded};
use crate::manager::owners::Owners;
use crate::manager::scopes::{Input, Kv, Stamp};
use crate::manager::ticket::Reply;
use crate::protocol::{Message, Overflow, PrefillCommand};

/// Starts a prefill. It replaces the scope's earlier prefill, whose words are out of date.
pub(in crate::manager) fn prefill(it: &mut Owners, command: PrefillCommand, reply: Reply<Prefilled>) {
    let PrefillCommand { scope: id, append, messages, open } = command;
    let scope = match it.scopes.resting(&id) {
        Ok(scope) => scope,
        Err(error) => return reply(Err(error)),
    };
    let path = scope.model.clone();
    if it.suspended {
        let detail = format!("scope {id} is not prefilled: the app is in the background - send the message later");
        return reply(Err(Error::new(ErrorCode::Suspended, detail)));
    }
    let (mut messages, dropped) = scope.with(Input::of(append, messages));
    if let Some(last) = messages.last_mut().filter(|_| open) {
        let closed = closed_words(&last.content).len();
        last.content.truncate(closed);
    }
    call_off(it, &id);
    let Some(model) = it.models.loaded(&path) else { return reply(Err(not_loaded(&path))) };
    let (stamp, epoch) = (Stamp::next(), model.epoch);
    let running = RunningPrefill { stamp, path: path.clone(), epoch, cancel: CancelFlag::default(), kept: None, reply };
    it.prefills.insert(id.clone(), running);
    render(it, id, stamp, path, model, (messages, dropped));
}

/// Applies the template twice, on the blocking pool, and reads the scope's KV file there if it has one.
fn render(
    it: &mut Owners,
    id: String,
    stamp: Stamp,
    path: String,
    model: LoadedModel,
    (messages, dropped): (Vec<Message>, usize),
) {
    let Some(scope) = it.scopes.get(&id) else { return };
    let (incarnation, options) = (scope.incarnation, scope.options.clone());
    let saved = if scope.kv == Kv::Uncached { saved_reader(it, &id) } else { None };
    let LoadedModel { epoch, prompter, info } = model;
    let budget = TokenBudget::new(info.context_size, None);
    if let Some(engine) = it.models.engine_mut(&path) {
        engine.begin_job();
    }
    let work = move || {
        let saved = saved.map(|read| read().map(Arc::new));
        let prefix = |seen: &[Message]| stable_prefix(seen, |messages| prompter.render_ahead(messages, &options));
        // Only the generation decides which messages to drop, by its options. A prefill that does not fit is refused.
        let fitted = catch_template_panic(|| fit(&messages, dropped, Overflow::Error, budget, prefix));
        drop(prompter);
        Ok((fitted, saved))
    };
    it.run_blocking(work, move |it, fx, result| {
        let (fitted, saved) = result.unwrap_or_else(|crashed| (Err(crashed), None));
        let saved = match saved {
            Some(Err(unusable)) if it.scopes.is_alive(&id, incarnation) => {
                saved_unusable(it, fx, &path, &id, unusable);
                None
            }
            saved => saved.and_then(ReadKv::ok),
        };
        rendered(it, &id, stamp, fitted, saved);
        if let Some(engine) = it.models.engine_of(&path, epoch) {
            engine.end_job();
        }
    });
}

fn rendered(it: &mut Owners, id: &str, stamp: Stamp, fitted: Result<Fitted>, saved: Option<Arc<KvSnapshot>>) {
    let Some(running) = it.prefills.get_mut(id, stamp) else { return };
    running.kept = saved.clone();
    let (path, epoch, cancel) = (running.path.clone(), running.epoch, running.cancel.clone());
    let tokens = match fitted {
        _ if !it.models.is_current(&path, epoch) => return end(it, id, stamp, Err(unloaded(&path))),
        Err(error) => return end(it, id, stamp, Err(error)),
        Ok(fitted) => fitted.prompt.tokens,
    };
    if let Some(saved) = saved {
        it.models.ask_engine(&path, EngineCommand::Keep(saved));
    }
    let scope = id.to_owned();
    let reply = it.here({
        let scope = scope.clone();
        move |it, _fx, result| end(it, &scope, stamp, result)
    });
    let job = engine::PrefillJob { scope, tokens, cancel, reply };
    it.models.ask_engine(&path, EngineCommand::Prefill(Box::new(job)));
}

/// Ends a prefill that was not called off.
fn end(it: &mut Owners, id: &str, stamp: Stamp, result: Result<Prefilled>) {
    if it.prefills.get_mut(id, stamp).is_none() {
        return; // Called off, and answered then.
    }
    let Some(running) = it.prefills.remove(id) else { return };
    if let (Ok(prefilled), Some(engine)) = (&result, it.models.engine_mut(&running.path)) {
        engine.count_prefill(prefilled.prefilled_tokens, prefilled.took.as_secs_f64() * 1000.0);
    }
    (running.reply)(result);
}

/// Cancels the scope's prefill in favour of another request. Answers at once; the engine sees the flag after its chunk
/// at the latest.
pub(in crate::manager) fn call_off(it: &mut Owners, id: &str) {
    let Some(running) = it.prefills.remove(id) else { return };
    running.cancel.cancel();
    if let Some(engine) = it.models.engine(&running.path) {
        engine.wake();
    }
    let detail =
        format!("the prefill of scope {id} made way for a later request - its tokens so far stay in the cache");
    (running.reply)(Err(Error::new(ErrorCode::Cancelled, detail)));
}

/// The beginning of a prompt that stays the same however its last message goes on. This works with any template: it
/// renders two texts that differ only after that message, and the tokens that both share are the beginning. The space
/// keeps a tokenizer from joining the last word with the next one.
fn stable_prefix(messages: &[Message], render: impl Fn(&[Message]) -> Result<Prompt>) -> Result<Prompt> {
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

/// The text without its last word, which may be incomplete.
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
    use crate::engine::Prompter;
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
            let found = stable_prefix(&talk(text), render).expect("the script renders everything").tokens;
            let prompt = render(&talk(whole)).expect("the script renders everything").tokens;
            assert!(prompt.starts_with(&found), "{text:?}");
            let bytes: Vec<u8> = found.iter().flat_map(|token| vocabulary.bytes(*token)).collect();
            assert_eq!(String::from_utf8_lossy(&bytes), format!("<system>be brief<end><user>{text}"));
        }
    }

    #[test]
    fn a_template_that_refuses_has_no_beginning() {
        let refuse = |_: &[Message]| Err(Error::new(ErrorCode::TemplateFailed, "no"));
        assert!(stable_prefix(&[Message::new(Role::User, "hi")], refuse).is_err());
    }
}
