//! The whole Rust stack, used as a host uses it: commands in JSON, events pulled in batches.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{
    Command, Envelope, Event, FinishReason, GenerateCommand, GenerateOptions, GenerationPhase, Message, ModelConfig,
    ModelInfo, ModelStatus, Outcome, Overflow, Persist, PrefillCommand, Role, Snapshot,
};

use crate::Result;

mod residency;

use residency::Directory;

/// Limit for the wait for one event.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest time that one batch of events covers.
const BATCH: Duration = Duration::from_millis(16);
/// The bench's own lease, held throughout.
const LEASE: &str = "bench";

pub struct Ours {
    manager: ModelManager,
    client: Client,
    config: ModelConfig,
    /// Pulled and unprocessed events, with the time of their batch.
    pulled: VecDeque<(Instant, Event)>,
    requests: u64,
    batches: u32,
    /// The directory of saved scopes, once a row has requested one.
    directory: Option<Directory>,
}

/// The client's record of one generation.
#[derive(Debug)]
pub struct Answer {
    pub outcome: Outcome,
    /// When the batch with the end of the prefill arrived.
    pub decoding_at: Option<Instant>,
    /// When batches with text arrived.
    pub text_at: Vec<Instant>,
    pub finished_at: Instant,
}

impl Answer {
    /// Tokens per second from the end of the prompt to the end of the answer.
    pub fn decode_speed(&self) -> f64 {
        let began = self.decoding_at.unwrap_or(self.finished_at);
        // An answer may start and end within one batch, which covers this long.
        let took = self.finished_at.saturating_duration_since(began).max(BATCH);
        f64::from(self.outcome.usage.output_tokens) / took.as_secs_f64()
    }

    /// The longest time between two batches with text, in milliseconds: an upper bound for a decode step.
    pub fn longest_pause_ms(&self) -> f64 {
        let pauses = self.text_at.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1000.0);
        pauses.fold(0.0, f64::max)
    }
}

impl Ours {
    /// Loads the model with `max_resident` slots for scopes.
    pub fn open(path: &str, context_size: u32, max_resident: u32) -> Result<Self> {
        let manager = ModelManager::new(Arc::new(LlamaLoader));
        let client = manager.connect();
        let config = ModelConfig {
            context_size: Some(context_size),
            max_resident: Some(max_resident),
            ..ModelConfig::new(path)
        };
        let mut ours =
            Self { manager, client, config, pulled: VecDeque::new(), requests: 0, batches: 0, directory: None };
        ours.acquire(LEASE)?;
        Ok(ours)
    }

    /// Properties of the loaded model.
    pub fn info(&self) -> Result<ModelInfo> {
        loaded(&self.snapshot()).ok_or_else(|| "the model is not loaded".into())
    }

    pub fn snapshot(&self) -> Snapshot {
        self.client.snapshot()
    }

    /// Number of pulled batches.
    pub fn batches(&self) -> u32 {
        self.batches
    }

    /// Drops the client and connects a new one, as a JavaScript reload does.
    pub fn reconnect(&mut self) {
        self.client = self.manager.connect();
        self.pulled.clear();
    }

    pub fn acquire(&mut self, lease: &str) -> Result<()> {
        let (lease_id, model) = (lease.to_owned(), self.config.clone());
        self.request(Command::Acquire { lease_id, debug_label: "bench".into(), model })
    }

    pub fn release(&mut self, lease: &str) -> Result<()> {
        self.request(Command::Release { lease_id: lease.into() })
    }

    /// Releases the bench's own lease, which is the last one.
    pub fn release_own(&mut self) -> Result<()> {
        self.release(LEASE)
    }

    pub fn acquire_own(&mut self) -> Result<()> {
        self.acquire(LEASE)
    }

    pub fn dispose(&mut self, scope: &str) -> Result<()> {
        self.request(Command::DeleteScope { scope: scope.into() })
    }

    /// Sends a greedy turn with one user message and at most `answer` tokens. Returns the generation's id.
    pub fn begin(&mut self, scope: &str, text: &str, answer: u32) -> String {
        self.begin_with(scope, vec![Message::new(Role::User, text)], answer)
    }

    /// The same with given messages. Saves nothing of the scope before `may_be_saved`, so that a row measures only its
    /// own writes.
    pub fn begin_with(&mut self, scope: &str, messages: Vec<Message>, answer: u32) -> String {
        self.begin_asking(scope, messages, answer, GenerateOptions::default())
    }

    /// The same with tools, a template, or a response format.
    pub fn begin_asking(
        &mut self,
        scope: &str,
        messages: Vec<Message>,
        answer: u32,
        options: GenerateOptions,
    ) -> String {
        let generation_id = format!("generation-{}", self.requests);
        let options =
            GenerateOptions { temperature: Some(0.0), max_output_tokens: Some(answer), keep_partial: true, ..options };
        let command = GenerateCommand {
            generation_id: generation_id.clone(),
            model: self.config.clone(),
            scope: scope.into(),
            append: Some(messages),
            messages: None,
            prompt: None,
            persist: Some(Persist::None),
            overflow: Overflow::default(),
            options,
        };
        self.send(Command::Generate(Box::new(command)));
        generation_id
    }

    /// Prefills the known part of a user's message and waits for it. Returns the number of computed tokens.
    pub fn prefill(&mut self, scope: &str, text: &str) -> Result<u32> {
        let message = Message::new(Role::User, text);
        let command = PrefillCommand { scope: scope.into(), append: Some(vec![message]), messages: None, open: true };
        let request = self.send(Command::Prefill(command));
        loop {
            match self.next_event()?.1 {
                Event::Prefilled { request_id, prefilled_tokens, .. } if request_id == request => {
                    return Ok(prefilled_tokens);
                }
                Event::Failed { error, .. } => return Err(error.to_string().into()),
                _ => {}
            }
        }
    }

    pub fn cancel(&mut self, generation: &str) {
        self.send(Command::Cancel { generation_id: generation.into() });
    }

    /// Waits for generations to end; cancels those that still decode after `time`.
    pub fn finish(&mut self, generations: &[String], time: Duration) -> Result<Vec<Answer>> {
        let mut watches: Vec<Watch> = generations.iter().map(|id| Watch::new(id)).collect();
        while watches.iter().any(|watch| watch.end.is_none()) {
            let (at, event) = self.next_event()?;
            for watch in &mut watches {
                watch.see(at, &event)?;
                if watch.is_over(at, time) {
                    self.cancel(&watch.id);
                    watch.cancelled = true;
                }
            }
        }
        watches.into_iter().map(Watch::into_answer).collect()
    }

    /// Runs a whole turn.
    pub fn turn(&mut self, scope: &str, text: &str, answer: u32) -> Result<Answer> {
        let generation = self.begin(scope, text, answer);
        self.finish_one(generation)
    }

    /// Waits for the end of one generation.
    pub fn finish_one(&mut self, generation: String) -> Result<Answer> {
        let mut answers = self.finish(&[generation], Duration::MAX)?;
        answers.pop().ok_or_else(|| "one generation has one answer".into())
    }

    /// Waits until a generation prefills. Returns false if its prefill is over already.
    pub fn until_prefilling(&mut self, generation: &str) -> Result<bool> {
        loop {
            let (at, event) = self.next_event()?;
            let Event::PhaseChanged { generation_id, phase } = &event else { continue };
            match phase {
                _ if generation_id != generation => {}
                GenerationPhase::Queued => {}
                GenerationPhase::Prefilling { .. } => return Ok(true),
                GenerationPhase::Decoding | GenerationPhase::Finished { .. } => {
                    // A later wait for the end must still see this event.
                    self.pulled.push_front((at, event));
                    return Ok(false);
                }
            }
        }
    }

    /// Tokens of a scope in the KV memory, once nothing moves any more.
    pub fn cached_tokens(&mut self, scope: &str) -> Result<u32> {
        self.pulled.clear();
        while let Pull::Batch(_) = self.client.next_events(Duration::from_millis(100)) {}
        let scopes = self.snapshot().scopes;
        let summary = scopes.iter().find(|summary| summary.id == scope);
        Ok(summary.ok_or("the scope is not in the snapshot")?.cached_tokens)
    }

    /// Writes to the log, as a component does on its mount and unmount.
    pub fn record(&mut self, mount: llama_rs_core::protocol::Mount) -> Result<()> {
        let path = self.config.path.clone();
        self.request(Command::RecordMount { debug_label: "bench".into(), path, mount })
    }

    fn send(&mut self, command: Command) -> String {
        self.requests += 1;
        let request_id = format!("request-{}", self.requests);
        let envelope = Envelope { request_id: request_id.clone(), command };
        let json = serde_json::to_string(&envelope).expect("commands are plain data");
        self.client.send(&json);
        request_id
    }

    /// Sends a command and waits for its answer. Skips other events.
    fn request(&mut self, command: Command) -> Result<()> {
        self.request_all(vec![command])
    }

    /// Sends several commands and waits for all their answers.
    fn request_all(&mut self, commands: Vec<Command>) -> Result<()> {
        let mut asked: Vec<String> = commands.into_iter().map(|command| self.send(command)).collect();
        while !asked.is_empty() {
            match self.next_event()? {
                (_, Event::Done { request_id }) => asked.retain(|asked| *asked != request_id),
                (_, Event::Failed { error, .. }) => return Err(error.to_string().into()),
                _ => {}
            }
        }
        Ok(())
    }

    fn next_event(&mut self) -> Result<(Instant, Event)> {
        loop {
            if let Some(event) = self.pulled.pop_front() {
                return Ok(event);
            }
            match self.client.next_events(PATIENCE) {
                Pull::Batch(batch) => {
                    let at = Instant::now();
                    self.batches += 1;
                    self.pulled.extend(batch.events.into_iter().map(|numbered| (at, numbered.event)));
                }
                Pull::TimedOut => return Err("the engine said nothing for two minutes".into()),
                Pull::Closed => return Err("the client was closed".into()),
            }
        }
    }
}

/// A generation whose end is awaited.
struct Watch {
    id: String,
    decoding_at: Option<Instant>,
    text_at: Vec<Instant>,
    end: Option<(Instant, Outcome)>,
    cancelled: bool,
}

impl Watch {
    fn new(id: &str) -> Self {
        Self { id: id.into(), decoding_at: None, text_at: Vec::new(), end: None, cancelled: false }
    }

    fn see(&mut self, at: Instant, event: &Event) -> Result<()> {
        match event {
            Event::PhaseChanged { generation_id, phase } if *generation_id == self.id => match phase {
                GenerationPhase::Queued | GenerationPhase::Prefilling { .. } => {}
                GenerationPhase::Decoding => self.decoding_at = Some(at),
                GenerationPhase::Finished { outcome } => self.end = Some((at, outcome.clone())),
            },
            Event::TextDelta { generation_id, .. } if *generation_id == self.id => self.text_at.push(at),
            Event::Failed { error, .. } => return Err(error.to_string().into()),
            _ => {}
        }
        Ok(())
    }

    fn is_over(&self, now: Instant, time: Duration) -> bool {
        !self.cancelled && self.end.is_none() && self.decoding_at.is_some_and(|began| now - began >= time)
    }

    fn into_answer(self) -> Result<Answer> {
        let (finished_at, outcome) = self.end.ok_or("the generation has not finished")?;
        if outcome.reason == FinishReason::Failed {
            let reason = outcome.error.map_or_else(String::new, |error| error.to_string());
            return Err(format!("a generation failed: {reason}").into());
        }
        Ok(Answer { outcome, decoding_at: self.decoding_at, text_at: self.text_at, finished_at })
    }
}

/// The model in a snapshot, if its weights are in memory.
pub fn loaded(snapshot: &Snapshot) -> Option<ModelInfo> {
    match &snapshot.models.first()?.status {
        ModelStatus::Ready { info } | ModelStatus::Idle { info } => Some(info.clone()),
        ModelStatus::Unloaded
        | ModelStatus::Downloading { .. }
        | ModelStatus::Loading { .. }
        | ModelStatus::Unloading
        | ModelStatus::Failed { .. } => None,
    }
}
