//! The one task that owns every entry, lease, scope and timer. It takes messages one by one, lets the pure parts decide,
//! and carries their effects out. Never blocks: engines, templates and timers answer by message.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};

use super::bench::{BenchId, Benching};
use super::disk::Disk;
use super::downloads::Downloads;
use super::embedding::{Embedding, EmbeddingId};
use super::engines::Running;
use super::entry::{self, Effect, Entry};
use super::errands::Errand;
use super::guessing::Guess;
use super::lease::LeaseId;
use super::mailbox::{Inbox, Mailbox, Message, Reply};
use super::memory::Memory;
use super::residency::{Suspension, When};
use super::scope::Scope;
use super::turns::Turn;
use crate::engine::ModelLoader;
use crate::error::{Error, ErrorCode, Result};
use crate::hub::Hub;
use crate::kv::DEFAULT_SAVED_BUDGET_BYTES;
use crate::protocol::{
    Event, Heat, Lease as LeaseState, LifecycleEvent, LifecycleRecord, ModelConfig, ModelState, Mount, SuspendAfter,
};
use crate::store::{Fetcher, Secret};

pub(crate) struct Supervisor {
    pub(super) loader: Arc<dyn ModelLoader>,
    pub(super) hub: Arc<Hub>,
    pub(super) mailbox: Mailbox,
    pub(super) runtime: Handle,
    /// By path.
    pub(super) models: HashMap<String, Model>,
    pub(super) scopes: HashMap<String, Scope>,
    /// Generations that have not finished, by id.
    pub(super) turns: HashMap<String, Turn>,
    /// Prefills that have not been answered, by scope.
    pub(super) guesses: HashMap<String, Guess>,
    /// Requests for vectors that have not been answered.
    pub(super) embeddings: HashMap<EmbeddingId, Embedding>,
    /// Measurements that have not been answered.
    pub(super) benches: HashMap<BenchId, Benching>,
    /// What waits for a model and is no generation.
    pub(super) errands: HashMap<LeaseId, Errand>,
    leases: HashMap<LeaseId, LeaseUse>,
    /// Events for entries, in order: an effect may cause further ones.
    events: VecDeque<(String, entry::Event)>,
    driving: bool,
    /// Scopes whose turn has ended. Their next one begins when the message at hand is dealt with, which may end it too.
    pub(super) free_scopes: Vec<String>,
    pub(super) memory: Memory,
    /// The directory of saved scopes, once a host has named it.
    pub(super) disk: Option<Disk>,
    /// Brings models into their directory, once a host has named that.
    pub(super) fetcher: Option<Fetcher>,
    /// What it brings for nobody but the disk.
    pub(super) downloads: Downloads,
    /// Bytes of models that it keeps, where a host has said so.
    pub(super) models_budget: Option<u64>,
    /// For the hub.
    pub(super) hub_token: Option<Secret>,
    /// Bytes of saved KV on disk.
    pub(super) saved_budget: u64,
    /// Nothing computes until `resume`.
    pub(super) suspended: bool,
    /// Suspensions that wait for the generations.
    pub(super) suspensions: Vec<Suspension>,
    pub(super) heat: Heat,
    /// Threads of engines that have exited.
    pub(super) joins: Vec<JoinHandle<()>>,
    /// Callers of shutdown, who wait.
    pub(super) shutdown: Vec<oneshot::Sender<()>>,
    pub(super) closed: bool,
}

pub(super) struct Model {
    pub(super) entry: Entry,
    pub(super) running: Option<Running>,
    unloads: Vec<Reply>,
    /// The timer that was started last.
    keep_alive: Option<AbortHandle>,
    published: Option<ModelState>,
}

struct LeaseUse {
    path: String,
    holder: Holder,
}

enum Holder {
    /// Waits for the model, or has been answered.
    Client(Option<Reply>),
    Generation(String),
    Errand,
}

impl Supervisor {
    pub(super) fn new(loader: Arc<dyn ModelLoader>, hub: Arc<Hub>, mailbox: Mailbox, runtime: Handle) -> Self {
        Self {
            loader,
            hub,
            mailbox,
            runtime,
            models: HashMap::new(),
            scopes: HashMap::new(),
            turns: HashMap::new(),
            guesses: HashMap::new(),
            embeddings: HashMap::new(),
            benches: HashMap::new(),
            errands: HashMap::new(),
            leases: HashMap::new(),
            events: VecDeque::new(),
            driving: false,
            free_scopes: Vec::new(),
            memory: Memory::default(),
            disk: None,
            fetcher: None,
            downloads: Downloads::default(),
            models_budget: None,
            hub_token: None,
            saved_budget: DEFAULT_SAVED_BUDGET_BYTES,
            suspended: false,
            suspensions: Vec::new(),
            heat: Heat::default(),
            joins: Vec::new(),
            shutdown: Vec::new(),
            closed: false,
        }
    }

    pub(super) async fn run(mut self, mut inbox: Inbox) {
        while let Some(message) = inbox.next().await {
            self.handle(message);
            while let Some(scope) = self.free_scopes.pop() {
                self.begin_next(&scope);
            }
            self.suspend_after_generations();
            self.finish_shutdown();
        }
    }

    fn handle(&mut self, message: Message) {
        let Some(message) = self.unless_closed(message) else { return };
        match message {
            Message::Acquire { lease, debug_label, config, reply } => {
                self.hold(lease, debug_label, config, Holder::Client(Some(reply)));
            }
            Message::Release { lease } => self.release(lease),
            Message::Unload { path, reply } => self.unload(path, reply),
            Message::Generate { command, reply } => self.generate(*command, reply),
            Message::Prefill { command, reply } => self.prefill(command, reply),
            Message::Embed { client, command, reply } => self.embed(client, command, reply),
            Message::CancelEmbed { id, reply } => {
                self.cancel_embedding(&id);
                reply(Ok(()));
            }
            Message::Bench { client, command, reply } => self.bench(client, command, reply),
            Message::CancelBench { id, reply } => {
                self.cancel_bench(&id);
                reply(Ok(()));
            }
            Message::AskModel { config, question } => self.ask_model(config, question),
            Message::Cancel { generation, reply } => self.cancel(&generation, reply),
            Message::DeleteScope { scope, reply } => self.dispose_scope(&scope, reply),
            Message::Park { scope, reply } => self.park(&scope, reply),
            Message::Restore { scope, reply } => self.restore(&scope, reply),
            Message::Save { scope, reply } => self.save(&scope, When::Asked, reply),
            Message::Fork { scope, fork, message_count, reply } => self.fork(&scope, fork, message_count, reply),
            Message::RewindTo { scope, message_index, reply } => self.rewind(&scope, message_index, reply),
            Message::SetPersist { scope, persist, reply } => self.set_persist(&scope, persist, reply),
            Message::DeleteAllScopes { reply } => self.erase_all(reply),
            Message::Continue(then) => then(self),
            Message::Suspend { deadline, after: None, reply } => self.suspend(deadline, reply),
            Message::Suspend { deadline, after: Some(SuspendAfter::Generations), reply } => {
                self.suspensions.push(Suspension { deadline, reply });
            }
            Message::Resume { reply } => self.resume(reply),
            Message::SetHeat { heat, reply } => {
                self.set_heat(heat);
                reply(Ok(()));
            }
            Message::Trim { level, reply } => self.trim(level, reply),
            Message::CanLoad { config, reply } => self.can_load(config, reply),
            Message::Claim { path, epoch, estimate, force, reply } => {
                self.claim(&path, epoch, estimate, force, reply);
            }
            Message::Configure { memory_budget, saved_budget, models_budget, reply } => {
                self.memory.set_budget(memory_budget);
                self.set_saved_budget(saved_budget);
                self.set_models_budget(models_budget);
                reply(Ok(()));
            }
            Message::SetHub { endpoint, token, reply } => reply(self.set_hub(endpoint.as_deref(), token)),
            Message::BrowseHub { repository, reply } => self.browse_hub(&repository, reply),
            Message::Download { name, sha256, reply } => self.download(&name, sha256.as_deref(), reply),
            Message::PauseDownload { name, reply } => reply(self.pause_download(&name)),
            Message::CancelDownload { name, reply } => self.cancel_download(&name, reply),
            Message::ImportModel { path, name, reply } => self.import_model(path, &name, reply),
            Message::VerifyStoredModel { name, reply } => self.verify_stored_model(name, reply),
            Message::ListStoredModels { reply } => self.list_stored_models(reply),
            Message::RemoveStoredModel { name, reply } => self.remove_stored_model(name, reply),
            Message::SetResident { client, resident, reply } => {
                self.set_resident(client, resident);
                reply(Ok(()));
            }
            Message::RemoveResident { client, id, reply } => {
                self.remove_resident(client, &id);
                reply(Ok(()));
            }
            Message::EvictionOverdue { ask } => self.eviction_overdue(ask),
            Message::ClientGone { client } => {
                self.client_gone(client);
                self.cancel_embeddings_of(client);
                self.cancel_benches_of(client);
            }
            Message::GetTranscript { scope, reply } => reply(self.transcript(&scope)),
            Message::RecordMount { debug_label, path, mount } => {
                let event = match mount {
                    Mount::Mounted => LifecycleEvent::Mounted { debug_label },
                    Mount::Unmounted => LifecycleEvent::Unmounted { debug_label },
                };
                self.record(&path, event, "a component said so".into());
            }
            Message::KeepAliveElapsed { path, timer } => self.drive(&path, entry::Event::KeepAliveElapsed { timer }),
            Message::Rendered { generation, path, epoch, result, saved } => {
                self.rendered(generation, path, epoch, result, saved);
            }
            Message::Engine { path, epoch, report } => self.report(&path, epoch, report),
            Message::Shutdown { done } => self.begin_shutdown(done),
        }
    }

    /// A generation's own lease. Asked for again, it says once more whether the model is ready.
    pub(super) fn acquire_for_turn(&mut self, lease: LeaseId, generation: &str, config: ModelConfig) {
        self.hold(lease, format!("generation {generation}"), config, Holder::Generation(generation.to_owned()));
    }

    /// An errand's own lease. Asked for again, it says once more whether the model is ready.
    pub(super) fn acquire_for_errand(&mut self, lease: LeaseId, config: ModelConfig) {
        self.hold(lease, "a request".to_owned(), config, Holder::Errand);
    }

    fn hold(&mut self, lease: LeaseId, debug_label: String, config: ModelConfig, holder: Holder) {
        let path = config.path.clone();
        self.leases.insert(lease, LeaseUse { path: path.clone(), holder });
        self.memory.used(&path);
        if !self.models.contains_key(&path) {
            self.models.insert(path.clone(), Model::new(config.clone()));
            if self.suspended {
                self.drive(&path, entry::Event::Suspend);
            }
        }
        self.drive(&path, entry::Event::Acquire { lease, debug_label, config });
    }

    pub(super) fn release(&mut self, lease: LeaseId) {
        let Some(lease_use) = self.leases.remove(&lease) else { return };
        self.memory.used(&lease_use.path);
        self.drive(&lease_use.path, entry::Event::Release { lease });
        if let Holder::Client(Some(reply)) = lease_use.holder {
            let detail = "the lease was released before the model was ready - acquire it again to wait for it";
            reply(Err(Error::new(ErrorCode::LoadCancelled, detail)));
        }
    }

    fn unload(&mut self, path: String, reply: Reply) {
        match self.models.get_mut(&path) {
            Some(model) => {
                model.unloads.push(reply);
                self.drive(&path, entry::Event::Unload);
            }
            None => reply(Err(Error::new(
                ErrorCode::ModelNotKnown,
                format!("could not unload {path}: nobody has asked for it - use the path that it was acquired by"),
            ))),
        }
    }

    /// Gives an event to an entry, and carries out what follows from it, in order.
    pub(super) fn drive(&mut self, path: &str, event: entry::Event) {
        self.events.push_back((path.to_owned(), event));
        if self.driving {
            return; // An outer call is at work, and comes to it.
        }
        self.driving = true;
        while let Some((path, event)) = self.events.pop_front() {
            let Some(model) = self.models.get_mut(&path) else { continue };
            let effects = model.entry.on(event);
            self.publish_model(&path);
            for effect in effects {
                self.carry_out(&path, effect);
            }
        }
        self.driving = false;
    }

    fn carry_out(&mut self, path: &str, effect: Effect) {
        match effect {
            Effect::StartEngine { epoch, config } => self.start_engine(path, epoch, config),
            Effect::StopEngine => self.stop_engine(path),
            Effect::EndGenerations => {
                self.end_waiting_turns(path);
                self.end_waiting_errands(path);
            }
            Effect::StartKeepAlive { timer, after } => self.start_keep_alive(path, timer, after),
            Effect::EvictOthers => self.evict_others(path),
            Effect::Answer { lease, result } => self.answer(lease, result),
            Effect::AnswerUnload { result } => {
                let replies = self.models.get_mut(path).map(|model| std::mem::take(&mut model.unloads));
                for reply in replies.into_iter().flatten() {
                    reply(result.clone());
                }
            }
            Effect::Record { event, reason } => self.record(path, event, reason),
        }
    }

    fn start_keep_alive(&mut self, path: &str, timer: u64, after: Duration) {
        let Some(model) = self.models.get_mut(path) else { return };
        let (mailbox, path) = (self.mailbox.clone(), path.to_owned());
        let task = self.runtime.spawn(async move {
            tokio::time::sleep(after).await;
            mailbox.tell(Message::KeepAliveElapsed { path, timer });
        });
        // The one before counts no longer. A screen that comes and goes must not leave a long timer behind every time.
        if let Some(before) = model.keep_alive.replace(task.abort_handle()) {
            before.abort();
        }
    }

    fn answer(&mut self, lease: LeaseId, result: Result<()>) {
        let Some(lease_use) = self.leases.get_mut(&lease) else { return };
        match &mut lease_use.holder {
            Holder::Client(reply) => {
                if let Some(reply) = reply.take() {
                    reply(result);
                }
            }
            Holder::Generation(generation) => {
                let generation = generation.clone();
                self.model_answered(&generation, result);
            }
            Holder::Errand => self.errand_answered(lease, result),
        }
    }

    fn publish_model(&mut self, path: &str) {
        let Some(model) = self.models.get_mut(path) else { return };
        let state = ModelState {
            path: path.to_owned(),
            config: model.entry.config().clone(),
            status: model.entry.status(),
            leases: model.entry.debug_labels().map(|debug_label| LeaseState { debug_label: debug_label.to_owned() }).collect(),
            loads: model.entry.loads(),
        };
        if model.published.as_ref() != Some(&state) {
            model.published = Some(state.clone());
            self.hub.publish(Event::ModelChanged { model: state });
        }
    }

    pub(super) fn record(&self, model: &str, event: LifecycleEvent, reason: String) {
        tracing::info!(model, ?event, reason, "lifecycle");
        self.hub.record(LifecycleRecord { at: now_ms(), model: Some(model.to_owned()), event, reason });
    }

    /// Something that concerns no single model.
    pub(super) fn record_all(&self, event: LifecycleEvent, reason: String) {
        tracing::info!(?event, reason, "lifecycle");
        self.hub.record(LifecycleRecord { at: now_ms(), model: None, event, reason });
    }

    pub(super) fn drive_all(&mut self, event: &entry::Event) {
        for path in self.models.keys().cloned().collect::<Vec<_>>() {
            self.drive(&path, event.clone());
        }
    }
}

impl Model {
    fn new(config: ModelConfig) -> Self {
        Self { entry: Entry::new(config), running: None, unloads: Vec::new(), keep_alive: None, published: None }
    }

    /// Whether its engine was told to stop and has not exited yet.
    pub(super) fn is_stopping(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.stopping)
    }
}

pub(super) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
