//! Benchmarks of a real model: plausible numbers, conversations that are not affected, and a cancel half-way.

#![cfg(feature = "llama")]

mod llama_common;

use std::sync::Arc;

use llama_common::config;
use llama_common::host::Host;
use llama_rs_core::engine::{Estimate, ModelLoader};
use llama_rs_core::error::{Error, ErrorCode};
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{BenchReport, BenchSpeed, Event, FinishReason, Usage};
use serde_json::{Value, json};

fn send(host: &mut Host, id: &str, sizes: Value) -> String {
    let mut command = json!({ "type": "bench", "benchId": id, "model": config() });
    for (field, value) in sizes.as_object().expect("sizes are fields") {
        command[field] = value.clone();
    }
    host.send(command)
}

fn answer(host: &Host, request: &str) -> Result<BenchReport, Error> {
    host.until(|event| match event {
        Event::Benched { request_id, report } if request_id == request => Some(Ok(report)),
        Event::Failed { request_id, error } if request_id == request => Some(Err(error)),
        _ => None,
    })
}

fn bench(host: &mut Host, sizes: Value) -> Result<BenchReport, Error> {
    let request = send(host, "b", sizes);
    answer(host, &request)
}

/// A greedy answer and its usage.
fn say(host: &mut Host, scope: &str, text: &str) -> (String, Usage) {
    let generation = format!("{scope}: {text}");
    host.send(json!({
        "type": "generate", "generationId": generation, "scope": scope, "model": config(),
        "append": [{ "role": "user", "content": text }], "options": { "temperature": 0 },
    }));
    let outcome = host.outcome(&generation);
    assert_eq!((outcome.reason, outcome.error), (FinishReason::Stop, None));
    (transcript(host, scope).pop().expect("an answer"), outcome.usage)
}

fn transcript(host: &mut Host, scope: &str) -> Vec<String> {
    let request = host.send(json!({ "type": "getTranscript", "scope": scope }));
    host.until(|event| match event {
        Event::Transcript { request_id, messages, .. } if request_id == request => {
            Some(messages.into_iter().map(|message| message.content).collect())
        }
        _ => None,
    })
}

fn check(speed: Option<BenchSpeed>, tokens: u32, repetitions: usize) {
    let speed = speed.expect("it was measured");
    assert_eq!((speed.tokens, speed.repetitions.len()), (tokens, repetitions));
    for value in speed.repetitions.iter().chain([&speed.mean]) {
        assert!(value.is_finite() && *value > 0.0, "{speed:?}");
    }
    assert!(speed.standard_deviation.is_finite() && speed.standard_deviation >= 0.0, "{speed:?}");
    let (least, most) =
        speed.repetitions.iter().fold((f64::MAX, 0.0), |(least, most), value| (value.min(least), value.max(most)));
    assert!((least..=most).contains(&speed.mean), "{speed:?}");
}

#[test]
fn a_bench_says_how_fast_the_model_is_and_what_was_measured() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    // The prompt takes more than one call, and does not fill the last one.
    let sizes = json!({ "promptTokens": 700, "generatedTokens": 20, "repetitions": 3 });
    let BenchReport { prompt, generation, info, threads, batch_size } =
        bench(&mut host, sizes).expect("the model computes");
    check(prompt, 700, 3);
    check(generation, 20, 3);
    assert_eq!((batch_size, threads), (512, info.threads));
    assert!(info.size_bytes > 0 && info.parameter_count > 0 && info.description.contains("llama"), "{info:?}");

    // A prompt larger than the model's scopes, and a single token.
    let small = json!({ "path": config().path, "contextSize": 64, "maxResident": 1, "device": "cpu" });
    let long =
        bench(&mut host, json!({ "model": small, "promptTokens": 1_000, "generatedTokens": 1, "repetitions": 1 }));
    let BenchReport { prompt, generation, .. } = long.expect("the bench has a memory of its own");
    check(prompt, 1_000, 1);
    check(generation, 1, 1);
}

#[test]
fn a_conversation_is_as_if_nobody_had_measured() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let measure = json!({ "promptTokens": 600, "generatedTokens": 16, "repetitions": 1 });
    for scope in ["alone", "measured"] {
        say(&mut host, scope, "my name is alice");
    }
    bench(&mut host, measure.clone()).expect("the model computes");
    let alone = say(&mut host, "alone", "what is my name");
    bench(&mut host, measure).expect("the model computes");
    let before = transcript(&mut host, "measured");
    assert_eq!(before.len(), 2);
    let measured = say(&mut host, "measured", "what is my name");
    assert!(measured.0.contains("alice"), "{}", measured.0);
    assert_eq!(measured, alone);
    let Usage { cached_tokens, prefilled_tokens, .. } = measured.1;
    assert!(
        cached_tokens > prefilled_tokens && prefilled_tokens > 0,
        "only the new turn is prefilled: {:?}",
        measured.1
    );
    assert_eq!(transcript(&mut host, "measured")[..2], before);
}

#[test]
fn a_cancel_in_the_middle_ends_it_and_a_turn_that_waited_is_answered() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let (mut host, mut other) = (Host::on(&manager), Host::on(&manager));
    for (generation, sizes) in [
        ("g1", json!({ "promptTokens": 2_048, "generatedTokens": 0, "repetitions": 100 })),
        ("g2", json!({ "promptTokens": 0, "generatedTokens": 512, "repetitions": 100 })),
    ] {
        let request = send(&mut host, "long", sizes);
        let total = host.until(|event| match event {
            Event::BenchProgress { bench_id, done: 1, total } if bench_id == "long" => Some(total),
            _ => None,
        });
        assert_eq!(total, 100);
        other.send(json!({
            "type": "generate", "generationId": generation, "scope": "s", "model": config(),
            "append": [{ "role": "user", "content": "hi" }],
        }));
        host.send(json!({ "type": "cancelBench", "benchId": "long" }));
        assert_eq!(answer(&host, &request).map_err(|error| error.code), Err(ErrorCode::Cancelled));
        assert_eq!(other.outcome(generation).reason, FinishReason::Stop);
    }
    let after = bench(&mut host, json!({ "promptTokens": 10, "generatedTokens": 2, "repetitions": 1 }));
    assert!(after.is_ok(), "{after:?}");
}

#[test]
fn an_unload_ends_it() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    let request = send(&mut host, "b", json!({ "repetitions": 100 }));
    host.until(|event| matches!(event, Event::BenchProgress { .. }).then_some(()));
    host.send(json!({ "type": "unload", "path": config().path }));
    assert_eq!(answer(&host, &request).map_err(|error| error.code), Err(ErrorCode::ModelUnloaded));
}

#[test]
fn what_its_memory_would_take_grows_with_its_tokens() {
    let estimate =
        |tokens| LlamaLoader.estimate(&config(), Estimate::Bench { tokens }).expect("the file is good").total();
    let (small, large) = (estimate(256), estimate(8_192));
    assert!(small > 0 && large > small, "{small}, {large}");
}
