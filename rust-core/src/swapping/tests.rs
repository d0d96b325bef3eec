//! Tests of context swapping on a scripted model: its promises, and the three limitations of the seed that it removes.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Llama, LlamaParent};
use crate::engine::scripted::{Point, Script};
use crate::error::{ErrorCode, Result};
use crate::events::Pull;
use crate::manager::ModelManager;
use crate::protocol::{
    Batch, Event, GenerateOptions, GenerationPhase, ModelConfig, ModelStatus, NumberedEvent, Persist, Residency,
    ScopeSummary, Snapshot,
};

/// After this long a waiting test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

fn config(slots: u32) -> ModelConfig {
    ModelConfig { max_resident: Some(slots), ..ModelConfig::new("a.gguf") }
}

fn manager(script: &Script) -> ModelManager {
    ModelManager::new(script.loader())
}

fn parent<'manager>(manager: &'manager ModelManager, slots: u32) -> LlamaParent<'manager> {
    let parent = LlamaParent::new(manager, config(slots));
    parent.init().expect("the script loads");
    parent
}

fn code<T>(result: Result<T>) -> Option<ErrorCode> {
    result.err().map(|error| error.code)
}

fn scopes(manager: &ModelManager) -> Vec<ScopeSummary> {
    manager.connect().snapshot().scopes
}

fn status(manager: &ModelManager) -> ModelStatus {
    manager.connect().snapshot().models.remove(0).status
}

#[track_caller]
fn until(manager: &ModelManager, wanted: impl Fn(&Snapshot) -> bool) {
    let client = manager.connect();
    let deadline = Instant::now() + PATIENCE;
    while !wanted(&client.snapshot()) {
        assert!(Instant::now() < deadline, "it never came to that: {:#?}", client.snapshot());
        client.next_events(Duration::from_millis(20));
    }
}

/// Waits until the manager has processed everything sent before.
fn until_carried_out(manager: &ModelManager) {
    let client = manager.connect();
    client.send(r#"{ "requestId": "behind", "type": "configure" }"#);
    let deadline = Instant::now() + PATIENCE;
    let is_answer = |event: &NumberedEvent| matches!(event.event, Event::Done { .. });
    while !matches!(client.next_events(PATIENCE), Pull::Batch(batch) if batch.events.iter().any(is_answer)) {
        assert!(Instant::now() < deadline, "the manager never answered");
    }
}

/// Waits until the manager has been asked for this many answers.
#[track_caller]
fn until_generations(manager: &ModelManager, count: usize) {
    until(manager, |snapshot| snapshot.generations.len() == count);
}

mod high_level {
    use super::*;

    #[test]
    fn the_documents_example() -> Result<()> {
        let script = Script::new();
        script.answer("My name is Alice.", "Hello Alice");
        script.answer("My name is Bob.", "Hello Bob");
        script.answer("What is my name?", "Alice");
        let manager = manager(&script);
        let parent = LlamaParent::new(&manager, config(4));
        parent.init()?;
        let (window_a, window_b) = (parent.get_scope(None), parent.get_scope(None));
        assert_eq!(window_a.send_prompt("My name is Alice.")?, "Hello Alice");
        assert_eq!(window_b.send_prompt("My name is Bob.")?, "Hello Bob");
        assert_eq!(window_a.send_prompt("What is my name?")?, "Alice");
        assert_eq!(scopes(&manager).len(), 2);
        window_a.dispose()?;
        assert_eq!(scopes(&manager).len(), 1);
        parent.dispose()?;
        assert_eq!(scopes(&manager), []);
        assert_eq!((script.counts().loads, script.counts().live), (1, 0));
        Ok(())
    }

    #[test]
    fn generated_ids_differ_between_parents_and_are_not_written_to_disk() -> Result<()> {
        let manager = manager(&Script::new());
        let (one, other) = (parent(&manager, 4), parent(&manager, 4));
        let scopes = [one.get_scope(None), one.get_scope(None), other.get_scope(None)];
        for (index, scope) in scopes.iter().enumerate() {
            assert!(scope.id().starts_with("scope_"), "{}", scope.id());
            assert!(scopes[..index].iter().all(|before| before.id() != scope.id()));
            scope.send_prompt("hi")?;
        }
        one.get_scope(Some("chat-42")).send_prompt("hi")?;
        for scope in super::scopes(&manager) {
            let expected = if scope.id == "chat-42" { Persist::Full } else { Persist::None };
            assert_eq!(scope.persist, expected, "{}", scope.id);
        }
        Ok(())
    }

    #[test]
    fn a_given_id_is_the_same_conversation_for_every_parent_and_outlives_them() -> Result<()> {
        let script = Script::new();
        let manager = manager(&script);
        let first = parent(&manager, 4);
        first.get_scope(Some("chat-42")).send_prompt("one")?;
        first.dispose()?;
        let second = parent(&manager, 4);
        second.get_scope(Some("chat-42")).send_prompt("two")?;
        let [scope] = &scopes(&manager)[..] else { panic!("one conversation") };
        assert_eq!((scope.id.as_str(), scope.message_count), ("chat-42", 4));
        second.get_scope(Some("chat-42")).dispose()?;
        assert_eq!(scopes(&manager), []);
        Ok(())
    }

    #[test]
    fn an_answer_comes_in_pieces_too() -> Result<()> {
        let script = Script::new();
        script.answer("count", "one two three");
        let manager = manager(&script);
        let scope = parent(&manager, 1).get_scope(None);
        let mut pieces = String::new();
        let answer = scope.send_prompt_with("count", GenerateOptions::default(), |piece| pieces.push_str(piece))?;
        assert_eq!((answer.as_str(), pieces.as_str()), ("one two three", "one two three"));
        Ok(())
    }

    /// Causes more events than one client's queue holds.
    fn flood(manager: &ModelManager) {
        let client = manager.connect();
        for round in 0..10 {
            // Fewer commands than the manager's mailbox holds.
            for mount in 1..=500 {
                let command = json!({
                    "requestId": format!("{round} {mount}"), "type": "recordMount",
                    "debugLabel": "o", "path": "p", "mount": "mounted",
                });
                client.send(&command.to_string());
            }
            let last = Event::Done { request_id: format!("{round} 500") };
            let is_last = |batch: &Batch| batch.events.iter().any(|numbered| numbered.event == last);
            while !matches!(client.next_events(PATIENCE), Pull::Batch(batch) if is_last(&batch)) {}
        }
    }

    #[test]
    fn an_answer_is_whole_although_its_events_were_dropped() -> Result<()> {
        let script = Script::new();
        script.answer("count", "one two three");
        let manager = manager(&script);
        let scope = parent(&manager, 1).get_scope(None);
        let mut gate = Some(script.gate(Point::Sample(2)));
        let mut pieces = Vec::new();
        // The callback runs on the pulling thread, so nothing is pulled meanwhile.
        let answer = scope.send_prompt_with("count", GenerateOptions::default(), |piece| {
            pieces.push(piece.to_owned());
            if let Some(gate) = gate.take() {
                gate.open();
                until(&manager, |snapshot| matches!(snapshot.generations[0].phase, GenerationPhase::Finished { .. }));
                flood(&manager);
            }
        })?;
        assert_eq!(answer, "one two three");
        assert_eq!(pieces, ["one", " two three"]);
        Ok(())
    }

    #[test]
    fn a_load_that_fails_fails_init_and_a_prompt_alike() {
        let script = Script::new();
        script.fail_loads(2, ErrorCode::ModelInvalid);
        let manager = manager(&script);
        let parent = LlamaParent::new(&manager, config(1));
        assert_eq!(code(parent.init()), Some(ErrorCode::ModelInvalid));
        assert_eq!(code(parent.get_scope(None).send_prompt("hi")), Some(ErrorCode::ModelInvalid));
        assert_eq!(code(parent.init()), None, "the next try is a new one");
    }

    #[test]
    fn without_init_the_first_prompt_loads() -> Result<()> {
        let script = Script::new();
        let manager = manager(&script);
        let parent = LlamaParent::new(&manager, config(1));
        assert_eq!(script.counts().loads, 0);
        assert_eq!(parent.get_scope(None).send_prompt("hi")?, "you said: hi");
        Ok(())
    }

    #[test]
    fn a_parent_that_was_never_used_can_be_disposed_of() -> Result<()> {
        let manager = manager(&Script::new());
        let parent = LlamaParent::new(&manager, config(1));
        parent.get_scope(None).dispose()?;
        parent.dispose()
    }

    #[test]
    fn a_model_that_somebody_else_uses_stays() -> Result<()> {
        let script = Script::new();
        let manager = manager(&script);
        let (one, other) = (parent(&manager, 2), parent(&manager, 2));
        one.dispose()?;
        assert!(matches!(status(&manager), ModelStatus::Ready { .. }));
        other.dispose()?;
        assert!(matches!(status(&manager), ModelStatus::Unloaded));
        assert_eq!(script.counts().loads, 1);
        Ok(())
    }

    #[test]
    fn a_disposed_scope_ends_its_running_answer_as_cancelled() {
        let script = Script::new();
        let manager = manager(&script);
        let parent = parent(&manager, 1);
        let gate = script.gate(Point::Decode(2));
        thread::scope(|threads| {
            let asking = threads.spawn(|| parent.get_scope(Some("s")).send_prompt("one two three"));
            gate.wait();
            let disposing = threads.spawn(|| parent.get_scope(Some("s")).dispose());
            // The prompt is refused, or cancelled while queued: either way the disposal has begun.
            let late = code(parent.get_scope(Some("s")).send_prompt("late"));
            assert!(matches!(late, Some(ErrorCode::Cancelled | ErrorCode::Busy)), "{late:?}");
            gate.open();
            assert_eq!(code(disposing.join().expect("no panic")), None);
            assert_eq!(code(asking.join().expect("no panic")), Some(ErrorCode::Cancelled));
        });
        assert_eq!(scopes(&manager), []);
    }

    #[test]
    fn waits_end_as_closed_when_the_parent_is_disposed_of() {
        let script = Script::new();
        let manager = manager(&script);
        let parent = parent(&manager, 2);
        let waiting = [parent.get_scope(Some("a")), parent.get_scope(Some("b"))];
        let gate = script.gate(Point::Decode(1));
        thread::scope(|threads| {
            let asking: Vec<_> =
                waiting.iter().map(|scope| threads.spawn(|| scope.send_prompt("one two three"))).collect();
            gate.wait();
            until_generations(&manager, 2);
            assert_eq!(code(parent.dispose()), None);
            for asked in asking {
                assert_eq!(code(asked.join().expect("no panic")), Some(ErrorCode::Closed));
            }
        });
        gate.open();
        assert_eq!(code(waiting[0].send_prompt("more")), Some(ErrorCode::Closed));
    }

    #[test]
    fn waits_end_when_the_manager_is_shut_down() {
        let script = Script::new();
        let manager = manager(&script);
        let parent = parent(&manager, 1);
        let scope = parent.get_scope(None);
        let gate = script.gate(Point::Decode(1));
        thread::scope(|threads| {
            let asking = threads.spawn(|| scope.send_prompt("one two three"));
            gate.wait();
            let ending = threads.spawn(|| manager.shutdown(PATIENCE));
            until(&manager, |snapshot| matches!(snapshot.models[0].status, ModelStatus::Unloading));
            // The phase is published before the engine is told.
            until_carried_out(&manager);
            gate.open();
            assert!(ending.join().expect("no panic"));
            assert_eq!(code(asking.join().expect("no panic")), Some(ErrorCode::ModelUnloaded));
        });
        assert_eq!(code(scope.send_prompt("more")), Some(ErrorCode::Closed));
        assert_eq!(code(parent.init()), Some(ErrorCode::Closed));
    }
}

mod low_level {
    use super::*;

    fn llama(manager: &ModelManager, slots: u32) -> Llama<'_> {
        Llama::new(manager, config(slots)).expect("the script loads")
    }

    /// Creates and activates a slot, and answers its first prompt.
    fn arrive(llama: &mut Llama<'_>, name: &str, text: &str) -> Result<String> {
        llama.create_slot(name)?;
        llama.set_slot(name)?;
        llama.set_prompt(text)?;
        llama.generate_complete_text()
    }

    #[test]
    fn the_documents_example() -> Result<()> {
        let script = Script::new();
        let manager = manager(&script);
        let mut llama = llama(&manager, 4);
        arrive(&mut llama, "user_1", "Hello, I am User 1")?;
        arrive(&mut llama, "user_2", "Hello, I am User 2")?;
        llama.set_slot("user_1")?;
        llama.set_prompt("Who am I?")?;
        assert_eq!(llama.generate_complete_text()?, "you said: Who am I?");
        let mut counts: Vec<u32> = scopes(&manager).iter().map(|scope| scope.message_count).collect();
        counts.sort_unstable();
        assert_eq!(counts, [2, 4], "the model sees both messages of user 1, and none of user 2");
        llama.free_slot("user_1")?;
        assert_eq!(scopes(&manager).len(), 1);
        llama.dispose()?;
        assert_eq!((scopes(&manager).len(), script.counts().live), (0, 0));
        Ok(())
    }

    #[test]
    fn misuse_is_a_typed_error() -> Result<()> {
        let manager = manager(&Script::new());
        let mut llama = llama(&manager, 2);
        assert_eq!(code(llama.set_prompt("hi")), Some(ErrorCode::InvalidOptions), "no slot is active");
        assert_eq!(code(llama.generate_complete_text()), Some(ErrorCode::InvalidOptions));
        assert_eq!(code(llama.save_state()), Some(ErrorCode::InvalidOptions));
        assert_eq!(code(llama.set_slot("a")), Some(ErrorCode::ScopeNotFound), "it was never created");
        assert_eq!(code(llama.free_slot("a")), Some(ErrorCode::ScopeNotFound));
        llama.create_slot("a")?;
        assert_eq!(code(llama.create_slot("a")), Some(ErrorCode::InvalidOptions), "there is one already");
        llama.set_slot("a")?;
        assert_eq!(code(llama.generate_complete_text()), Some(ErrorCode::InvalidOptions), "it has no prompt");
        llama.free_slot("a")?;
        assert_eq!(code(llama.set_prompt("hi")), Some(ErrorCode::InvalidOptions), "the active slot was freed");
        llama.create_slot("a")?;
        llama.set_slot("a")
    }

    #[test]
    fn a_state_of_another_llama_is_unknown() -> Result<()> {
        let manager = manager(&Script::new());
        let (mut one, mut other) = (llama(&manager, 2), llama(&manager, 2));
        for llama in [&mut one, &mut other] {
            arrive(llama, "a", "hi")?;
        }
        let state = one.save_state()?;
        assert_eq!(code(other.load_state(&state)), Some(ErrorCode::ScopeNotFound));
        assert_eq!(code(other.free_state(&state)), Some(ErrorCode::ScopeNotFound));
        one.free_state(&state)?;
        assert_eq!(code(one.load_state(&state)), Some(ErrorCode::ScopeNotFound), "it was freed");
        Ok(())
    }

    #[test]
    fn a_prompt_is_answered_once_and_stays_when_its_answer_failed() -> Result<()> {
        let script = Script::new();
        let manager = manager(&script);
        let mut llama = llama(&manager, 1);
        script.fail_at(Point::Decode(1), "the script says so");
        assert_eq!(code(arrive(&mut llama, "a", "hi")), Some(ErrorCode::InferenceFailed));
        assert_eq!(llama.generate_complete_text()?, "you said: hi");
        assert_eq!(code(llama.generate_complete_text()), Some(ErrorCode::InvalidOptions));
        llama.set_prompt("one")?;
        llama.set_prompt("two")?;
        assert_eq!(llama.generate_complete_text()?, "you said: two");
        Ok(())
    }

    #[test]
    fn hot_swapping_freezes_a_conversation_and_goes_on_with_it() -> Result<()> {
        let script = Script::new();
        let manager = manager(&script);
        let mut llama = llama(&manager, 1);
        arrive(&mut llama, "user_a", "I am Alice")?;
        let frozen = llama.save_state()?;
        llama.free_slot("user_a")?;
        arrive(&mut llama, "user_b", "I am Bob")?;
        llama.free_slot("user_b")?;

        llama.create_slot("user_a")?;
        llama.set_slot("user_a")?;
        llama.load_state(&frozen)?;
        llama.set_prompt("I'm back!")?;
        let before = script.counts().prefilled_rows;
        assert_eq!(llama.generate_complete_text()?, "you said: I'm back!");
        // <end> of the last answer, <user> I'm back! <end> <assistant>
        assert_eq!(script.counts().prefilled_rows - before, 6);
        let counts: Vec<u32> = scopes(&manager).iter().map(|scope| scope.message_count).collect();
        assert!(counts.contains(&4), "{counts:?}");

        arrive(&mut llama, "again", "something else")?;
        llama.load_state(&frozen)?;
        llama.set_prompt("Me too")?;
        assert_eq!(llama.generate_complete_text()?, "you said: Me too");
        llama.dispose()?;
        assert_eq!(scopes(&manager), []);
        Ok(())
    }

    #[test]
    fn the_state_of_a_slot_without_a_turn_is_an_empty_conversation() -> Result<()> {
        let manager = manager(&Script::new());
        let mut llama = llama(&manager, 2);
        llama.create_slot("a")?;
        llama.set_slot("a")?;
        let empty = llama.save_state()?;
        llama.set_prompt("hi")?;
        llama.generate_complete_text()?;
        llama.load_state(&empty)?;
        assert_eq!(scopes(&manager), []);
        llama.set_prompt("hi")?;
        llama.generate_complete_text()?;
        llama.free_state(&empty)
    }
}

mod limitations {
    use super::*;

    const USERS: usize = 100;
    const SLOTS: u32 = 5;

    #[test]
    fn a_hundred_users_on_five_slots_never_fail_and_never_mix() {
        let script = Script::new();
        let manager = manager(&script);
        let parent = parent(&manager, SLOTS);
        for round in 0..3 {
            thread::scope(|threads| {
                for user in 0..USERS {
                    let scope = parent.get_scope(Some(&format!("user {user}")));
                    threads.spawn(move || {
                        let text = format!("user {user} in round {round}");
                        let answer = scope.send_prompt(&text).expect("there is room for everybody");
                        assert_eq!(answer, format!("you said: {text}"));
                    });
                }
            });
        }
        let all = scopes(&manager);
        assert_eq!(all.len(), USERS);
        assert!(all.iter().all(|scope| scope.message_count == 6));
        let resident = all.iter().filter(|scope| scope.residency == Residency::Resident).count();
        assert_eq!(resident, SLOTS as usize);
    }

    #[test]
    fn a_hundred_slots_are_created_where_five_fit() -> Result<()> {
        let manager = manager(&Script::new());
        let mut llama = Llama::new(&manager, config(SLOTS))?;
        for round in 0..2 {
            for user in 0..USERS {
                let (name, text) = (format!("user_{user}"), format!("user {user} in round {round}"));
                if round == 0 {
                    llama.create_slot(&name)?;
                }
                llama.set_slot(&name)?;
                llama.set_prompt(&text)?;
                assert_eq!(llama.generate_complete_text()?, format!("you said: {text}"));
            }
        }
        Ok(())
    }

    #[test]
    fn four_scopes_decode_in_one_call() {
        let script = Script::new();
        script.answer("talk", &"on and ".repeat(150));
        let manager = manager(&script);
        let parent = parent(&manager, 4);
        let client = manager.connect();
        let mut gate = script.gate(Point::Decode(1));
        thread::scope(|threads| {
            for _ in 0..4 {
                let scope = parent.get_scope(None);
                threads.spawn(move || scope.send_prompt("talk").expect("answered"));
            }
            gate.wait();
            // Scopes that have arrived go on step by step until all have.
            for step in 2.. {
                let phases: Vec<_> = client.snapshot().generations.into_iter().map(|state| state.phase).collect();
                if phases == [const { GenerationPhase::Decoding }; 4] {
                    break;
                }
                let next = script.gate(Point::Decode(step));
                gate.open();
                next.wait();
                gate = next;
                client.next_events(Duration::from_millis(20));
            }
            gate.open();
        });
        let widest =
            script.calls().into_iter().filter(|call| !call.prefill).map(|call| call.sequences).max_by_key(Vec::len);
        assert_eq!(widest, Some(vec![0, 1, 2, 3]));
    }

    #[test]
    fn sampling_is_per_request() -> Result<()> {
        let script = Script::new();
        script.answer("count", "one two three four");
        let manager = manager(&script);
        let parent = parent(&manager, 2);
        let (short, long) = (parent.get_scope(None), parent.get_scope(None));
        let texts = Mutex::new(Vec::new());
        thread::scope(|threads| {
            let limits = [(&short, Some(2)), (&long, None)];
            for (scope, max_output_tokens) in limits {
                let texts = &texts;
                threads.spawn(move || {
                    let options = GenerateOptions { max_output_tokens, ..GenerateOptions::default() };
                    let text = scope.send_prompt_with("count", options, |_| {}).expect("answered");
                    texts.lock().expect("no panic").push(text);
                });
            }
        });
        let mut texts = texts.into_inner().expect("no panic");
        texts.sort_by_key(String::len);
        assert_eq!(texts, ["one two", "one two three four"]);
        assert_eq!(short.send_prompt("count")?, "one two three four", "the limit was that request's alone");
        Ok(())
    }

    #[test]
    fn switching_between_resident_scopes_costs_no_prefill_and_no_state_call() -> Result<()> {
        let script = Script::new();
        let manager = manager(&script);
        let parent = parent(&manager, 2);
        let (one, other) = (parent.get_scope(None), parent.get_scope(None));
        one.send_prompt("a very long story about the first")?;
        other.send_prompt("a very long story about the second")?;
        for _ in 0..10 {
            for scope in [&one, &other] {
                let before = script.counts().prefilled_rows;
                scope.send_prompt("and then")?;
                // <end> of the last answer, <user> and then <end> <assistant>
                assert_eq!(script.counts().prefilled_rows - before, 6);
            }
        }
        assert_eq!((script.counts().saves, script.counts().restores), (0, 0));
        Ok(())
    }
}
