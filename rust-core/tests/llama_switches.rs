//! Thousands of switches between more conversations than slots, on the real engine: each conversation is told a name
//! and later asked for it.

#![cfg(feature = "llama")]

mod llama_common;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use llama_common::config;
use llama_common::random_model::Random;
use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, GenerationPhase, Usage};
use serde_json::json;

const NAMES: [&str; 32] = [
    "Alice", "Bob", "Carol", "David", "Emma", "Frank", "Grace", "Henry", "Ivy", "Jack", "Kate", "Liam", "Mia", "Noah",
    "Olivia", "Paul", "Quinn", "Rose", "Sam", "Tom", "Uma", "Victor", "Wendy", "Xander", "Yara", "Zoe", "Anna", "Ben",
    "Clara", "Daniel", "Ella", "Felix",
];
const SLOTS: u32 = 4;
const SWITCHES: usize = 10_000;
/// Concurrent turns. Most of them wait for a slot that another conversation holds.
const AT_ONCE: usize = 20;

/// Tells a scope its name, or asks for it. Repeating the question replaces the earlier answer, so a conversation stays
/// short.
fn send(client: &Client, generation: &str, name: &str) {
    let command = json!({
        "requestId": generation, "type": "generate", "generationId": generation, "scope": name,
        "model": { "path": config().path, "maxResident": SLOTS, "contextSize": 512 },
        "messages": [
            { "role": "user", "content": format!("My name is {name}") },
            { "role": "assistant", "content": format!("Nice to meet you, {name}.") },
            { "role": "user", "content": "What is my name?" },
        ],
        "options": { "temperature": 0, "maxOutputTokens": 24 },
    });
    client.send(&command.to_string());
}

/// Runs one turn in each of these scopes concurrently. Returns answers and usage.
fn ask(client: &Client, round: usize, names: &[&str]) -> HashMap<String, (String, Usage)> {
    for name in names {
        send(client, &format!("{round} {name}"), name);
    }
    let mut answers: HashMap<String, String> = HashMap::new();
    let mut done = HashMap::new();
    while done.len() < names.len() {
        let Pull::Batch(batch) = client.next_events(Duration::from_secs(60)) else { panic!("the engine is silent") };
        for numbered in batch.events {
            match numbered.event {
                Event::TextDelta { generation_id, text, .. } => {
                    answers.entry(generation_id).or_default().push_str(&text);
                }
                Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { outcome } } => {
                    assert_eq!(outcome.error, None);
                    let name = generation_id.split_once(' ').expect("a round and a name").1.to_owned();
                    done.insert(name, (answers.remove(&generation_id).unwrap_or_default(), outcome.usage));
                }
                _ => {}
            }
        }
    }
    done
}

#[test]
fn no_conversation_is_ever_taken_for_another() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let client = manager.connect();
    let mut random = Random(7);
    let mut known: HashMap<String, Usage> = HashMap::new();
    let (mut asked, mut wrong) = (0, 0);
    for round in 0..SWITCHES / AT_ONCE {
        let mut names = NAMES;
        for index in 0..AT_ONCE {
            names.swap(index, index + random.below(NAMES.len() - index));
        }
        for (name, (answer, usage)) in ask(&client, round, &names[..AT_ONCE]) {
            asked += 1;
            wrong += usize::from(answer != format!("Your name is {name}."));
            if let Some(before) = known.insert(name.clone(), usage) {
                // Everything but the question's last token, which is always computed, came back from the cache.
                assert_eq!(usage.cached_tokens, before.prompt_tokens - 1, "{name} was prefilled again");
            }
        }
    }
    assert_eq!((asked, wrong), (SWITCHES, 0));
}
