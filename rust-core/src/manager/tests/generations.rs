//! One generation: cancelled in every phase, failed, kept in part, refused.

use serde_json::json;

use super::host::{Host, a, contents, manager};
use crate::engine::scripted::{Point, Script};
use crate::error::ErrorCode;
use crate::protocol::{Event, FinishReason, GenerationPhase};

#[test]
fn the_phases_of_a_generation_come_in_order_and_end_once() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let request = host.say("g", "s", "hi");
    host.answered("g");
    let transcript = host.transcript("s");
    let phases: Vec<&str> = host
        .events
        .iter()
        .filter_map(|event| match event {
            Event::GenerationQueued { .. } => Some("queued"),
            Event::Done { request_id } if *request_id == request => Some("accepted"),
            Event::PhaseChanged { phase: GenerationPhase::Prefilling { .. }, .. } => Some("prefilling"),
            Event::PhaseChanged { phase: GenerationPhase::Decoding, .. } => Some("decoding"),
            Event::TextDelta { offset: 0, .. } => Some("text"),
            Event::PhaseChanged { phase: GenerationPhase::Finished { .. }, .. } => Some("finished"),
            _ => None,
        })
        .collect();
    assert_eq!(phases, ["queued", "accepted", "prefilling", "decoding", "text", "finished"]);
    assert_eq!(contents(&transcript), ["hi", "you said: hi"]);
}

#[test]
fn cancel_while_the_model_loads() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g", "s", "hi");
    gate.wait();
    let cancel = host.cancel("g");
    assert_eq!(host.finished("g").reason, FinishReason::Cancelled);
    host.done(&cancel);
    gate.open();
    assert_eq!(host.transcript("s"), []);
}

#[test]
fn cancel_while_an_earlier_generation_runs() {
    let script = Script::new();
    let gate = script.gate(Point::Decode(1));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g1", "s", "hi");
    host.say("g2", "s", "never mind");
    gate.wait();
    host.cancel("g2");
    assert_eq!(host.finished("g2").reason, FinishReason::Cancelled);
    gate.open();
    host.answered("g1");
    assert_eq!(contents(&host.transcript("s")), ["hi", "you said: hi"]);
}

#[test]
fn cancel_in_prefill_and_in_decode_undoes_the_generation() {
    for point in [Point::Prefilled(1), Point::Decode(2)] {
        let script = Script::new();
        let gate = script.gate(point);
        let manager = manager(&script);
        let mut host = Host::on(&manager);
        host.say("g", "s", "one two three four");
        gate.wait();
        let cancel = host.cancel("g");
        // The cancel has reached the engine's flag before the engine goes on.
        host.transcript("s");
        gate.open();
        assert_eq!(host.finished("g").reason, FinishReason::Cancelled, "{point:?}");
        host.done(&cancel);
        assert_eq!(host.transcript("s"), [], "{point:?}");
    }
}

#[test]
fn keep_partial_keeps_what_was_delivered() {
    let script = Script::new();
    script.answer("hi", "one two three four");
    let gate = script.gate(Point::Decode(2));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say_with("g", "s", "hi", a(), json!({ "keepPartial": true }));
    gate.wait();
    host.cancel("g");
    host.transcript("s");
    gate.open();
    assert_eq!(host.finished("g").reason, FinishReason::Cancelled);
    let delivered = host.text("g");
    assert!(!delivered.is_empty() && "one two three four".starts_with(&delivered), "{delivered}");
    assert_eq!(contents(&host.transcript("s")), ["hi", &delivered]);
}

#[test]
fn cancelling_twice_or_after_the_end_is_fine_and_an_unknown_one_is_an_error() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g", "s", "hi");
    host.answered("g");
    for _ in 0..2 {
        let cancel = host.cancel("g");
        host.done(&cancel);
    }
    let cancel = host.cancel("unheard of");
    assert_eq!(host.failed(&cancel), ErrorCode::GenerationNotFound);
}

#[test]
fn a_failed_decode_undoes_the_generation_and_the_scope_goes_on() {
    let script = Script::new();
    script.fail_at(Point::Decode(2), "out of luck");
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g1", "s", "hi");
    let error = host.finished("g1").error.expect("it failed");
    assert_eq!(error.code, ErrorCode::InferenceFailed);
    assert_eq!(host.transcript("s"), []);
    host.say("g2", "s", "hi");
    assert_eq!(host.answered("g2").0, "you said: hi");
}

#[test]
fn a_prompt_longer_than_the_context_leaves_the_scope_as_it_was() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let small = json!({ "path": "a.gguf", "contextSize": 32 });
    host.say_with("g1", "s", "hi", small.clone(), json!({}));
    host.answered("g1");
    let before = host.transcript("s");
    host.say_with("g2", "s", &"word ".repeat(40), small, json!({}));
    assert_eq!(host.finished("g2").error.expect("it failed").code, ErrorCode::ContextFull);
    assert_eq!(host.transcript("s"), before);
}

#[test]
fn a_load_that_fails_ends_every_generation_that_waits_for_it() {
    let script = Script::new();
    script.fail_loads(1, ErrorCode::ModelInvalid);
    let gate = script.gate(Point::Load(0.0));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g1", "s", "hi");
    host.say("g2", "s", "hi");
    host.say("g3", "t", "hi");
    host.send(json!({ "type": "readLog" }));
    gate.open();
    for id in ["g1", "g2", "g3"] {
        let outcome = host.finished_in_any_order(id);
        assert_eq!(outcome.error.expect("it failed").code, ErrorCode::ModelInvalid, "{id}");
    }
    assert_eq!(script.counts().loads, 1);
}

#[test]
fn beyond_the_queue_limit_a_generation_is_busy() {
    let script = Script::new();
    let gate = script.gate(Point::Load(0.5));
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    for index in 0..256 {
        host.say(&format!("g{index}"), "s", "hi");
    }
    let refused = host.say("one too many", "s", "hi");
    assert_eq!(host.failed(&refused), ErrorCode::Busy);
    gate.open();
}

#[test]
fn a_generation_id_is_used_once() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g", "s", "hi");
    host.answered("g");
    let refused = host.say("g", "s", "hi");
    assert_eq!(host.failed(&refused), ErrorCode::InvalidOptions);
}

#[test]
fn a_generation_is_replayed_from_an_offset() {
    let script = Script::new();
    script.answer("hi", "one two three");
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g", "s", "hi");
    host.answered("g");
    let request = host.send(json!({ "type": "replay", "generationId": "g", "offset": 4 }));
    let text = host.until(|event| match event {
        Event::Replay { request_id, text, .. } if *request_id == request => Some(text.clone()),
        _ => None,
    });
    assert_eq!(text, "two three");
}

#[test]
fn a_prompt_goes_to_the_model_as_it_is_and_becomes_the_transcript() {
    let script = Script::new();
    script.answer(" who", " you");
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    let prompt = |host: &mut Host, generation: &str, text: &str| {
        host.send(
            json!({ "type": "generate", "generationId": generation, "scope": "s", "model": a(), "prompt": text }),
        );
        host.answered(generation)
    };
    host.say("g1", "s", "hi");
    host.answered("g1");
    let text = "<user> who <assistant>";
    let (answer, outcome) = prompt(&mut host, "g2", text);
    // The template would have written five tokens.
    assert_eq!((answer.as_str(), outcome.usage.prompt_tokens), (" you", 3));
    assert_eq!(contents(&host.transcript("s")), [text, " you"]);
    // The prompt that is continued is cached.
    let (_, outcome) = prompt(&mut host, "g3", &format!("{text} you <end> <user> who <assistant>"));
    assert_eq!((outcome.usage.prompt_tokens, outcome.usage.cached_tokens), (8, 4));
    // The next message goes through the template again, and shares no prefix.
    host.say("g4", "s", "who");
    let (_, outcome) = host.answered("g4");
    assert!(outcome.usage.prompt_tokens > 8, "{outcome:?}");
}

#[test]
fn a_prompt_that_does_not_fit_is_refused_and_undone() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.say("g1", "s", "hi");
    host.answered("g1");
    let long = "word ".repeat(5_000);
    host.send(json!({ "type": "generate", "generationId": "g2", "scope": "s", "model": a(), "prompt": long }));
    let outcome = host.finished("g2");
    assert_eq!(outcome.error.map(|error| error.code), Some(ErrorCode::ContextFull));
    assert_eq!(contents(&host.transcript("s")), ["hi", "you said: hi"]);
}
