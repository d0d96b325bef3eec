//! More conversations than slots on the real engine: parking one for another loses nothing.

#![cfg(feature = "llama")]

mod llama_common;

use std::sync::Arc;
use std::time::Duration;

use llama_common::{Turn, config, load};
use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, GenerationPhase, ModelConfig, Usage};
use serde_json::json;

const NAMES: [&str; 12] =
    ["Alice", "Bob", "Carol", "David", "Emma", "Frank", "Grace", "Henry", "Ivy", "Jack", "Kate", "Liam"];

/// One turn of a scope on two slots: its answer and usage.
fn ask(client: &Client, generation: &str, scope: &str, text: &str) -> (String, Usage) {
    let command = json!({
        "requestId": generation, "type": "generate", "generationId": generation, "scope": scope,
        "model": { "path": config().path, "maxResident": 2 },
        "append": [{ "role": "user", "content": text }], "options": { "temperature": 0 },
    });
    client.send(&command.to_string());
    let mut answer = String::new();
    loop {
        let Pull::Batch(batch) = client.next_events(Duration::from_secs(60)) else { panic!("the engine is silent") };
        for numbered in batch.events {
            match numbered.event {
                Event::TextDelta { generation_id, text, .. } if generation_id == generation => answer.push_str(&text),
                Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { outcome } }
                    if generation_id == generation =>
                {
                    assert_eq!(outcome.error, None);
                    return (answer, outcome.usage);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn twelve_conversations_on_two_slots_remember_and_are_not_prefilled_again() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let client = manager.connect();
    let mut held = Vec::new();
    for name in NAMES {
        let usage = ask(&client, &format!("tell {name}"), name, &format!("My name is {name}")).1;
        held.push(usage.prompt_tokens + usage.output_tokens);
    }
    for (name, held) in NAMES.iter().zip(held) {
        let (answer, usage) = ask(&client, &format!("ask {name}"), name, "What is my name?");
        assert_eq!(answer, format!("Your name is {name}."));
        assert_eq!(usage.cached_tokens, held, "{name}: {usage:?}");
    }
}

#[test]
fn a_sequence_goes_on_in_another_place_as_if_it_had_never_moved() {
    let mut model = load(&config());
    let mut stays = Turn::new(0);
    stays.ask(&mut model, "My name is Alice");
    let state = model.context.save(0).expect("a sequence can be saved");
    let held = model.context.length(0);
    model.context.restore(5, &state).expect("what was saved can be restored");
    assert_eq!(model.context.length(5), held);
    model.context.clear(0);
    let moved = model.context.save(5).expect("a sequence can be saved");
    assert!(moved == state, "the bytes do not name the place that they were taken from");
    model.context.restore(0, &moved).expect("what was saved can be restored");
    assert!(model.context.save(0).expect("a sequence can be saved") == state, "there and back, bit for bit");
    assert!(stays.ask(&mut model, "What is my name?").contains("Alice"));
}

#[test]
fn a_conversation_moves_to_a_context_with_other_slots() {
    let with = |slots| load(&ModelConfig { max_resident: Some(slots), context_size: Some(512 * slots), ..config() });
    let mut four = with(4);
    let mut told = Turn::new(3);
    told.ask(&mut four, "My name is Alice");
    let state = four.context.save(3).expect("a sequence can be saved");
    let held = four.context.length(3);
    for slots in [2, 1, 4] {
        let mut other = with(slots);
        let sequence = slots - 1;
        other.context.restore(sequence, &state).expect("the number of slots is no part of a state");
        assert_eq!(other.context.length(sequence), held);
        assert!(other.context.save(sequence).expect("a sequence can be saved") == state, "{slots} slots");
    }
}

#[test]
fn a_state_that_the_context_is_too_small_for_is_refused() {
    let mut large = load(&config());
    let mut told = Turn::new(0);
    told.ask(&mut large, "My name is Alice");
    let state = large.context.save(0).expect("a sequence can be saved");
    let held = large.context.length(0);
    let mut small = load(&ModelConfig { context_size: Some(held - 1), ..config() });
    let error = small.context.restore(0, &state).expect_err("a token too many");
    assert!(error.detail.contains(&format!("holds {held} tokens, more than {}", held - 1)), "{error}");
    assert_eq!(small.context.length(0), 0);
}

#[test]
fn what_is_no_state_is_an_error_and_harms_nobody() {
    let mut model = load(&config());
    let mut other = Turn::new(0);
    other.ask(&mut model, "My name is Alice");
    let state = model.context.save(0).expect("a sequence can be saved");
    for garbage in [&b""[..], &b"garbage"[..], &state[..state.len() / 2]] {
        assert!(model.context.restore(1, garbage).is_err());
        model.context.clear(1);
    }
    assert!(model.context.save(99).is_err());
    assert!(other.ask(&mut model, "What is my name?").contains("Alice"));
}
