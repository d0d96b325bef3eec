//! The way of a `bench` through the manager: its model, room for its memory, the engine. Each is answered exactly once.

use super::errands::Borrowed;
use super::lease::LeaseId;
use super::mailbox::Reply;
use super::memory::Needed;
use super::next_lease;
use super::supervisor::Supervisor;
use super::turns::{caught, unloaded};
use crate::engine::{BenchJob, CancelFlag, EngineCommand, Estimate, MeasuredSpeeds};
use crate::error::{Error, ErrorCode, Result};
use crate::hub::ClientId;
use crate::protocol::{BenchCommand, BenchReport, BenchSpeed, Event, ModelInfo};

/// Who asks, and by which id: JavaScript's ids are unique in their client.
pub(crate) type BenchId = (ClientId, String);

/// A `bench` that has not been answered.
pub(super) struct Benching {
    /// Tells it from others of this id, and keeps its model.
    lease: LeaseId,
    path: String,
    cancel: CancelFlag,
    replies: Vec<Reply<BenchReport>>,
}

impl Supervisor {
    pub(super) fn bench(&mut self, client: ClientId, command: BenchCommand, reply: Reply<BenchReport>) {
        if !self.hub.is_connected(client) {
            return reply(Err(cancelled())); // It was closed as it sent this.
        }
        let id = (client, command.bench_id.clone());
        if let Some(benching) = self.benches.get_mut(&id) {
            return benching.replies.push(reply);
        }
        let (lease, config) = (next_lease(), command.model.clone());
        let benching =
            Benching { lease, path: config.path.clone(), cancel: CancelFlag::default(), replies: vec![reply] };
        self.benches.insert(id.clone(), benching);
        self.borrow_model(lease, config, move |it, borrowed| match borrowed {
            Ok(borrowed) => it.estimate_bench(id, command, borrowed),
            Err(error) => it.benched(&id, lease, Err(error)),
        });
    }

    /// Off this thread: the header of the model's file is read.
    fn estimate_bench(&mut self, id: BenchId, command: BenchCommand, borrowed: Borrowed) {
        let (loader, config) = (self.bringing(self.loader.clone()), command.model.clone());
        let tokens = command.prompt_tokens.max(command.generated_tokens);
        let needed = move || Needed::of(&loader, |loader| loader.estimate(&config, Estimate::Bench { tokens }));
        let Borrowed { lease, path, epoch, .. } = borrowed;
        self.aside(
            move || caught(|| Ok(needed())),
            move |it, needed| {
                let model = it.models.get(&path).filter(|model| model.entry.epoch() == epoch && !model.is_stopping());
                let info = model.and_then(|model| model.entry.info().cloned()).ok_or_else(|| unloaded(&path));
                let ready = needed.and_then(|needed| Ok((needed, info?)));
                it.begin_bench(id, lease, command, ready);
            },
        );
    }

    fn begin_bench(&mut self, id: BenchId, lease: LeaseId, command: BenchCommand, ready: Result<(Needed, ModelInfo)>) {
        let Some(benching) = self.benches.get(&id).filter(|benching| benching.lease == lease) else {
            return; // Cancelled, and answered then.
        };
        let cancel = benching.cancel.clone();
        let BenchCommand { bench_id, model: config, prompt_tokens, generated_tokens, repetitions } = command;
        let claimed = ready.and_then(|(needed, info)| {
            self.claim_bench(&config.path, lease, &needed, config.force)?;
            Ok(info)
        });
        let info = match claimed {
            Ok(info) => info,
            Err(error) => return self.benched(&id, lease, Err(error)),
        };
        let (hub, client) = (self.hub.clone(), id.0);
        let progress = move |done, total| {
            hub.reply(client, Event::BenchProgress { bench_id: bench_id.clone(), done, total });
        };
        let path = config.path.clone();
        let reply = self.reply_here(move |it, result: Result<MeasuredSpeeds>| {
            if let Some(running) = it.models.get_mut(&path).and_then(|model| model.running.as_mut()) {
                running.bench_claims.remove(&lease);
            }
            let report = result.map(|measured| report(info, (prompt_tokens, generated_tokens), measured));
            it.benched(&id, lease, report);
        });
        let progress = Box::new(progress);
        let bench = BenchJob { prompt_tokens, generated_tokens, repetitions, cancel, progress, reply };
        self.ask_engine(&config.path, EngineCommand::Bench(Box::new(bench)));
    }

    /// Writes into the books what the engine is about to make. It stays there until the engine has answered, cancelled or not.
    fn claim_bench(&mut self, path: &str, lease: LeaseId, needed: &Needed, force: bool) -> Result<()> {
        let purpose = format!("a bench of {path}");
        let advice = "use fewer promptTokens and generatedTokens";
        needed.admit(&purpose, advice, (self.budget_left(), 0), force).or_else(|_| {
            // They are made anew when they are needed, which costs milliseconds.
            self.free_idle_embedders();
            needed.admit(&purpose, advice, (self.budget_left(), 0), force)
        })?;
        if let Some(running) = self.models.get_mut(path).and_then(|model| model.running.as_mut()) {
            running.bench_claims.insert(lease, needed.bytes);
        }
        Ok(())
    }

    /// The one end of every `bench`.
    fn benched(&mut self, id: &BenchId, lease: LeaseId, result: Result<BenchReport>) {
        let Some(benching) = self.benches.extract_if(|other, it| other == id && it.lease == lease).next() else {
            return; // Cancelled, and answered then.
        };
        let (_, Benching { replies, .. }) = benching;
        for reply in replies {
            reply(result.clone());
        }
        self.release(lease);
    }

    /// One that has been answered, or was never asked, is no error.
    pub(super) fn cancel_bench(&mut self, id: &BenchId) {
        let Some(benching) = self.benches.remove(id) else { return };
        let Benching { lease, path, cancel, replies } = benching;
        cancel.cancel();
        self.drop_errand(lease);
        self.wake_engine(&path);
        for reply in replies {
            reply(Err(cancelled()));
        }
        self.release(lease);
    }

    /// Their answers would reach nobody.
    pub(super) fn cancel_benches_of(&mut self, client: ClientId) {
        let theirs: Vec<BenchId> = self.benches.keys().filter(|(owner, _)| *owner == client).cloned().collect();
        for id in theirs {
            self.cancel_bench(&id);
        }
    }
}

fn report(info: ModelInfo, (prompt_tokens, generated_tokens): (u32, u32), measured: MeasuredSpeeds) -> BenchReport {
    let MeasuredSpeeds { prompt, generation, threads, batch_size } = measured;
    let (prompt, generation) = (BenchSpeed::of(prompt_tokens, prompt), BenchSpeed::of(generated_tokens, generation));
    BenchReport { prompt, generation, info, threads, batch_size }
}

fn cancelled() -> Error {
    Error::new(ErrorCode::Cancelled, "the bench was cancelled, or its client has gone - ask for it again")
}
