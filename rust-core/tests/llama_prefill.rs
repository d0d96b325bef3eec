//! Turns that were prefilled while their words were still coming, on the real engine: they cost what was not known, and are
//! answered as if nothing had been known.

#![cfg(feature = "llama")]

mod llama_common;

use std::sync::Arc;
use std::time::Duration;

use llama_common::config;
use llama_rs_core::Pull;
use llama_rs_core::client::Client;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{Event, GenerationPhase, Usage};
use serde_json::json;

struct Host {
    client: Client,
    requests: u32,
}

impl Host {
    fn on(manager: &ModelManager) -> Self {
        Self { client: manager.connect(), requests: 0 }
    }

    fn until<T>(&self, wanted: impl Fn(Event) -> Option<T>) -> T {
        loop {
            let Pull::Batch(batch) = self.client.next_events(Duration::from_secs(60)) else {
                panic!("the engine is silent")
            };
            if let Some(found) = batch.events.into_iter().find_map(|numbered| wanted(numbered.event)) {
                return found;
            }
        }
    }

    /// One greedy turn: what is in the scope's transcript then, and what it cost.
    fn say(&mut self, scope: &str, text: &str) -> (Vec<String>, Usage) {
        self.requests += 1;
        let generation = format!("g{}", self.requests);
        let command = json!({
            "requestId": generation, "type": "generate", "generationId": generation, "scope": scope, "model": config(),
            "append": [{ "role": "user", "content": text }], "options": { "temperature": 0 },
        });
        self.client.send(&command.to_string());
        let usage = self.until(|event| match event {
            Event::PhaseChanged { generation_id, phase: GenerationPhase::Finished { outcome } }
                if generation_id == generation =>
            {
                assert_eq!(outcome.error, None);
                Some(outcome.usage)
            }
            _ => None,
        });
        let request = json!({ "requestId": "transcript", "type": "getTranscript", "scope": scope });
        self.client.send(&request.to_string());
        let messages = self.until(|event| match event {
            Event::Transcript { messages, .. } => Some(messages),
            _ => None,
        });
        (messages.into_iter().map(|message| message.content).collect(), usage)
    }

    /// Prefills what is known of a message. Gives the tokens that were computed.
    fn prefill(&mut self, scope: &str, text: &str, open: bool) -> u32 {
        self.requests += 1;
        let request = format!("p{}", self.requests);
        let command = json!({
            "requestId": request, "type": "prefill", "scope": scope,
            "append": [{ "role": "user", "content": text }], "open": open,
        });
        self.client.send(&command.to_string());
        self.until(|event| match event {
            Event::Prefilled { request_id, prefilled_tokens, .. } if request_id == request => Some(prefilled_tokens),
            Event::Failed { error, .. } => panic!("{text:?} was not prefilled: {error}"),
            _ => None,
        })
    }
}

const TOLD: &str = "My name is Alice";
const ASKED: &str = "What is my name?";

#[test]
fn a_turn_prefills_what_was_not_known_and_answers_the_same() {
    let manager = ModelManager::new(Arc::new(LlamaLoader));
    let mut host = Host::on(&manager);
    for scope in ["unprepared", "prepared"] {
        host.say(scope, TOLD);
    }
    let (answered, unprepared) = host.say("unprepared", ASKED);
    assert!(answered[3].contains("Alice"), "{answered:?}");

    let mut computed = 0;
    for known in ["", "What", "What is", "What is my", "What is my na"] {
        computed += host.prefill("prepared", known, true);
    }
    let (same, prepared) = host.say("prepared", ASKED);
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
        host.say(scope, TOLD);
    }
    let (answered, unprepared) = host.say("unprepared", ASKED);
    // Cut within a word, another question, and one that is longer.
    for (known, open) in
        [("What is my na", false), ("My name is Bob. What is", true), ("What is my name? I forgot it", true)]
    {
        host.prefill("prepared", known, open);
    }
    let (same, prepared) = host.say("prepared", ASKED);
    assert_eq!(same, answered);
    assert!(prepared.prefilled_tokens < unprepared.prefilled_tokens, "{prepared:?}, {unprepared:?}");
    assert_eq!(prepared.prompt_tokens, unprepared.prompt_tokens);
}
