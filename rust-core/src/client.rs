//! One port's side: its leases and its numbered events. Born and dropped with its host; the manager outlives it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::{Prefilled, Prompter};
use crate::error::{Error, Result};
use crate::hub::{ClientId, Hub, Pull};
use crate::manager::{Embedded, Lease, ManagerHandle, Message, ModelManager, Reply, Transcript, question};
use crate::protocol::{
    BenchCommand, Command, EmbedCommand, EmbeddingUsage, Envelope, Event, ModelConfig, PrefillCommand, Snapshot,
};

/// How long the leases of a client that has gone still count: a JavaScript reload takes less, and finds its model.
const LEASE_GRACE: Duration = Duration::from_secs(10);

/// One host's connection: `snapshot`, `send`, and events to be pulled.
pub struct Client {
    manager: ManagerHandle,
    id: ClientId,
    /// By the id that JavaScript gave. None when the client is closed.
    leases: Mutex<Option<HashMap<String, Lease>>>,
}

impl ModelManager {
    /// A new client: one host's side of the port.
    pub fn connect(&self) -> Client {
        let manager = self.handle();
        let id = manager.hub.connect();
        Client { manager, id, leases: Mutex::new(Some(HashMap::new())) }
    }
}

impl Client {
    /// The state now. Cheap enough for a first render.
    pub fn snapshot(&self) -> Snapshot {
        self.manager.hub.snapshot(self.id)
    }

    /// Takes a JSON command (`Envelope`). Never fails and never blocks: what is malformed or refused is answered by a
    /// `failed` event that carries the command's `requestId`. A closed client takes no command: its answer would reach
    /// nobody, and nobody would give back its lease.
    pub fn send(&self, json: &str) {
        if self.leases().is_none() {
            return;
        }
        match Envelope::parse(json) {
            Ok(Envelope { request_id, command }) => self.carry_out(request_id, command),
            Err(malformed) => self.fail(malformed.request_id, malformed.error),
        }
    }

    /// The next batch of events. Blocks for at most `timeout`; ends at once when the client is closed.
    pub fn next_events(&self, timeout: Duration) -> Pull {
        self.manager.hub.pull(self.id, timeout)
    }

    /// Ends this client: `next_events` returns `Closed` from now on. Its leases expire after 10 seconds, its generations
    /// go on. Closing twice does nothing.
    pub fn close(&self) {
        self.manager.hub.disconnect(self.id);
        let Some(leases) = self.leases().take() else { return };
        self.manager.mailbox.tell(Message::ClientGone { client: self.id });
        if !leases.is_empty() {
            let end = Instant::now() + LEASE_GRACE;
            // The timer is made in the task: as the process exits, this thread cannot enter the runtime any longer.
            self.manager.runtime.spawn(async move {
                tokio::time::sleep_until(end).await;
                drop(leases);
            });
        }
    }

    fn carry_out(&self, request_id: String, command: Command) {
        let reply = self.reply(request_id.clone());
        let sent = match command {
            Command::Acquire { lease_id, debug_label, model } => self.manager.acquire(debug_label, model, reply).map(|lease| {
                // Closed by another thread in the meantime: the lease is dropped here.
                self.leases().as_mut().and_then(|leases| leases.insert(lease_id, lease));
            }),
            Command::Release { lease_id } => {
                let lease = self.leases().as_mut().and_then(|leases| leases.remove(&lease_id));
                drop(lease);
                reply(Ok(()));
                Ok(())
            }
            Command::Unload { path } => self.ask(Message::Unload { path, reply }),
            Command::Generate(command) => self.ask(Message::Generate { command, reply }),
            Command::Prefill(command) => self.prefill(request_id.clone(), command),
            Command::Embed(command) => self.embed(request_id.clone(), command),
            Command::CancelEmbed { embedding_id } => {
                self.ask(Message::CancelEmbed { id: (self.id, embedding_id), reply })
            }
            Command::Bench(command) => self.bench(request_id.clone(), command),
            Command::CancelBench { bench_id } => self.ask(Message::CancelBench { id: (self.id, bench_id), reply }),
            Command::Tokenize { model, text, special } => self.ask_model(
                request_id.clone(),
                model,
                move |prompter| prompter.tokenize(&text, special),
                |request_id, tokens| Event::Tokens { request_id, tokens },
            ),
            Command::Detokenize { model, tokens } => self.ask_model(
                request_id.clone(),
                model,
                move |prompter| prompter.detokenize(&tokens),
                |request_id, text| Event::Text { request_id, text },
            ),
            Command::ApplyChatTemplate { model, messages } => self.ask_model(
                request_id.clone(),
                model,
                move |prompter| prompter.show(&messages),
                |request_id, prompt| Event::RenderedPrompt { request_id, prompt },
            ),
            Command::Cancel { generation_id } => self.ask(Message::Cancel { generation: generation_id, reply }),
            Command::DeleteScope { scope } => self.ask(Message::DeleteScope { scope, reply }),
            Command::Park { scope } => self.ask(Message::Park { scope, reply }),
            Command::Restore { scope } => self.ask(Message::Restore { scope, reply }),
            Command::Save { scope } => self.ask(Message::Save { scope, reply }),
            Command::Fork { scope, fork, message_count } => {
                self.ask(Message::Fork { scope, fork, message_count, reply })
            }
            Command::RewindTo { scope, message_index } => self.ask(Message::RewindTo { scope, message_index, reply }),
            Command::SetPersist { scope, persist } => self.ask(Message::SetPersist { scope, persist, reply }),
            Command::DeleteAllScopes => self.ask(Message::DeleteAllScopes { reply }),
            Command::Suspend { deadline_ms, after } => {
                self.ask(Message::Suspend { deadline: Duration::from_millis(deadline_ms.into()), after, reply })
            }
            Command::Resume => self.ask(Message::Resume { reply }),
            Command::SetHeat { heat } => self.ask(Message::SetHeat { heat, reply }),
            Command::Trim { level } => self.ask(Message::Trim { level, reply }),
            Command::CanLoad { model } => self.can_load(request_id.clone(), model),
            Command::Configure { memory_budget_bytes, saved_budget_bytes, models_budget_bytes } => {
                self.ask(Message::Configure {
                    memory_budget: memory_budget_bytes,
                    saved_budget: saved_budget_bytes,
                    models_budget: models_budget_bytes,
                    reply,
                })
            }
            Command::SetHub { endpoint, token } => self.ask(Message::SetHub { endpoint, token, reply }),
            Command::BrowseHub { repository } => self.browse_hub(request_id.clone(), repository),
            Command::Download { name, sha256 } => self.ask(Message::Download { name, sha256, reply }),
            Command::PauseDownload { name } => self.ask(Message::PauseDownload { name, reply }),
            Command::CancelDownload { name } => self.ask(Message::CancelDownload { name, reply }),
            Command::ImportModel { path, name } => self.ask(Message::ImportModel { path, name, reply }),
            Command::VerifyStoredModel { name } => self.ask(Message::VerifyStoredModel { name, reply }),
            Command::ListStoredModels => self.list_stored_models(request_id.clone()),
            Command::RemoveStoredModel { name } => self.ask(Message::RemoveStoredModel { name, reply }),
            Command::SetResident { resident } => self.ask(Message::SetResident { client: self.id, resident, reply }),
            Command::RemoveResident { id } => self.ask(Message::RemoveResident { client: self.id, id, reply }),
            Command::GetTranscript { scope } => self.get_transcript(request_id.clone(), scope),
            Command::Replay { generation_id, offset } => {
                let hub = &self.manager.hub;
                hub.replay(&generation_id, offset).map(|text| {
                    let request_id = request_id.clone();
                    hub.reply(self.id, Event::Replay { request_id, generation_id, offset, text });
                })
            }
            Command::RecordMount { debug_label, path, mount } => {
                self.ask(Message::RecordMount { debug_label, path, mount }).map(|()| reply(Ok(())))
            }
            Command::ReadLog => {
                let records = self.manager.hub.lifecycle();
                self.manager.hub.reply(self.id, Event::Log { request_id: request_id.clone(), records });
                Ok(())
            }
        };
        if let Err(error) = sent {
            self.fail(request_id, error);
        }
    }

    fn get_transcript(&self, request_id: String, scope: String) -> Result<()> {
        let name = scope.clone();
        let reply = self.reply_with(request_id, |request_id, Transcript { revision, messages }| Event::Transcript {
            request_id,
            scope: name,
            revision,
            messages,
        });
        self.ask(Message::GetTranscript { scope, reply })
    }

    fn prefill(&self, request_id: String, command: PrefillCommand) -> Result<()> {
        let reply =
            self.reply_with(request_id, |request_id, Prefilled { cached_tokens, prefilled_tokens, took: _ }| {
                Event::Prefilled { request_id, cached_tokens, prefilled_tokens }
            });
        self.ask(Message::Prefill { command, reply })
    }

    fn embed(&self, request_id: String, command: EmbedCommand) -> Result<()> {
        let reply = self.reply_with(request_id, |request_id, Embedded { vectors, prompt_tokens }| Event::Embeddings {
            request_id,
            embeddings: vectors,
            usage: EmbeddingUsage { prompt_tokens },
        });
        self.ask(Message::Embed { client: self.id, command, reply })
    }

    fn bench(&self, request_id: String, command: BenchCommand) -> Result<()> {
        let reply = self.reply_with(request_id, |request_id, report| Event::Benched { request_id, report });
        self.ask(Message::Bench { client: self.id, command, reply })
    }

    fn ask_model<T: 'static>(
        &self,
        request_id: String,
        config: ModelConfig,
        answer: impl FnOnce(&dyn Prompter) -> Result<T> + Send + 'static,
        event: impl FnOnce(String, T) -> Event + Send + 'static,
    ) -> Result<()> {
        let question = question(answer, self.reply_with(request_id, event));
        self.ask(Message::AskModel { config, question })
    }

    fn can_load(&self, request_id: String, config: ModelConfig) -> Result<()> {
        let reply = self.reply_with(request_id, |request_id, fit| Event::MemoryFit { request_id, fit });
        self.ask(Message::CanLoad { config, reply })
    }

    fn browse_hub(&self, request_id: String, repository: String) -> Result<()> {
        let reply =
            self.reply_with(request_id, |request_id, repository| Event::HubRepository { request_id, repository });
        self.ask(Message::BrowseHub { repository, reply })
    }

    fn list_stored_models(&self, request_id: String) -> Result<()> {
        let reply = self.reply_with(request_id, |request_id, stored| Event::StoredModels { request_id, stored });
        self.ask(Message::ListStoredModels { reply })
    }

    fn ask(&self, message: Message) -> Result<()> {
        self.manager.mailbox.ask(message)
    }

    /// Answers this client with `done` or `failed`.
    fn reply(&self, request_id: String) -> Reply {
        let (hub, id) = (self.manager.hub.clone(), self.id);
        Box::new(move |result| answer(&hub, id, request_id, result))
    }

    /// Answers this client with an event of its own, or with `failed`.
    fn reply_with<T: 'static>(
        &self,
        request_id: String,
        event: impl FnOnce(String, T) -> Event + Send + 'static,
    ) -> Reply<T> {
        let (hub, id) = (self.manager.hub.clone(), self.id);
        Box::new(move |result| {
            let event = match result {
                Ok(value) => event(request_id, value),
                Err(error) => Event::Failed { request_id, error },
            };
            hub.reply(id, event);
        })
    }

    fn fail(&self, request_id: String, error: Error) {
        self.manager.hub.reply(self.id, Event::Failed { request_id, error });
    }

    fn leases(&self) -> std::sync::MutexGuard<'_, Option<HashMap<String, Lease>>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.close();
    }
}

fn answer(hub: &Hub, client: ClientId, request_id: String, result: Result<()>) {
    hub.reply(
        client,
        match result {
            Ok(()) => Event::Done { request_id },
            Err(error) => Event::Failed { request_id, error },
        },
    );
}
