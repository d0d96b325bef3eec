//! Scopes that their host parks, restores, forks and rewinds.

use serde_json::json;

use super::host::{Host, contents, manager};
use crate::engine::scripted::{Point, Script};
use crate::error::ErrorCode;
use crate::protocol::Residency;

struct Fixture {
    host: Host,
    script: Script,
    _manager: crate::manager::ModelManager,
}

impl Fixture {
    fn new() -> Self {
        let script = Script::new();
        let manager = manager(&script);
        Self { host: Host::on(&manager), script, _manager: manager }
    }

    /// Speaks, and returns the cached and the prefilled tokens.
    fn say(&mut self, scope: &str, text: &str) -> (u32, u32) {
        let id = format!("{scope} {text}");
        self.host.say(&id, scope, text);
        let (answer, outcome) = self.host.answered(&id);
        assert_eq!(answer, format!("you said: {text}"));
        (outcome.usage.cached_tokens, outcome.usage.prefilled_tokens)
    }

    fn ask(&mut self, command: serde_json::Value) -> Result<(), ErrorCode> {
        let request = self.host.send(command);
        self.host.answer(&request)
    }

    fn residency(&self, id: &str) -> Residency {
        let scopes = self.host.snapshot().scopes;
        scopes.iter().find(|scope| scope.id == id).unwrap_or_else(|| panic!("no scope {id}")).residency
    }
}

#[test]
fn a_scope_is_parked_and_restored_by_command() {
    let mut fixture = Fixture::new();
    fixture.say("s", "hi");
    fixture.say("twin", "hi");
    let stayed = fixture.say("twin", "again");
    for _ in 0..2 {
        fixture.ask(json!({ "type": "park", "scope": "s" })).expect("parking twice is parking once");
        assert_eq!(fixture.residency("s"), Residency::Parked);
    }
    for _ in 0..2 {
        fixture.ask(json!({ "type": "restore", "scope": "s" })).expect("restoring twice is restoring once");
        assert_eq!(fixture.residency("s"), Residency::Resident);
    }
    assert_eq!(fixture.script.counts().restores, 1);
    assert_eq!(fixture.say("s", "again"), stayed);
}

#[test]
fn an_uncached_scope_cannot_be_restored_and_an_unknown_one_not_moved() {
    let mut fixture = Fixture::new();
    fixture.say("s", "hi");
    fixture.ask(json!({ "type": "unload", "path": "a.gguf" })).expect("it unloads");
    assert_eq!(fixture.ask(json!({ "type": "restore", "scope": "s" })), Err(ErrorCode::NotCached));
    fixture.ask(json!({ "type": "park", "scope": "s" })).expect("it has no slot already");
    for command in ["park", "restore", "save", "rewindTo", "fork", "setPersist"] {
        let asked = json!({ "type": command, "scope": "nobody", "fork": "copy", "messageIndex": 0, "persist": "full" });
        let known = |field: &str| match command {
            "rewindTo" => field == "messageIndex",
            "fork" => field == "fork",
            "setPersist" => field == "persist",
            _ => false,
        };
        let mut asked = asked.as_object().expect("an object").clone();
        asked.retain(|field, _| field == "type" || field == "scope" || known(field));
        assert_eq!(fixture.ask(asked.into()), Err(ErrorCode::ScopeNotFound), "{command}");
    }
}

#[test]
fn a_fork_goes_its_own_way_without_a_prefill() {
    for parked in [false, true] {
        let mut fixture = Fixture::new();
        fixture.say("s", "hi");
        if parked {
            fixture.ask(json!({ "type": "park", "scope": "s" })).expect("it is parked");
        }
        fixture.ask(json!({ "type": "fork", "scope": "s", "fork": "t" })).expect("it is copied");
        assert_eq!(fixture.residency("t"), Residency::Parked);
        let of_fork = fixture.say("t", "left");
        let of_source = fixture.say("s", "right");
        assert_eq!(of_fork, of_source, "both go on from the same place");
        assert!(of_fork.0 > of_fork.1, "{of_fork:?}");
        assert_eq!(contents(&fixture.host.transcript("t")), ["hi", "you said: hi", "left", "you said: left"]);
        assert_eq!(contents(&fixture.host.transcript("s")), ["hi", "you said: hi", "right", "you said: right"]);
    }
}

#[test]
fn a_fork_may_begin_with_fewer_messages() {
    let mut fixture = Fixture::new();
    fixture.say("s", "one");
    fixture.say("s", "two");
    fixture.ask(json!({ "type": "fork", "scope": "s", "fork": "t", "messageCount": 2 })).expect("it is copied");
    assert_eq!(contents(&fixture.host.transcript("t")), ["one", "you said: one"]);
    let (cached, prefilled) = fixture.say("t", "other");
    assert!(cached > 0 && prefilled > 0);
    assert_eq!(fixture.ask(json!({ "type": "fork", "scope": "s", "fork": "t" })), Err(ErrorCode::InvalidOptions));
    assert_eq!(contents(&fixture.host.transcript("s")), ["one", "you said: one", "two", "you said: two"]);
}

#[test]
fn a_rewound_scope_prefills_only_what_is_new() {
    let mut fixture = Fixture::new();
    fixture.say("s", "one");
    fixture.say("twin", "one");
    fixture.say("s", "two");
    let straight_on = fixture.say("twin", "other");
    fixture.ask(json!({ "type": "rewindTo", "scope": "s", "messageIndex": 2 })).expect("it is cut");
    assert_eq!(contents(&fixture.host.transcript("s")), ["one", "you said: one"]);
    let (cached, prefilled) = fixture.say("s", "other");
    assert_eq!(cached + prefilled, straight_on.0 + straight_on.1, "as if the cut turn had never been");
    // The cut question began with the same words.
    assert!(prefilled <= straight_on.1, "{prefilled}");
    assert_eq!(
        fixture.ask(json!({ "type": "rewindTo", "scope": "s", "messageIndex": 5 })),
        Err(ErrorCode::InvalidOptions)
    );
    fixture.ask(json!({ "type": "rewindTo", "scope": "s", "messageIndex": 0 })).expect("all of it may go");
    assert_eq!(fixture.host.transcript("s"), []);
}

#[test]
fn a_scope_is_not_moved_while_its_generation_runs() {
    let mut fixture = Fixture::new();
    let gate = fixture.script.gate(Point::Decode(1));
    fixture.host.say("g", "s", "hi");
    gate.wait();
    for command in [
        json!({ "type": "park", "scope": "s" }),
        json!({ "type": "restore", "scope": "s" }),
        json!({ "type": "fork", "scope": "s", "fork": "t" }),
        json!({ "type": "rewindTo", "scope": "s", "messageIndex": 0 }),
    ] {
        assert_eq!(fixture.ask(command.clone()), Err(ErrorCode::Busy), "{command}");
    }
    gate.open();
    assert_eq!(fixture.host.answered("g").0, "you said: hi");
}
