//! Prefill ahead on the real engine: a turn computes only what was not prefilled before, and its answer is the same.

#![cfg(feature = "llama")]

mod llama_common;

use std::sync::Arc;

use llama_common::config;
use llama_common::host::Host;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, Usage};
use serde_json::json;

/// Runs one greedy turn. Returns the transcript and the usage. Each text is used once per scope.
fn say(host: &mut Host, scope: &str, text: &str) -> (Vec<String>, Usage) {
    let generation = format!("{scope}: {text}");
    host.send(json!({
        "type": "generate", "generationId": generation, "scope": scope, "model": config(),
        "append": [{ "role": "user", "content": text }], "options": { "temperature": 0 },
    }));
    let outcome = host.outcome(&generation);
    assert_eq!(outcome.error, None);
    host.send(json!({ "type": "getTranscript", "scope": scope }));
    let messages = host.until(|event| match event {
        Event::Transcript { messages, .. } => Some(messages),
        _ => None,
    });
    (messages.into_iter().map(|message| message.content).collect(), outcome.usage)
}

/// Prefills the known part of a message. Returns the number of computed tokens.
fn prefill(host: &mut Host, scope: &str, text: &str, open: bool) -> u32 {
    let append = json!([{ "role": "user", "content": text }]);
    let request = host.send(json!({ "type": "prefill", "scope": scope, "append": append, "open": open }));
    host.until(|event| match event {
        Event::Prefilled { request_id, prefilled_tokens, .. } if request_id == request => Some(prefilled_tokens),
        Event::Failed { error, .. } => panic!("{text:?} was not prefilled: {error}"),
        _ => None,
    })
}

const TOLD: &str = "My name is Alice";
const ASKED: &str = "What is my name?";

#[test]
fn a_turn_prefills_what_was_not_known_and_answers_the_same() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    for scope in ["unprepared", "prepared"] {
        say(&mut host, scope, TOLD);
    }
    let (answered, unprepared) = say(&mut host, "unprepared", ASKED);
    assert!(answered[3].contains("Alice"), "{answered:?}");

    let mut computed = 0;
    for known in ["", "What", "What is", "What is my", "What is my na"] {
        computed += prefill(&mut host, "prepared", known, true);
    }
    let (same, prepared) = say(&mut host, "prepared", ASKED);
    assert_eq!(same, answered);
    assert!(computed > 3, "each word is a token at least: {computed}");
    assert_eq!(prepared.prefilled_tokens, unprepared.prefilled_tokens - computed, "every guess was right");
    assert_eq!(prepared.cached_tokens, unprepared.cached_tokens + computed);
}

#[test]
fn words_that_did_not_come_are_forgotten() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    for scope in ["unprepared", "prepared"] {
        say(&mut host, scope, TOLD);
    }
    let (answered, unprepared) = say(&mut host, "unprepared", ASKED);
    // The message is cut within a word, is a different question, or is longer.
    for (known, open) in
        [("What is my na", false), ("My name is Bob. What is", true), ("What is my name? I forgot it", true)]
    {
        prefill(&mut host, "prepared", known, open);
    }
    let (same, prepared) = say(&mut host, "prepared", ASKED);
    assert_eq!(same, answered);
    assert!(prepared.prefilled_tokens < unprepared.prefilled_tokens, "{prepared:?}, {unprepared:?}");
    assert_eq!(prepared.prompt_tokens, unprepared.prompt_tokens);
}
