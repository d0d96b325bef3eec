//! Runs an `embed`: loads its model, tokenizes its texts, claims an embedding context, and passes it to the engine.
//! Each `embed` is answered exactly once. The manager knows an engine's embedding context by the commands that it has
//! sent.

use super::embedders::{embedder, free_idle, rest};
use super::one_shot::{borrow_model, with_prompter};
use super::requests::{Embedded, RequestId};
use super::waiting::LoadedModelRef;
use crate::engine::{Attention, EmbedJob, EngineCommand, Estimate, Prompter, Token, text_size_for};
use crate::error::{Error, ErrorCode, Result};
use crate::events::ClientId;
use crate::manager::effects::Effects;
use crate::manager::generations::rendering::catch_template_panic;
use crate::manager::library::resolve::resolving;
use crate::manager::memory::AuxiliaryEstimate;
use crate::manager::memory::usage::budget_left;
use crate::manager::models::{Embedder, LeaseId, unloaded};
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::protocol::{EmbedCommand, ModelConfig, ModelInfo, Pooling};

/// An `embed` until the engine has it.
struct EmbedTask {
    id: RequestId,
    config: ModelConfig,
    pooling: Option<Pooling>,
    normalize: bool,
}

/// The tokenized texts of an `embed`.
struct Tokenized {
    texts: Vec<Vec<Token>>,
    text_size: u32,
    /// The estimate of a context of that size, if the present one is too small.
    needed: Option<AuxiliaryEstimate>,
}

/// Runs on the blocking pool. `room` is the text size of the present embedding context.
fn tokenized(
    prompter: &dyn Prompter,
    texts: &[String],
    (info, room): (&ModelInfo, u32),
    needed: impl FnOnce(u32) -> AuxiliaryEstimate,
) -> Result<Tokenized> {
    let texts: Vec<Vec<Token>> = texts.iter().map(|text| prompter.tokenize_text(text)).collect::<Result<_>>()?;
    for (index, text) in texts.iter().enumerate() {
        check_length(index, text.len(), info)?;
    }
    let attention = if info.holds_conversations() { Attention::Causal } else { Attention::Bidirectional };
    let text_size = text_size_for(texts.iter().map(Vec::len).max().unwrap_or(0), info.context_size, attention);
    let needed = (text_size > room).then(|| needed(text_size));
    Ok(Tokenized { texts, text_size, needed })
}

fn check_length(index: usize, tokens: usize, info: &ModelInfo) -> Result<()> {
    let context_size = info.context_size;
    let is_most = !info.holds_conversations() && context_size >= info.trained_context_size;
    let advice = if is_most { "" } else { " or load the model with a larger contextSize" };
    let refused = |code, detail: String| Err(Error::new(code, detail));
    match tokens {
        0 => refused(ErrorCode::InvalidOptions, format!("texts[{index}] has no tokens - leave it out")),
        tokens if tokens <= context_size as usize => Ok(()),
        tokens => refused(
            ErrorCode::ContextFull,
            format!("texts[{index}] has {tokens} tokens, contextSize is {context_size} - cut it into pieces{advice}"),
        ),
    }
}

pub(in crate::manager) fn embed(
    it: &mut Owners,
    fx: &mut Effects,
    client: ClientId,
    command: EmbedCommand,
    reply: Reply<Embedded>,
) {
    if !it.bus.is_connected(client) {
        return reply(Err(embed_cancelled())); // The client has closed meanwhile.
    }
    let EmbedCommand { embedding_id, model: config, texts, pooling, normalize } = command;
    let id = (client, embedding_id);
    let Some(reply) = it.embeds.join(&id, reply) else { return };
    let lease = LeaseId::next();
    it.embeds.open(id.clone(), lease, config.path.clone(), reply);
    let task = EmbedTask { id, config: config.clone(), pooling, normalize };
    borrow_model(it, fx, lease, config, move |it, fx, model| match model {
        Ok(model) => tokenize_texts(it, task, model, texts),
        Err(error) => end(it, fx, &task, lease, Err(error)),
    });
}

/// Tokenizes on the blocking pool, because texts may be long, and the estimate of a new context reads the header of the
/// model's file.
fn tokenize_texts(it: &mut Owners, task: EmbedTask, model: LoadedModelRef, texts: Vec<String>) {
    let room = embedder(it, &model.path).map_or(0, |embedder| embedder.text_size);
    let info = model.info.clone();
    let (loader, config) = (resolving(it, it.loader.clone()), task.config.clone());
    let needed = move |text_size| {
        AuxiliaryEstimate::of(&loader, |loader| loader.estimate(&config, Estimate::Embeddings { text_size }))
    };
    let epoch = model.epoch;
    let work =
        move |prompter: &dyn Prompter| catch_template_panic(|| tokenized(prompter, &texts, (&info, room), needed));
    with_prompter(it, model, work, move |it, fx, lease, result| {
        let path = &task.config.path;
        let is_there = it.models.is_current(path, epoch);
        let result = result.and_then(|texts| if is_there { Ok(texts) } else { Err(unloaded(path)) });
        texts_tokenized(it, fx, task, lease, result);
    });
}

fn texts_tokenized(it: &mut Owners, fx: &mut Effects, task: EmbedTask, lease: LeaseId, result: Result<Tokenized>) {
    let Some(cancel) = it.embeds.enter_engine(&task.id, lease) else { return };
    let path = task.config.path.clone();
    let claimed = result.and_then(|tokenized| {
        let text_size = claim_embedder(it, &path, lease, task.config.force, &tokenized)?;
        Ok((tokenized.texts, text_size))
    });
    let (texts, text_size) = match claimed {
        Ok(claimed) => claimed,
        Err(error) => return end(it, fx, &task, lease, Err(error)),
    };
    let prompt_tokens = u32::try_from(texts.iter().map(Vec::len).sum::<usize>()).unwrap_or(u32::MAX);
    let (pooling, normalize) = (task.pooling, task.normalize);
    let reply = it.here(move |it, fx, result: Result<Vec<Vec<f32>>>| {
        end(it, fx, &task, lease, result.map(|vectors| Embedded { vectors, prompt_tokens }));
    });
    let job = EmbedJob { texts, text_size, pooling, normalize, cancel, reply };
    it.models.ask_engine(&path, EngineCommand::Embed(Box::new(job)));
}

/// Claims the embedding context that the engine is about to make. Returns its text size.
fn claim_embedder(it: &mut Owners, path: &str, lease: LeaseId, force: bool, texts: &Tokenized) -> Result<u32> {
    let embedder = embedder(it, path);
    let claimed = match (embedder, &texts.needed) {
        (Some(embedder), _) if embedder.text_size >= texts.text_size => Embedder { used: lease, ..embedder },
        (_, needed) => {
            let needed = needed.unwrap_or_default();
            // The present context is too small, and is freed first.
            let own = embedder.map_or(0, |embedder| embedder.bytes);
            let purpose = format!("embeddings by {path}");
            needed.admit(&purpose, "embed shorter texts", (budget_left(it), own), force)?;
            Embedder { text_size: texts.text_size, bytes: needed.bytes, used: lease }
        }
    };
    if let Some(engine) = it.models.engine_mut(path) {
        engine.embedder = Some(claimed);
    }
    Ok(claimed.text_size)
}

/// Ends an `embed` that was not cancelled.
fn end(it: &mut Owners, fx: &mut Effects, task: &EmbedTask, lease: LeaseId, result: Result<Embedded>) {
    if !it.embeds.end(&task.id, lease, &result) {
        return;
    }
    it.models.release(lease, fx);
    let path = &task.config.path;
    match result {
        // The engine may have no context now, and the next `embed` must not ask for one of this size.
        Err(error) if error.code == ErrorCode::OutOfMemory => drop(free_idle(it, path)),
        Ok(_) | Err(_) => rest(it, fx, path),
    }
}

pub(super) fn embed_cancelled() -> Error {
    Error::new(ErrorCode::Cancelled, "the embeddings were cancelled, or their client has gone - ask for them again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::models::loaded;
    use crate::protocol::DeviceKind;

    #[test]
    fn a_text_is_refused_by_its_length_and_its_place() {
        let of = |context_size, slots| ModelInfo { context_size, max_resident: slots, ..loaded(DeviceKind::Cpu) };
        let chat = of(16, 4);
        assert_eq!(check_length(0, 16, &chat), Ok(()));
        let (empty, long) = (check_length(2, 0, &chat), check_length(3, 17, &chat));
        let (empty, long) = (empty.expect_err("no token"), long.expect_err("one too many"));
        assert_eq!((empty.code, empty.detail.starts_with("texts[2] has no tokens")), (ErrorCode::InvalidOptions, true));
        assert_eq!(long.code, ErrorCode::ContextFull);
        let cut = "texts[3] has 17 tokens, contextSize is 16 - cut it into pieces";
        let larger = format!("{cut} or load the model with a larger contextSize");
        assert_eq!(long.detail, larger);
        for (trained_context_size, advice) in [(16, cut), (512, larger.as_str())] {
            let encoder = ModelInfo { trained_context_size, ..of(16, 0) };
            let long = check_length(3, 17, &encoder).expect_err("one too many");
            assert_eq!(long.detail, advice, "trained for {trained_context_size}");
        }
    }
}
