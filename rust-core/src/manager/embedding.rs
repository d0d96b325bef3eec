//! The way of an `embed` through the manager: its model, its tokens, room for its memory, the engine. Each is answered exactly
//! once. What is known here of an engine's embedder is what it was told to make, or to free.

use std::time::Duration;

use super::errands::Borrowed;
use super::lease::LeaseId;
use super::mailbox::{Message, Reply};
use super::memory::Needed;
use super::next_lease;
use super::supervisor::Supervisor;
use super::turns::{caught, unloaded};
use crate::engine::{CancelFlag, EngineCommand, Prompter, Reading, Texts, Token, text_size_for};
use crate::error::{Error, ErrorCode, Result};
use crate::hub::ClientId;
use crate::protocol::{EmbedCommand, ModelConfig, ModelInfo, Pooling};

/// Who asks, and by which id: JavaScript's ids are unique in their client.
pub(crate) type EmbeddingId = (ClientId, String);

/// The vectors of all texts, and what they cost.
#[derive(Debug, Clone)]
pub(crate) struct Embedded {
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) prompt_tokens: u32,
}

/// An `embed` that has not been answered.
pub(super) struct Embedding {
    /// Tells it from others of this id, and keeps its model.
    lease: LeaseId,
    path: String,
    cancel: CancelFlag,
    /// Whether the engine may have it.
    is_in_engine: bool,
    replies: Vec<Reply<Embedded>>,
}

/// An engine's memory for embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Embedder {
    /// Tokens of the longest text that it has room for.
    text_size: u32,
    /// What it was estimated to take.
    pub(super) bytes: u64,
    /// Who used it last: a timer of an earlier use says nothing.
    used: LeaseId,
}

/// What is asked, until it is in the engine.
struct Asked {
    id: EmbeddingId,
    config: ModelConfig,
    pooling: Option<Pooling>,
    normalize: bool,
}

/// Texts that were tokenized.
struct Tokenized {
    texts: Vec<Vec<Token>>,
    text_size: u32,
    /// What a memory of that size takes, where the one that was there is too small.
    needed: Option<Needed>,
}

/// Runs on the blocking pool. `room` is what the embedder that is there has room for.
fn tokenized(
    prompter: &dyn Prompter,
    texts: &[String],
    (info, room): (&ModelInfo, u32),
    needed: impl FnOnce(u32) -> Needed,
) -> Result<Tokenized> {
    let texts: Vec<Vec<Token>> = texts.iter().map(|text| prompter.tokenize_text(text)).collect::<Result<_>>()?;
    for (index, text) in texts.iter().enumerate() {
        check_length(index, text.len(), info)?;
    }
    let reading = if info.holds_conversations() { Reading::Pieces } else { Reading::Whole };
    let text_size = text_size_for(texts.iter().map(Vec::len).max().unwrap_or(0), info.context_size, reading);
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

impl Supervisor {
    pub(super) fn embed(&mut self, client: ClientId, command: EmbedCommand, reply: Reply<Embedded>) {
        if !self.hub.is_connected(client) {
            return reply(Err(cancelled())); // It was closed as it sent this.
        }
        let EmbedCommand { embedding_id, model: config, texts, pooling, normalize } = command;
        let id = (client, embedding_id);
        if let Some(embedding) = self.embeddings.get_mut(&id) {
            return embedding.replies.push(reply);
        }
        let (lease, path) = (next_lease(), config.path.clone());
        let embedding =
            Embedding { lease, path, cancel: CancelFlag::default(), is_in_engine: false, replies: vec![reply] };
        self.embeddings.insert(id.clone(), embedding);
        let asked = Asked { id, config: config.clone(), pooling, normalize };
        self.borrow_model(lease, config, move |it, borrowed| match borrowed {
            Ok(borrowed) => it.tokenize_texts(asked, borrowed, texts),
            Err(error) => it.embedded(&asked.id, lease, Err(error)),
        });
    }

    /// Off this thread: texts may be long, and the header of the model's file is read where a memory is to be made.
    fn tokenize_texts(&mut self, asked: Asked, borrowed: Borrowed, texts: Vec<String>) {
        let room = self.embedder(&borrowed.path).map_or(0, |embedder| embedder.text_size);
        let info = borrowed.info.clone();
        let (loader, config) = (self.bringing(self.loader.clone()), asked.config.clone());
        let needed = move |text_size| Needed::of(&loader, |loader| loader.estimate_embedder(&config, text_size));
        let (path, epoch) = (borrowed.path.clone(), borrowed.epoch);
        let work = move |prompter: &dyn Prompter| caught(|| tokenized(prompter, &texts, (&info, room), needed));
        self.with_prompter(borrowed, work, move |it, lease, result| {
            let is_there = it.models.get(&path).filter(|model| model.entry.epoch() == epoch && !model.is_stopping());
            let result = result.and_then(|texts| is_there.map(|_| texts).ok_or_else(|| unloaded(&path)));
            it.texts_tokenized(asked, lease, &path, result);
        });
    }

    fn texts_tokenized(&mut self, asked: Asked, lease: LeaseId, path: &str, result: Result<Tokenized>) {
        let Asked { id, config, pooling, normalize } = asked;
        let Some(embedding) = self.embeddings.get_mut(&id).filter(|embedding| embedding.lease == lease) else {
            return; // Cancelled, and answered then.
        };
        embedding.is_in_engine = true;
        let cancel = embedding.cancel.clone();
        let claimed = result.and_then(|tokenized| {
            let text_size = self.claim_embedder(path, lease, config.force, &tokenized)?;
            Ok((tokenized.texts, text_size))
        });
        let (texts, text_size) = match claimed {
            Ok(claimed) => claimed,
            Err(error) => return self.embedded(&id, lease, Err(error)),
        };
        let prompt_tokens = u32::try_from(texts.iter().map(Vec::len).sum::<usize>()).unwrap_or(u32::MAX);
        let reply = self.reply_here(move |it, result: Result<Vec<Vec<f32>>>| {
            it.embedded(&id, lease, result.map(|vectors| Embedded { vectors, prompt_tokens }));
        });
        let texts = Texts { texts, text_size, pooling, normalize, cancel, reply };
        self.ask_engine(path, EngineCommand::Embed(Box::new(texts)));
    }

    /// Writes into the books what the engine is about to make. Gives the size that its embedder has then.
    fn claim_embedder(&mut self, path: &str, lease: LeaseId, force: bool, texts: &Tokenized) -> Result<u32> {
        let embedder = self.embedder(path);
        let claimed = match (embedder, &texts.needed) {
            (Some(embedder), _) if embedder.text_size >= texts.text_size => Embedder { used: lease, ..embedder },
            (_, needed) => {
                let needed = needed.unwrap_or_default();
                // The one that is too small goes first.
                let own = embedder.map_or(0, |embedder| embedder.bytes);
                let purpose = format!("embeddings by {path}");
                needed.admit(&purpose, "embed shorter texts", (self.budget_left(), own), force)?;
                Embedder { text_size: texts.text_size, bytes: needed.bytes, used: lease }
            }
        };
        if let Some(running) = self.models.get_mut(path).and_then(|model| model.running.as_mut()) {
            running.embedder = Some(claimed);
        }
        Ok(claimed.text_size)
    }

    /// The one end of every `embed`.
    fn embedded(&mut self, id: &EmbeddingId, lease: LeaseId, result: Result<Embedded>) {
        let Some(embedding) = self.embeddings.extract_if(|other, it| other == id && it.lease == lease).next() else {
            return; // Cancelled, and answered then.
        };
        let (_, Embedding { path, replies, .. }) = embedding;
        for reply in replies {
            reply(result.clone());
        }
        self.release(lease);
        match result {
            // The engine may have none now, and must not be asked for one of this size again.
            Err(error) if error.code == ErrorCode::OutOfMemory => drop(self.free_idle_embedder(&path)),
            Ok(_) | Err(_) => self.rest_embedder(&path),
        }
    }

    /// One that has been answered, or was never asked, is no error.
    pub(super) fn cancel_embedding(&mut self, id: &EmbeddingId) {
        let Some(embedding) = self.embeddings.remove(id) else { return };
        let Embedding { lease, path, cancel, is_in_engine, replies } = embedding;
        cancel.cancel();
        self.drop_errand(lease);
        if is_in_engine {
            self.wake_engine(&path);
        }
        for reply in replies {
            reply(Err(cancelled()));
        }
        self.release(lease);
        self.rest_embedder(&path);
    }

    /// Their answers would reach nobody.
    pub(super) fn cancel_embeddings_of(&mut self, client: ClientId) {
        let theirs: Vec<EmbeddingId> = self.embeddings.keys().filter(|(owner, _)| *owner == client).cloned().collect();
        for id in theirs {
            self.cancel_embedding(&id);
        }
    }

    /// After the last use the memory is kept as long as an idle model is.
    fn rest_embedder(&mut self, path: &str) {
        let Some(Embedder { used, .. }) = self.embedder(path).filter(|_| !self.embeds(path)) else { return };
        let Some(model) = self.models.get_mut(path) else { return };
        let Some(ms) = model.entry.config().keep_alive_ms else { return };
        if ms == 0 {
            self.free_idle_embedder(path);
            return;
        }
        let (mailbox, path) = (self.mailbox.clone(), path.to_owned());
        let task = self.runtime.spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            mailbox.tell(Message::Continue(Box::new(move |it| {
                if it.embedder(&path).is_some_and(|embedder| embedder.used == used) {
                    it.free_idle_embedder(&path);
                }
            })));
        });
        let running = model.running.as_mut();
        // The one before counts no longer, and many texts must not leave many timers behind.
        if let Some(before) = running.and_then(|running| running.embedder_timer.replace(task.abort_handle())) {
            before.abort();
        }
    }

    fn embedder(&self, path: &str) -> Option<Embedder> {
        self.models.get(path)?.running.as_ref()?.embedder
    }

    fn embeds(&self, path: &str) -> bool {
        self.embeddings.values().any(|embedding| embedding.path == path)
    }

    /// Frees the memory of an engine that nothing is asked of. Gives its bytes.
    pub(super) fn free_idle_embedder(&mut self, path: &str) -> Option<u64> {
        if self.embeds(path) {
            return None;
        }
        let running = self.models.get_mut(path)?.running.as_mut()?;
        let freed = running.embedder.take()?;
        let _exits = running.engine.send(EngineCommand::FreeEmbedder);
        Some(freed.bytes)
    }

    /// Frees every memory for embeddings that is not in use. Gives their models and bytes.
    pub(super) fn free_idle_embedders(&mut self) -> Vec<(String, u64)> {
        let paths: Vec<String> = self.models.keys().cloned().collect();
        paths.into_iter().filter_map(|path| self.free_idle_embedder(&path).map(|bytes| (path, bytes))).collect()
    }
}

fn cancelled() -> Error {
    Error::new(ErrorCode::Cancelled, "the embeddings were cancelled, or their client has gone - ask for them again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::options::tests::loaded;
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
