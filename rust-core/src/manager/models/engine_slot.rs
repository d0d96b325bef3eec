//! The engine of one model, from its start to its exit, and what the manager knows of it: whether it is loaded, its
//! prompter, its RAM cache.

use std::collections::HashMap;
use std::sync::Arc;

use super::lease::LeaseId;
use crate::engine::{CancelFlag, Engine, EngineCommand, EngineReply, Prompter};
use crate::error::{Error, ErrorCode};
use crate::kv::{Fingerprint, KvSnapshot, RamCache};
use crate::protocol::Heat;

pub(in crate::manager) struct EngineSlot {
    path: String,
    engine: Engine,
    cancel_load: CancelFlag,
    /// The fingerprint of its KV files. None while the model loads, and if it has no KV files.
    fingerprint: Option<Fingerprint>,
    is_loaded: bool,
    /// From `Loaded` until the engine is told to stop.
    prompter: Option<Arc<dyn Prompter>>,
    /// Jobs on the blocking pool that use the model's template or vocabulary. The weights outlive them.
    jobs: usize,
    /// Its parked scopes. They end with the engine.
    pub(in crate::manager) ram_cache: RamCache,
    dropped_scopes: DroppedScopes,
    /// Its embedding context, if it has one.
    pub(in crate::manager) embedder: Option<Embedder>,
    /// Estimated bytes of the benches that it has not answered, by their leases.
    bench_claims: HashMap<LeaseId, u64>,
    /// Prefilled tokens and their milliseconds so far.
    prefilled: (u64, f64),
    stopping: bool,
    /// Its scopes are being saved. It stops after that.
    saving: bool,
}

/// An engine's embedding context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manager) struct Embedder {
    /// Tokens of the longest text that fits.
    pub(in crate::manager) text_size: u32,
    /// Its estimated bytes.
    pub(in crate::manager) bytes: u64,
    /// The lease of its last use. The timer of an earlier use is ignored.
    pub(in crate::manager) used: LeaseId,
}

/// Ids of scopes that an engine may not have dropped yet, with the number of unconfirmed drops. Reports with such an id
/// are about the deleted scope, not about a new scope of the same id.
#[derive(Debug, Default)]
struct DroppedScopes(HashMap<String, u32>);

impl DroppedScopes {
    fn told(&mut self, id: &str) {
        *self.0.entry(id.to_owned()).or_default() += 1;
    }

    fn confirmed(&mut self, id: &str) {
        let Some(times) = self.0.get_mut(id) else { return };
        *times -= 1;
        if *times == 0 {
            self.0.remove(id);
        }
    }
}

impl EngineSlot {
    pub(in crate::manager) fn new(path: String, engine: Engine, cancel_load: CancelFlag, ram_cache: RamCache) -> Self {
        Self {
            path,
            engine,
            cancel_load,
            fingerprint: None,
            is_loaded: false,
            prompter: None,
            jobs: 0,
            ram_cache,
            dropped_scopes: DroppedScopes::default(),
            embedder: None,
            bench_claims: HashMap::new(),
            prefilled: (0, 0.0),
            stopping: false,
            saving: false,
        }
    }

    /// The model is loaded. An engine that was told to stop meanwhile takes no prompts any more.
    pub(in crate::manager) fn loaded(&mut self, fingerprint: Option<Fingerprint>, prompter: Arc<dyn Prompter>) {
        if !self.stopping {
            self.fingerprint = fingerprint;
            self.is_loaded = true;
            self.prompter = Some(prompter);
        }
    }

    /// True from `Loaded` on, also while the engine stops: its scopes are saved first.
    pub(in crate::manager) fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    pub(in crate::manager) fn is_stopping(&self) -> bool {
        self.stopping
    }

    pub(in crate::manager) fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }

    pub(in crate::manager) fn prompter(&self) -> Option<Arc<dyn Prompter>> {
        self.prompter.clone()
    }

    /// Sends a command to the engine of a loaded model. If the engine does not take it, the command's reply gets the
    /// error.
    pub(in crate::manager) fn ask(&self, command: EngineCommand) {
        let refused = if self.is_loaded { self.engine.send(command).err() } else { Some(command) };
        if let Some(command) = refused {
            refuse(&self.path, command);
        }
    }

    /// Sends a command to the engine. False if its mailbox is full or closed.
    pub(in crate::manager) fn try_send(&self, command: EngineCommand) -> bool {
        self.engine.send(command).is_ok()
    }

    /// True once the engine has crashed or exited; its report of that may be on the way.
    pub(in crate::manager) fn is_closed(&self) -> bool {
        self.engine.is_closed()
    }

    /// Makes the engine check its cancel flags.
    pub(in crate::manager) fn wake(&self) {
        // An engine whose mailbox is full is awake and will see them.
        let _awake = self.engine.send(EngineCommand::Wake);
    }

    pub(in crate::manager) fn set_heat(&self, heat: Heat) {
        let _closed_already = self.engine.send(EngineCommand::SetHeat(heat));
    }

    /// A job on the blocking pool begins to use the model's template or vocabulary.
    pub(in crate::manager) fn begin_job(&mut self) {
        self.jobs += 1;
    }

    pub(in crate::manager) fn end_job(&mut self) {
        self.jobs -= 1;
        self.stop_when_ready();
    }

    /// Cancels the load, and takes no more prompts. The engine stops when its jobs have ended and its scopes are saved.
    pub(in crate::manager) fn begin_stop(&mut self) {
        self.cancel_load.cancel();
        self.prompter = None;
        self.stopping = true;
    }

    /// Stops the engine now, or after its scopes are saved.
    pub(in crate::manager) fn stop_after_saving(&mut self, saving: bool) {
        self.saving = saving;
        self.stop_when_ready();
    }

    fn stop_when_ready(&mut self) {
        if self.stopping && self.jobs == 0 && !self.saving {
            self.engine.stop();
        }
    }

    /// Makes the engine drop a scope. `confirmed` is called once no earlier report of the scope can arrive. It must
    /// lead to [`Self::scope_dropped`].
    pub(in crate::manager) fn drop_scope(&mut self, id: &str, confirmed: EngineReply<Option<Arc<KvSnapshot>>>) {
        self.ram_cache.remove(id);
        if self.engine.send(EngineCommand::DropScope(id.to_owned())).is_err() {
            tracing::warn!(scope = id, "an engine was too busy to drop a scope; its slot will be reused");
        }
        self.dropped_scopes.told(id);
        // The engine answers this after every report that it made before the drop.
        self.ask(EngineCommand::Copy { scope: id.to_owned(), reply: confirmed });
    }

    pub(in crate::manager) fn scope_dropped(&mut self, id: &str) {
        self.dropped_scopes.confirmed(id);
    }

    /// Whether a report of the engine is about a scope that was deleted.
    pub(in crate::manager) fn has_dropped(&self, id: &str) -> bool {
        self.dropped_scopes.0.contains_key(id)
    }

    pub(in crate::manager) fn claim_bench(&mut self, lease: LeaseId, bytes: u64) {
        self.bench_claims.insert(lease, bytes);
    }

    pub(in crate::manager) fn end_bench_claim(&mut self, lease: LeaseId) {
        self.bench_claims.remove(&lease);
    }

    /// Bytes on top of the model's own: parked scopes, embedding context, benches.
    pub(in crate::manager) fn auxiliary_bytes(&self) -> u64 {
        let embedder = self.embedder.map_or(0, |embedder| embedder.bytes);
        self.bench_claims
            .values()
            .fold(self.ram_cache.bytes().saturating_add(embedder), |sum, bytes| sum.saturating_add(*bytes))
    }

    /// Counts a prefill.
    pub(in crate::manager) fn count_prefill(&mut self, tokens: u32, milliseconds: f64) {
        self.prefilled.0 += u64::from(tokens);
        self.prefilled.1 += milliseconds;
    }

    /// Prefilled tokens per second. None before the first prefill.
    pub(in crate::manager) fn prefill_rate(&self) -> Option<f64> {
        let (tokens, milliseconds) = self.prefilled;
        (tokens > 0 && milliseconds > 0.0).then(|| tokens as f64 * 1000.0 / milliseconds)
    }

    /// Waits for the engine's thread. Call it after `Exited`, off the supervisor.
    pub(in crate::manager) fn join(self) {
        self.engine.join();
    }
}

/// Answers a command that no engine takes.
pub(in crate::manager) fn refuse(path: &str, command: EngineCommand) {
    let detail = format!("the engine of {path} takes no work now - load the model, or try again soon");
    command.refuse(&Error::new(ErrorCode::Busy, detail));
}
