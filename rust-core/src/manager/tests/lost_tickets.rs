//! Tickets that are dropped at random places, by a seed: every request is still answered, once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::host::{Host, a, manager};
use super::random::Random;
use crate::engine::scripted::Script;
use crate::error::ErrorCode;
use crate::manager::ticket::losses;
use crate::protocol::Event;

const COMMANDS: usize = 200;

/// One command of each kind that has its own way to be answered.
fn command(random: &mut Random, step: usize) -> Value {
    let scope = format!("scope {}", random.below(3));
    let append = json!([{ "role": "user", "content": "one two" }]);
    match random.below(16) {
        0 => json!({ "type": "acquire", "leaseId": format!("l{step}"), "debugLabel": "test", "model": a() }),
        1 => json!({ "type": "release", "leaseId": format!("l{}", step.saturating_sub(3)) }),
        2 | 3 => json!({
            "type": "generate", "generationId": format!("g{step}"), "scope": scope, "model": a(), "options": {},
            "append": append,
        }),
        4 => json!({ "type": "prefill", "scope": scope, "append": append }),
        5 => json!({ "type": "cancel", "generationId": format!("g{}", step.saturating_sub(2)) }),
        6 => json!({ "type": "tokenize", "model": a(), "text": "one" }),
        7 => json!({ "type": "embed", "embeddingId": format!("e{step}"), "model": a(), "texts": ["one two"] }),
        8 => json!({ "type": "canLoad", "model": a() }),
        9 => json!({ "type": "park", "scope": scope }),
        10 => json!({ "type": "fork", "scope": scope, "fork": format!("fork {step}") }),
        11 => json!({ "type": "deleteScope", "scope": scope }),
        12 => json!({ "type": "getTranscript", "scope": scope }),
        13 => json!({ "type": "trim", "level": "moderate" }),
        14 => json!({ "type": "listStoredModels" }),
        _ => json!({ "type": "readLog" }),
    }
}

#[test]
fn every_request_is_answered_once_wherever_its_ticket_is_dropped() {
    let mut lost = 0;
    for seed in 1..=8 {
        let script = Script::new();
        let manager = manager(&script);
        let (mut random, mut host) = (Random(seed), Host::on(&manager));
        losses::seed(seed);
        let asked: Vec<String> = (0..COMMANDS).map(|step| host.send(command(&mut random, step))).collect();
        let mut answers = BTreeMap::<String, u32>::new();
        while asked.iter().any(|request| !answers.contains_key(request)) {
            let (request, code) = host.until(answer);
            *answers.entry(request).or_default() += 1;
            lost += u32::from(code == Some(ErrorCode::Internal));
        }
        for request in &asked {
            assert_eq!(answers.get(request), Some(&1), "seed {seed}: {request}");
        }
        assert!(manager.shutdown(Duration::from_secs(20)), "seed {seed}: the manager ends");
        let more = host.rest().iter().filter_map(answer).count();
        assert_eq!(more, 0, "seed {seed}: a second answer");
    }
    assert!(lost > 100, "{lost} tickets were lost");
}

/// The request that an event answers, and its failure.
fn answer(event: &Event) -> Option<(String, Option<ErrorCode>)> {
    let json = serde_json::to_value(event).expect("an event is plain data");
    let request = json.get("requestId")?.as_str()?.to_owned();
    let code = match event {
        Event::Failed { error, .. } => Some(error.code),
        _ => None,
    };
    Some((request, code))
}
