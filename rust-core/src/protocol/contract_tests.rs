//! Reads `fixtures/contract`, the examples that the tests of every language share.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::error::ErrorCode;

#[derive(Deserialize)]
struct Accepted {
    name: String,
    command: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    name: String,
    text: String,
    request_id: String,
    code: ErrorCode,
    detail: String,
}

fn fixture<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/contract").join(name);
    let text = std::fs::read_to_string(&path).expect("the contract is committed");
    serde_json::from_str(&text).expect("the contract is JSON of this shape")
}

#[test]
fn every_command_of_the_contract_is_understood_and_written_back_alike() {
    let accepted: Vec<Accepted> = fixture("commands.json");
    for Accepted { name, command } in accepted {
        let envelope =
            Envelope::parse(&command.to_string()).unwrap_or_else(|malformed| panic!("{name}: {malformed:?}"));
        let written = serde_json::to_value(&envelope).expect("a command is JSON");
        let read_again = Envelope::parse(&written.to_string()).expect("what is written can be read");
        assert_eq!(read_again, envelope, "{name}");
        for (field, value) in command.as_object().expect("a command is an object") {
            assert_covers(&written[field], value, &format!("{name}: {field}"));
        }
    }
}

/// Rust's JSON may add defaults and must keep every given value.
fn assert_covers(written: &Value, wanted: &Value, place: &str) {
    match wanted {
        Value::Object(fields) => {
            for (field, value) in fields {
                assert_covers(&written[field], value, &format!("{place}.{field}"));
            }
        }
        Value::Number(number) => assert_eq!(written.as_f64(), number.as_f64(), "{place}"),
        other => assert_eq!(written, other, "{place}"),
    }
}

#[test]
fn every_refused_command_names_its_request_its_code_and_the_culprit() {
    let refused: Vec<Refused> = fixture("refused.json");
    for Refused { name, text, request_id, code, detail } in refused {
        let malformed = Envelope::parse(&text).expect_err(&name);
        assert_eq!(malformed.request_id, request_id, "{name}");
        assert_eq!(malformed.error.code, code, "{name}: {}", malformed.error.detail);
        assert!(malformed.error.detail.contains(&detail), "{name}: {}", malformed.error.detail);
    }
}

#[test]
fn half_a_character_becomes_a_replacement_character_and_nothing_else_changes() {
    let content = |escaped: &str| {
        let text = format!(
            r#"{{"requestId":"r","type":"generate","generationId":"g","model":{{"path":"a"}},"scope":"s","append":[{{"role":"user","content":"{escaped}"}}]}}"#
        );
        match Envelope::parse(&text).unwrap_or_else(|malformed| panic!("{escaped}: {malformed:?}")).command {
            Command::Generate(generate) => generate.append.map(|messages| messages[0].content.clone()),
            other => panic!("{other:?}"),
        }
    };
    for (escaped, wanted) in [
        (r"cut \ud83d", "cut \u{fffd}"),
        (r"\uDE00 cut", "\u{fffd} cut"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud83dx\ude00", "\u{fffd}x\u{fffd}"),
        (r"\ud83d\n\\ud83d", "\u{fffd}\n\\ud83d"),
        (r"\ud83d\ude00 é \u00e9 \\\ud83d", "😀 é é \\\u{fffd}"),
    ] {
        assert_eq!(content(escaped).as_deref(), Some(wanted), "{escaped}");
    }
}

#[test]
fn events_and_snapshots_are_written_exactly_as_in_the_contract() {
    let batch: Value = fixture("batch.json");
    let read: Batch = serde_json::from_value(batch.clone()).expect("a batch");
    assert_eq!(serde_json::to_value(&read).expect("a batch is JSON"), batch);

    let snapshot: Value = fixture("snapshot.json");
    let read: Snapshot = serde_json::from_value(snapshot.clone()).expect("a snapshot");
    let written = serde_json::to_value(&read).expect("a snapshot is JSON");
    assert_covers(&written, &snapshot, "snapshot");
}

#[test]
fn the_contract_shows_every_command_and_every_event() {
    let accepted: Vec<Accepted> = fixture("commands.json");
    let batch: Batch = fixture("batch.json");
    let commands: std::collections::BTreeSet<_> = accepted.iter().map(|it| it.command["type"].to_string()).collect();
    let events: std::collections::BTreeSet<_> =
        batch.events.iter().map(|it| std::mem::discriminant(&it.event)).map(|it| format!("{it:?}")).collect();
    assert_eq!(commands.len(), 42, "{commands:?}");
    assert_eq!(events.len(), 33, "{events:?}");
}
