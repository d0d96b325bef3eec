//! Residents: every client sees them, only their owner is asked to free them, and a load waits for them at most 2 s.

use std::time::Duration;

use serde_json::json;
use tokio::runtime::Handle;

use super::host::{Host, manager, model_is};
use crate::engine::scripted::Script;
use crate::error::ErrorCode;
use crate::manager::ModelManager;
use crate::protocol::{Event, ModelStatus};

impl Host {
    #[track_caller]
    pub(super) fn set_resident(&mut self, id: &str, size: u64, in_use: bool) {
        let request = self.send_resident(id, size, in_use);
        self.done(&request);
    }

    pub(super) fn send_resident(&mut self, id: &str, size: u64, in_use: bool) -> String {
        let resident = json!({ "id": id, "name": "speech recogniser", "sizeBytes": size, "inUse": in_use });
        self.send(json!({ "type": "setResident", "resident": resident }))
    }

    pub(super) fn remove_resident(&mut self, id: &str) -> String {
        self.send(json!({ "type": "removeResident", "id": id }))
    }

    /// Id and size of all, as a first render sees them.
    fn residents(&self) -> Vec<(String, u64)> {
        self.snapshot().residents.into_iter().map(|resident| (resident.id, resident.size_bytes)).collect()
    }

    pub(super) fn asked_to_go(&self) -> Vec<&str> {
        let asked = self.events.iter().filter_map(|event| match event {
            Event::EvictResident { id, .. } => Some(id.as_str()),
            _ => None,
        });
        asked.collect()
    }
}

pub(super) fn asked(id: &str) -> impl Fn(&Event) -> Option<String> {
    move |event| match event {
        Event::EvictResident { id: asked, reason } if asked == id => Some(reason.clone()),
        _ => None,
    }
}

fn removed(id: &str) -> impl Fn(&Event) -> Option<()> {
    move |event| matches!(event, Event::ResidentRemoved { id: gone } if gone == id).then_some(())
}

fn ready(status: &ModelStatus) -> bool {
    matches!(status, ModelStatus::Ready { .. })
}

fn failed(status: &ModelStatus) -> bool {
    matches!(status, ModelStatus::Failed { .. })
}

#[test]
fn every_client_sees_residents_come_change_and_go() {
    let manager = manager(&Script::new());
    let (mut owner, mut other) = (Host::on(&manager), Host::on(&manager));
    owner.set_resident("speech", 500, false);
    owner.set_resident("speech", 700, true);
    owner.set_resident("speech", 700, true);
    assert_eq!(other.residents(), [("speech".to_owned(), 700)]);
    let gone = owner.remove_resident("speech");
    owner.done(&gone);
    let unknown = owner.remove_resident("speech");
    owner.done(&unknown);
    other.until(removed("speech"));
    let sizes: Vec<u64> = other
        .events
        .iter()
        .filter_map(|event| match event {
            Event::ResidentChanged { resident } => Some(resident.size_bytes),
            _ => None,
        })
        .collect();
    assert_eq!(sizes, [500, 700], "what is said twice is told once");
    assert_eq!(other.residents(), []);
}

#[test]
fn residents_go_with_their_client_at_once() {
    let manager = manager(&Script::new());
    let (mut before, mut other) = (Host::on(&manager), Host::on(&manager));
    before.set_resident("speech", 500, false);
    other.set_resident("voice", 300, false);
    drop(before);
    other.until(removed("speech"));
    assert_eq!(other.residents(), [("voice".to_owned(), 300)]);
}

#[test]
fn the_newest_client_that_registers_an_id_owns_it() {
    let manager = manager(&Script::new());
    let (mut old, mut new) = (Host::on(&manager), Host::on(&manager));
    old.set_resident("speech", 500, false);
    new.set_resident("speech", 600, false);
    let lost = old.remove_resident("speech");
    old.done(&lost);
    assert_eq!(new.residents(), [("speech".to_owned(), 600)]);
    drop(old);
    let last = new.remove_resident("speech");
    new.done(&last);
    assert_eq!(new.residents(), []);
}

#[test]
fn a_load_that_lacks_memory_asks_only_the_owner_and_waits_until_the_resident_has_gone() {
    let script = Script::new();
    let manager = manager(&script);
    let (mut owner, mut other) = (Host::on(&manager), Host::on(&manager));
    owner.configure(1_500);
    owner.set_resident("speech", 600, false);
    other.set_resident("at work", 100, true);
    let acquire = other.acquire("l", json!({ "path": "big.gguf" }));
    assert_eq!(owner.until(asked("speech")), "big.gguf needs the memory");
    assert_eq!(script.counts().loads, 0);

    owner.remove_resident("speech");
    other.done(&acquire);
    assert_eq!(owner.asked_to_go(), ["speech"]);
    assert!(other.asked_to_go().is_empty(), "one at work is left alone, and others' are none of its business");
    assert_eq!(script.counts().loads, 1);
}

#[test]
fn a_resident_that_shrinks_has_gone_and_one_that_is_needed_stays() {
    for (size, in_use, loads) in [(0, false, true), (400, true, true), (600, true, false)] {
        let manager = manager(&Script::new());
        let (mut owner, mut loader) = (Host::on(&manager), Host::on(&manager));
        owner.configure(1_500);
        owner.set_resident("speech", 600, false);
        let acquire = loader.acquire("l", json!({ "path": "big.gguf" }));
        owner.until(asked("speech"));
        owner.send_resident("speech", size, in_use);
        assert_eq!(loader.answer(&acquire).is_ok(), loads, "{size} bytes, in use: {in_use}");
    }
}

#[test]
fn an_owner_that_goes_instead_of_answering_has_made_room() {
    let manager = manager(&Script::new());
    let (mut owner, mut loader) = (Host::on(&manager), Host::on(&manager));
    owner.configure(1_500);
    owner.set_resident("speech", 600, false);
    let acquire = loader.acquire("l", json!({ "path": "big.gguf" }));
    owner.until(asked("speech"));
    drop(owner);
    loader.done(&acquire);
}

#[test]
fn a_resident_that_another_client_takes_over_is_not_waited_for() {
    let manager = manager(&Script::new());
    let (mut old, mut new) = (Host::on(&manager), Host::on(&manager));
    old.configure(1_500);
    old.set_resident("speech", 600, false);
    let acquire = new.acquire("l", json!({ "path": "big.gguf" }));
    old.until(asked("speech"));
    new.send_resident("speech", 600, false);
    assert_eq!(new.failed(&acquire), ErrorCode::OutOfMemory);
}

#[test]
fn two_loads_that_lack_memory_ask_once_and_both_try_again() {
    let script = Script::new();
    let manager = manager(&script);
    let mut host = Host::on(&manager);
    host.set_resident("speech", 600, false);
    script.fail_loads(2, ErrorCode::OutOfMemory);
    let one = host.acquire("one", json!({ "path": "one.gguf" }));
    host.until(asked("speech"));
    let two = host.acquire("two", json!({ "path": "two.gguf" }));
    // This load has ended and begun again: it waits too.
    host.until(model_is("two.gguf", |status| matches!(status, ModelStatus::Loading { progress } if *progress == 1.0)));
    host.until(model_is("two.gguf", |_| true));
    host.remove_resident("speech");
    for request in [one, two] {
        host.answered_in_any_order(&request).expect("there is room for both");
    }
    assert_eq!(host.asked_to_go(), ["speech"]);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_never_answers_is_waited_for_two_seconds() {
    let script = Script::new();
    let manager = ModelManager::on(script.loader(), Handle::current());
    let mut host = Host::on(&manager);
    host.send_resident("speech", 600, false);
    for _ in 0..2 {
        // The second time it is asked again.
        script.fail_loads(1, ErrorCode::OutOfMemory);
        host.acquire("l", json!({ "path": "big.gguf" }));
        host.until_paused(asked("speech")).await;
        tokio::time::advance(Duration::from_millis(1_999)).await;
        assert!(matches!(host.model("big.gguf").status, ModelStatus::Loading { .. }));
        tokio::time::advance(Duration::from_millis(1)).await;
        host.until_paused(model_is("big.gguf", failed)).await;
        host.release("l");
    }
    assert_eq!(host.residents(), [("speech".to_owned(), 600)]);
    host.acquire("l", json!({ "path": "big.gguf" }));
    host.until_paused(model_is("big.gguf", ready)).await;
}
