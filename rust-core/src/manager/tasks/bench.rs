//! Runs a `bench`: loads its model, claims its memory, and passes it to the engine. Each `bench` is answered exactly
//! once.

use super::embedders::free_all_idle;
use super::one_shot::borrow_model;
use super::requests::RequestId;
use super::waiting::LoadedModelRef;
use crate::engine::{BenchJob, EngineCommand, Estimate, MeasuredSpeeds};
use crate::error::{Error, ErrorCode, Result};
use crate::events::ClientId;
use crate::manager::effects::Effects;
use crate::manager::library::resolve::resolving;
use crate::manager::memory::AuxiliaryEstimate;
use crate::manager::memory::usage::budget_left;
use crate::manager::models::{LeaseId, unloaded};
use crate::manager::owners::Owners;
use crate::manager::ticket::Reply;
use crate::protocol::{BenchCommand, BenchReport, BenchSpeed, Event, ModelInfo};

pub(in crate::manager) fn bench(
    it: &mut Owners,
    fx: &mut Effects,
    client: ClientId,
    command: BenchCommand,
    reply: Reply<BenchReport>,
) {
    if !it.bus.is_connected(client) {
        return reply(Err(bench_cancelled())); // The client has closed meanwhile.
    }
    let id = (client, command.bench_id.clone());
    let Some(reply) = it.benches.join(&id, reply) else { return };
    let (lease, config) = (LeaseId::next(), command.model.clone());
    it.benches.open(id.clone(), lease, config.path.clone(), reply);
    borrow_model(it, fx, lease, config, move |it, fx, model| match model {
        Ok(model) => estimate(it, id, command, model),
        Err(error) => end(it, fx, &id, lease, Err(error)),
    });
}

/// Estimates on the blocking pool, because the header of the model's file is read.
fn estimate(it: &mut Owners, id: RequestId, command: BenchCommand, model: LoadedModelRef) {
    let (loader, config) = (resolving(it, it.loader.clone()), command.model.clone());
    let tokens = command.prompt_tokens.max(command.generated_tokens);
    let LoadedModelRef { lease, path, epoch, .. } = model;
    it.run_blocking(
        move || Ok(AuxiliaryEstimate::of(&loader, |loader| loader.estimate(&config, Estimate::Bench { tokens }))),
        move |it, fx, needed| {
            let is_there = it.models.is_current(&path, epoch);
            let info = it.models.info(&path).filter(|_| is_there).cloned().ok_or_else(|| unloaded(&path));
            let ready = needed.and_then(|needed| Ok((needed, info?)));
            begin(it, fx, id, lease, command, ready);
        },
    );
}

fn begin(
    it: &mut Owners,
    fx: &mut Effects,
    id: RequestId,
    lease: LeaseId,
    command: BenchCommand,
    ready: Result<(AuxiliaryEstimate, ModelInfo)>,
) {
    let Some(cancel) = it.benches.enter_engine(&id, lease) else { return };
    let BenchCommand { bench_id, model: config, prompt_tokens, generated_tokens, repetitions } = command;
    let claimed = ready.and_then(|(needed, info)| {
        claim(it, &config.path, lease, &needed, config.force)?;
        Ok(info)
    });
    let info = match claimed {
        Ok(info) => info,
        Err(error) => return end(it, fx, &id, lease, Err(error)),
    };
    let (bus, client) = (it.bus.clone(), id.0);
    let progress = Box::new(move |done, total| {
        bus.reply(client, Event::BenchProgress { bench_id: bench_id.clone(), done, total });
    });
    let path = config.path.clone();
    let reply = it.here(move |it, fx, result: Result<MeasuredSpeeds>| {
        if let Some(engine) = it.models.engine_mut(&path) {
            engine.end_bench_claim(lease);
        }
        let report = result.map(|measured| report(info, (prompt_tokens, generated_tokens), measured));
        end(it, fx, &id, lease, report);
    });
    let bench = BenchJob { prompt_tokens, generated_tokens, repetitions, cancel, progress, reply };
    it.models.ask_engine(&config.path, EngineCommand::Bench(Box::new(bench)));
}

/// Claims the memory that the engine is about to take. The claim lasts until the engine has answered, even after a
/// cancel.
fn claim(it: &mut Owners, path: &str, lease: LeaseId, needed: &AuxiliaryEstimate, force: bool) -> Result<()> {
    let purpose = format!("a bench of {path}");
    let advice = "use fewer promptTokens and generatedTokens";
    needed.admit(&purpose, advice, (budget_left(it), 0), force).or_else(|_| {
        // Idle embedding contexts go first, because making them anew costs milliseconds.
        free_all_idle(it);
        needed.admit(&purpose, advice, (budget_left(it), 0), force)
    })?;
    if let Some(engine) = it.models.engine_mut(path) {
        engine.claim_bench(lease, needed.bytes);
    }
    Ok(())
}

/// Ends a `bench` that was not cancelled.
fn end(it: &mut Owners, fx: &mut Effects, id: &RequestId, lease: LeaseId, result: Result<BenchReport>) {
    if it.benches.end(id, lease, &result) {
        it.models.release(lease, fx);
    }
}

fn report(info: ModelInfo, (prompt_tokens, generated_tokens): (u32, u32), measured: MeasuredSpeeds) -> BenchReport {
    let MeasuredSpeeds { prompt, generation, threads, batch_size } = measured;
    let (prompt, generation) = (BenchSpeed::of(prompt_tokens, prompt), BenchSpeed::of(generated_tokens, generation));
    BenchReport { prompt, generation, info, threads, batch_size }
}

pub(super) fn bench_cancelled() -> Error {
    Error::new(ErrorCode::Cancelled, "the bench was cancelled, or its client has gone - ask for it again")
}
