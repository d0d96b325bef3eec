//! Moving a conversation out of its slot and back leaves no trace: the next logits are equal bit by bit. Bytes that are
//! not a state of this model cause an error.

#![cfg(feature = "llama")]

mod llama_common;

use llama_common::random_model::Random;
use llama_common::{Turn, config, folder, load, message, prefill};
use llama_rs_core::engine::{LoadedModel, Sequence, Token};
use llama_rs_core::kv::{KvSnapshot, Storage};
use llama_rs_core::protocol::{GenerateOptions, ModelConfig, Role};

/// The logits of one step, compared bit by bit.
type Bits = Vec<u32>;

fn with_slots(slots: u32) -> LoadedModel {
    load(&ModelConfig { max_resident: Some(slots), context_size: Some(512), ..config() })
}

fn prompt(model: &LoadedModel, text: &str) -> Vec<Token> {
    model
        .prompter
        .render(&[message(Role::User, text)], &GenerateOptions::default())
        .expect("the template takes this")
        .tokens
}

fn length(tokens: &[Token]) -> u32 {
    u32::try_from(tokens.len()).expect("a short prompt")
}

/// Starts a conversation in an empty sequence.
fn tell(model: &mut LoadedModel, sequence: Sequence, tokens: &[Token]) {
    prefill(model, sequence, tokens, 0, None).expect("the prompt fits");
}

/// Continues with given tokens and returns the logits after each of them.
fn go_on(model: &mut LoadedModel, sequence: Sequence, tokens: &[Token]) -> Vec<Bits> {
    let step = |token: &Token| {
        let position = model.context.length(sequence);
        let row = prefill(model, sequence, &[*token], position, None).expect("it fits");
        let logits = model.context.logits(row).expect("the row wants logits");
        assert!(logits.iter().any(|logit| *logit != logits[0]), "a model has preferences");
        logits.into_iter().map(f32::to_bits).collect()
    };
    tokens.iter().map(step).collect()
}

/// The continuation of a conversation that is never moved.
fn undisturbed(first: &[Token], then: &[Token]) -> Vec<Bits> {
    let mut model = with_slots(4);
    tell(&mut model, 0, first);
    go_on(&mut model, 0, then)
}

/// A model with four slots, a conversation of about fifty tokens, and its continuation.
fn conversation() -> (LoadedModel, Vec<Token>, Vec<Token>) {
    let model = with_slots(4);
    let first = prompt(&model, "My name is Alice. What is my name?");
    let then = prompt(&model, "hello")[..8].to_vec();
    (model, first, then)
}

#[test]
fn a_restored_conversation_goes_on_as_if_it_had_never_been_parked() {
    let (mut model, first, then) = conversation();
    let expected = undisturbed(&first, &then);
    assert!(expected != undisturbed(&prompt(&model, "My name is Bob"), &then), "logits tell conversations apart");
    for (from, to) in [(0, 0), (0, 3), (2, 1)] {
        tell(&mut model, from, &first);
        let state = model.context.save(from).expect("a sequence can be saved");
        model.context.clear(from);
        // A neighbour computes meanwhile, even in the same slot.
        for sequence in 0..4 {
            let other = prompt(&model, "My name is Bob");
            tell(&mut model, sequence, &other);
        }
        model.context.clear(to);
        model.context.restore(to, &state).expect("what was saved can be restored");
        assert!(go_on(&mut model, to, &then) == expected, "from {from} to {to}");
        (0..4).for_each(|sequence| model.context.clear(sequence));
    }
}

#[test]
fn both_sides_of_a_fork_go_on_alone() {
    let (mut model, first, then) = conversation();
    let other: Vec<Token> = then.iter().rev().copied().collect();
    tell(&mut model, 1, &first);
    let state = model.context.save(1).expect("a sequence can be saved");
    model.context.restore(2, &state).expect("what was saved can be restored");
    let mut said = (Vec::new(), Vec::new());
    for (one, two) in then.iter().zip(&other) {
        said.0.extend(go_on(&mut model, 1, &[*one]));
        said.1.extend(go_on(&mut model, 2, &[*two]));
    }
    assert!(said.0 == undisturbed(&first, &then), "the origin");
    assert!(said.1 == undisturbed(&first, &other), "the fork");
}

#[test]
fn a_rewound_conversation_goes_on_as_if_it_had_never_gone_further() {
    let (mut model, first, then) = conversation();
    tell(&mut model, 0, &first);
    let astray = prompt(&model, "My name is Bob");
    go_on(&mut model, 0, &astray);
    assert!(model.context.truncate(0, length(&first)));
    let state = model.context.save(0).expect("a sequence can be saved");
    let expected = undisturbed(&first, &then);
    assert!(go_on(&mut model, 0, &then) == expected, "rewound");
    model.context.restore(3, &state).expect("what was saved can be restored");
    assert!(go_on(&mut model, 3, &then) == expected, "rewound, parked and restored");
}

#[test]
fn a_shifted_conversation_goes_on_as_if_it_had_never_been_parked() {
    // Dropping the oldest turns keeps the rest, which is prefilled again.
    let shift = |model: &mut LoadedModel, first: &[Token]| {
        tell(model, 0, first);
        assert!(model.context.truncate(0, 6));
        prefill(model, 0, &first[20..], 6, None).expect("it fits");
    };
    let (mut model, first, then) = conversation();
    shift(&mut model, &first);
    let state = model.context.save(0).expect("a sequence can be saved");
    let expected = go_on(&mut model, 0, &then);
    model.context.restore(2, &state).expect("what was saved can be restored");
    assert!(go_on(&mut model, 2, &then) == expected, "shifted, parked and restored");
}

#[test]
fn a_slot_that_was_disposed_of_remembers_nothing() {
    let (mut model, first, then) = conversation();
    let other = prompt(&model, "My name is Bob. I have a dog. What is my name?");
    tell(&mut model, 0, &other);
    go_on(&mut model, 0, &other);
    model.context.clear(0);
    tell(&mut model, 0, &first);
    assert!(go_on(&mut model, 0, &then) == undisturbed(&first, &then));
}

#[test]
fn a_conversation_from_the_disk_goes_on_whatever_the_number_of_slots() {
    let folder = folder();
    let (mut model, first, then) = conversation();
    let expected = undisturbed(&first, &then);
    tell(&mut model, 3, &first);
    let state = model.context.save(3).expect("a sequence can be saved");
    let (storage, _) = Storage::open(folder.path()).expect("a temporary folder");
    let parked = KvSnapshot::new("alice".into(), first.clone(), state);
    storage.write_kv(&parked, model.fingerprint).expect("a temporary folder");
    drop(model);
    for slots in [2, 1, 4] {
        let mut model = with_slots(slots);
        let parked = storage.read_kv("alice", model.fingerprint).expect("the same model reads it");
        assert_eq!(parked.tokens(), first);
        let state = parked.open("alice").expect("nobody changed it");
        model.context.restore(slots - 1, state).expect("the number of slots is no part of a state");
        assert_eq!(model.context.length(slots - 1), length(&first));
        assert!(go_on(&mut model, slots - 1, &then) == expected, "{slots} slots");
    }
}

/// Makes one to three changes, most of them among the numbers.
fn mutate(state: &mut Vec<u8>, cells: usize, random: &mut Random) {
    // Counts and positions, then the start of the first layer's keys.
    let head = 8 + 12 * cells + 40;
    for _ in 0..=random.below(3) {
        if state.len() < 64 {
            return;
        }
        let end = if random.below(4) == 0 { state.len() } else { head.min(state.len()) };
        let at = random.below(end - 8);
        match random.below(6) {
            0 => state[at] ^= 1 << random.below(8),
            1 => {
                let value = random.pick(&[0, 1, 2, 255, 0x7fff_ffff, 0x8000_0000, u32::MAX]);
                let at = at / 4 * 4;
                state[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
            2 => {
                let value = random.pick(&[0, 1, u64::MAX, i64::MAX as u64, 1 << 32, 1 << 62]);
                state[at..at + 8].copy_from_slice(&value.to_le_bytes());
            }
            3 => {
                let length = random.below(64).min(state.len() - at);
                state.drain(at..at + length);
            }
            4 => {
                let copy = state[at..(at + random.below(64)).min(state.len())].to_vec();
                state.splice(at..at, copy);
            }
            _ => state.truncate(at),
        }
    }
}

#[test]
fn the_process_survives_mutated_states() {
    let (mut model, first, then) = conversation();
    tell(&mut model, 0, &first);
    let state = model.context.save(0).expect("a sequence can be saved");
    let (mut worked, mut refused) = (0, 0);
    for seed in 0..10_000 {
        let mut bytes = state.clone();
        mutate(&mut bytes, first.len(), &mut Random(seed));
        match model.context.restore(1, &bytes) {
            Ok(()) => {
                // The change may only have affected values, which are used like any others.
                assert_eq!(model.context.length(1), length(&first), "seed {seed}");
                if worked % 8 == 0 {
                    prefill(&mut model, 1, &then[..1], length(&first), None).expect("it fits");
                }
                worked += 1;
            }
            Err(error) => {
                assert!(!error.detail.is_empty());
                refused += 1;
            }
        }
        model.context.clear(1);
    }
    assert!(worked > 100 && refused > 5_000, "{worked} worked, {refused} were refused");
    assert_eq!(
        Turn::new(1).ask(&mut model, "What is my name?"),
        Turn::new(1).ask(&mut with_slots(4), "What is my name?")
    );
    assert!(go_on(&mut model, 0, &then) == undisturbed(&first, &then), "and its neighbour was not touched");
}
