//! Benches, from a client's command to its answer.

use serde_json::{Value, json};

use super::host::{Host, a, manager, model_is, unloaded};
use crate::engine::scripted::{BENCH_BATCH, Needs, Point, Script};
use crate::error::{Error, ErrorCode};
use crate::protocol::{BenchReport, DeviceKind, Event, GpuUnavailableReason, ModelStatus};

type BenchResult = Result<BenchReport, Error>;

impl Host {
    /// Prompts of 20 tokens and answers of 3, twice each.
    fn bench(&mut self, id: &str, options: Value) -> String {
        let mut command = json!({
            "type": "bench", "benchId": id, "model": a(), "promptTokens": 20, "generatedTokens": 3, "repetitions": 2,
        });
        for (field, value) in options.as_object().expect("options are fields") {
            command[field] = value.clone();
        }
        self.send(command)
    }

    #[track_caller]
    fn report(&mut self, request: &str) -> BenchResult {
        self.look_anew();
        self.until(|event| match event {
            Event::Benched { request_id, report } if request_id == request => Some(Ok(report.clone())),
            Event::Failed { request_id, error } if request_id == request => Some(Err(error.clone())),
            _ => None,
        })
    }

    #[track_caller]
    fn refusal(&mut self, request: &str) -> Option<ErrorCode> {
        self.report(request).err().map(|error| error.code)
    }

    /// The progress events of a bench.
    fn progress(&self, id: &str) -> Vec<(u32, u32)> {
        let of_bench = |event: &Event| match event {
            Event::BenchProgress { bench_id, done, total } if bench_id == id => Some((*done, *total)),
            _ => None,
        };
        self.events.iter().filter_map(of_bench).collect()
    }
}

#[test]
fn a_report_says_what_the_speeds_were_measured_on_and_no_scope_changes() {
    let script = Script::new();
    let manager = manager(&script);
    let (mut host, mut other) = (Host::on(&manager), Host::on(&manager));
    host.say("g", "s", "hi");
    host.answered("g");
    let before = host.snapshot().scopes;
    let request = host.bench("b", json!({}));
    let report = host.report(&request).expect("the script computes");
    let (prompt, generation) = (report.prompt.expect("20 tokens"), report.generation.expect("3 tokens"));
    assert_eq!((prompt.tokens, prompt.repetitions.len()), (20, 2));
    assert_eq!((generation.tokens, generation.repetitions.len()), (3, 2));
    assert!(prompt.mean > 0.0 && generation.mean > 0.0);
    assert_eq!((report.threads, report.batch_size), (1, BENCH_BATCH));
    assert_eq!((report.info.description.as_str(), report.info.device), ("script", DeviceKind::Cpu));
    assert_eq!(
        report.info.gpu_unavailable.map(|gpu_unavailable| gpu_unavailable.reason),
        Some(GpuUnavailableReason::NotBuilt)
    );
    assert_eq!(host.progress("b"), [(1, 4), (2, 4), (3, 4), (4, 4)]);
    assert_eq!((host.snapshot().scopes, host.model("a.gguf").leases.len(), script.counts().loads), (before, 0, 1));
    host.say("h", "s", "you");
    let (_, outcome) = host.answered("h");
    assert!(outcome.usage.cached_tokens > 0, "{:?}", outcome.usage);
    other.flush_supervisor();
    assert_eq!(other.progress("b"), [], "nobody else asked");
}

#[test]
fn omitted_options_are_as_in_llama_bench() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.send(json!({ "type": "bench", "benchId": "b", "model": a() }));
    let report = host.report(&request).expect("the script computes");
    let runs = |speed: Option<crate::protocol::BenchSpeed>| speed.map(|it| (it.tokens, it.repetitions.len()));
    assert_eq!((runs(report.prompt), runs(report.generation)), (Some((512, 5)), Some((128, 5))));
    let request = host.bench("b", json!({ "promptTokens": 0 }));
    let report = host.report(&request).expect("the script computes");
    assert_eq!((report.prompt, runs(report.generation)), (None, Some((3, 2))));
}

#[test]
fn a_cancel_ends_a_bench_that_waits_or_runs_and_no_other() {
    let script = Script::new();
    let load = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let waiting = host.bench("waiting", json!({}));
    load.wait();
    let cancel = host.send(json!({ "type": "cancelBench", "benchId": "waiting" }));
    assert_eq!(host.refusal(&waiting), Some(ErrorCode::Cancelled));
    host.look_anew();
    host.done(&cancel);
    load.open();

    let call = script.gate(Point::Bench(2));
    let computed = host.bench("computed", json!({}));
    call.wait();
    let (other, joined) = (host.bench("other", json!({})), host.bench("other", json!({})));
    let cancel = host.send(json!({ "type": "cancelBench", "benchId": "computed" }));
    assert_eq!(host.refusal(&computed), Some(ErrorCode::Cancelled));
    host.look_anew();
    host.done(&cancel);
    call.open();
    let (other, joined) = (host.report(&other), host.report(&joined));
    assert_eq!((other.is_ok(), &other), (true, &joined), "an id that is at work is answered together");
    assert!(host.model("a.gguf").leases.is_empty());
}

#[test]
fn the_benches_of_a_client_end_with_it() {
    let script = Script::new();
    let call = script.gate(Point::Bench(1));
    let manager = manager(&script);
    let mut before = Host::on(&manager);
    before.bench("b", json!({ "model": { "path": "a.gguf", "keepAliveMs": 0 } }));
    call.wait();
    let mut after = Host::on(&manager);
    drop(before);
    after.flush_supervisor();
    call.open();
    after.until(model_is("a.gguf", unloaded));
    assert_eq!((script.counts().bench_calls, script.counts().live_bench_contexts), (1, 0));
}

#[test]
fn an_unload_ends_a_bench_and_the_next_one_loads_again() {
    let script = Script::new();
    let call = script.gate(Point::Bench(3));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.bench("b", json!({}));
    call.wait();
    let unload = host.send(json!({ "type": "unload", "path": "a.gguf" }));
    host.until(model_is("a.gguf", |status| matches!(status, ModelStatus::Unloading)));
    call.open();
    assert_eq!(host.refusal(&request), Some(ErrorCode::ModelUnloaded));
    host.look_anew();
    host.done(&unload);
    assert_eq!((script.counts().live, script.counts().live_bench_contexts), (0, 0));
    let again = host.bench("b", json!({}));
    assert!(host.report(&again).is_ok());
    script.fail_loads(1, ErrorCode::ModelInvalid);
    let broken = host.bench("broken", json!({ "model": { "path": "b.gguf" } }));
    assert_eq!(host.refusal(&broken), Some(ErrorCode::ModelInvalid));
}

#[test]
fn the_memory_of_a_bench_counts_in_the_budget_until_it_is_freed() {
    let script = Script::new();
    // 17,384 bytes, and a byte for each token of a bench.
    script.needs("a.gguf", Needs { weights: 1_000, kv_per_token: 1, compute: 0 });
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(17_384 + 19);
    let request = host.bench("b", json!({}));
    let error = host.report(&request).expect_err("a byte is missing");
    assert_eq!(error.code, ErrorCode::OutOfMemory);
    assert!(
        error.detail.starts_with("could not make room for a bench of a.gguf: 20 bytes are needed, 19 bytes"),
        "{error}"
    );
    assert_eq!(script.counts().bench_calls, 0);
    let forced = host.bench("b", json!({ "model": { "path": "a.gguf", "force": true } }));
    assert!(host.report(&forced).is_ok());

    host.configure(17_384 + 30);
    let call = script.gate(Point::Bench(script.counts().bench_calls + 1));
    let first = host.bench("first", json!({}));
    call.wait();
    let second = host.bench("second", json!({}));
    assert_eq!(host.refusal(&second), Some(ErrorCode::OutOfMemory), "the first one has the room");
    let cancel = host.send(json!({ "type": "cancelBench", "benchId": "first" }));
    host.look_anew();
    host.done(&cancel);
    let third = host.bench("third", json!({}));
    assert_eq!(host.refusal(&third), Some(ErrorCode::OutOfMemory), "and has it until its call is over");
    call.open();
    assert_eq!(host.refusal(&first), Some(ErrorCode::Cancelled));
    host.say("g", "s", "hi");
    host.answered("g");
    let fourth = host.bench("fourth", json!({}));
    assert!(host.report(&fourth).is_ok());
    script.has_memory(10);
    let fifth = host.bench("fifth", json!({}));
    assert_eq!(host.refusal(&fifth), Some(ErrorCode::OutOfMemory), "the system's too");
}

#[test]
fn an_idle_embedding_context_makes_room() {
    let script = Script::new();
    script.needs("a.gguf", Needs { weights: 1_000, kv_per_token: 1, compute: 0 });
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.configure(17_384 + 256);
    let texts = host.send(json!({ "type": "embed", "embeddingId": "e", "model": a(), "texts": ["hi"] }));
    host.until(|event| matches!(event, Event::Embeddings { request_id, .. } if *request_id == texts).then_some(()));
    assert_eq!(script.counts().live_embedding_contexts, 1);
    let request = host.bench("b", json!({}));
    assert!(host.report(&request).is_ok());
    assert_eq!(script.counts().live_embedding_contexts, 0);
}

#[test]
fn a_suspension_defers_a_bench() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let acquired = host.acquire("held", a());
    host.done(&acquired);
    let suspend = host.send(json!({ "type": "suspend", "deadlineMs": 0 }));
    host.done(&suspend);
    let request = host.bench("b", json!({}));
    host.flush_supervisor();
    assert_eq!(script.counts().bench_calls, 0);
    let resume = host.send(json!({ "type": "resume" }));
    host.done(&resume);
    assert!(host.report(&request).is_ok());
}
