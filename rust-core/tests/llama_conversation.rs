//! The backend traits on llama.cpp with the tiny model, driven by hand as an engine drives them.

#![cfg(feature = "llama")]

mod llama_common;

use llama_common::{Turn, answer, config, greedy, load, message, prefill};
use llama_rs_core::engine::{CancelFlag, DecodeError, Row};
use llama_rs_core::protocol::{GenerateOptions, Role};

#[test]
fn every_option_left_out_is_chosen() {
    let model = load(&config());
    assert_eq!(model.info.trained_context_size, 1_024);
    assert_eq!(model.info.context_size, 1_024);
    assert_eq!(model.info.max_resident, 16);
    assert!(model.info.threads >= 1);
    assert!(model.info.has_chat_template);
    assert!(model.info.size_bytes > 500_000);
    assert_eq!(model.info.parameter_count, 951_424);
    assert!(model.info.description.contains("llama"), "{}", model.info.description);
}

#[test]
fn a_prompt_is_the_models_own_template() {
    let model = load(&config());
    let messages = [message(Role::System, "be brief"), message(Role::User, "hi"), message(Role::Assistant, "Hello!")];
    let messages = [&messages[..], &[message(Role::User, "bye")]].concat();
    let prompt = model.prompter.render(&messages, &GenerateOptions::default()).expect("the template takes these");
    let text: Vec<u8> = prompt.tokens.iter().flat_map(|token| model.context.prompt_bytes(*token)).collect();
    let expected = "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n\
                    <|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nbye<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(String::from_utf8_lossy(&text), expected);
    assert!(model.context.is_control(prompt.tokens[0]), "the template's marks are control tokens");
    assert!(model.context.text(prompt.tokens[0]).is_empty(), "an answer never shows them");
}

#[test]
fn a_fact_is_remembered_over_a_turn() {
    let mut model = load(&config());
    let mut turn = Turn::new(0);
    turn.ask(&mut model, "My name is Alice");
    let reply = turn.ask(&mut model, "What is my name?");
    assert!(reply.contains("Alice"), "{reply}");
}

#[test]
fn two_sequences_never_mix() {
    let mut model = load(&config());
    let (mut one, mut two) = (Turn::new(0), Turn::new(3));
    one.ask(&mut model, "My name is Alice");
    two.ask(&mut model, "My name is Bob");
    assert!(one.ask(&mut model, "What is my name?").contains("Alice"));
    assert!(two.ask(&mut model, "What is my name?").contains("Bob"));
}

#[test]
fn one_batch_decodes_several_sequences() {
    let mut model = load(&config());
    let alone = {
        let tokens = model
            .prompter
            .render(&[message(Role::User, "hello")], &GenerateOptions::default())
            .expect("renders")
            .tokens;
        let row = prefill(&mut model, 0, &tokens, 0, None).expect("fits");
        let mut sampler = greedy(&model);
        let first = model.context.sample(row, &mut *sampler).expect("has logits");
        model.context.clear(0);
        (tokens, first)
    };
    let (tokens, first) = alone;
    let (last, start) = tokens.split_last().expect("a prompt is not empty");
    for sequence in 0..2 {
        prefill(&mut model, sequence, start, 0, None).expect("fits");
    }
    let position = u32::try_from(start.len()).expect("short");
    let rows = [0, 1].map(|sequence| Row { sequence, position, token: *last, wants_logits: true });
    model.context.decode(&rows, None).expect("fits");
    for row in 0..2 {
        let mut sampler = greedy(&model);
        assert_eq!(model.context.sample(row, &mut *sampler).expect("has logits"), first);
    }
}

#[test]
fn truncating_and_going_on_chooses_as_before() {
    let mut model = load(&config());
    let tokens = model
        .prompter
        .render(&[message(Role::User, "My name is Carol")], &GenerateOptions::default())
        .expect("renders")
        .tokens;
    let length = u32::try_from(tokens.len()).expect("short");
    prefill(&mut model, 0, &tokens, 0, None).expect("fits");
    let first = answer(&mut model, 0, length, tokens.len() - 1);
    assert!(model.context.length(0) > length);

    assert!(model.context.truncate(0, length - 4));
    assert_eq!(model.context.length(0), length - 4);
    let row = prefill(&mut model, 0, &tokens[tokens.len() - 4..], length - 4, None).expect("fits");
    assert_eq!(answer(&mut model, 0, length, row), first);
}

#[test]
fn a_set_flag_aborts_a_prefill() {
    let mut model = load(&config());
    let flag = CancelFlag::default();
    flag.cancel();
    assert_eq!(prefill(&mut model, 0, &[5; 400], 0, Some(&flag)), Err(DecodeError::Aborted));
    assert!(model.context.length(0) < 400);
    let error = model.context.sample(399, &mut *greedy(&model)).expect_err("an aborted decode has no logits");
    assert!(error.detail.contains("no logits"), "{error}");

    model.context.clear(0);
    prefill(&mut model, 0, &[5; 400], 0, None).expect("the flag is armed for one decode alone");
    assert_eq!(model.context.length(0), 400);
}

#[test]
fn the_same_seed_chooses_alike_and_another_does_not() {
    let mut model = load(&config());
    let tokens = model
        .prompter
        .render(&[message(Role::User, "tell me something")], &GenerateOptions::default())
        .expect("renders")
        .tokens;
    let row = prefill(&mut model, 0, &tokens, 0, None).expect("fits");
    let mut draw = |seed| {
        // At this temperature thirty equal draws from two seeds are practically impossible.
        let options = GenerateOptions {
            temperature: Some(5.0),
            top_k: Some(0),
            top_p: Some(1.0),
            min_p: Some(0.0),
            seed: Some(seed),
            ..GenerateOptions::default()
        };
        let mut sampler = model.context.sampler(&options, None).expect("in range");
        (0..30).map(|_| model.context.sample(row, &mut *sampler).expect("has logits")).collect::<Vec<_>>()
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    assert_eq!(draw(u32::MAX), draw(u32::MAX), "the largest seed is a seed like any other");
}

#[test]
fn a_penalty_changes_the_choice() {
    let mut model = load(&config());
    let tokens =
        model.prompter.render(&[message(Role::User, "hello")], &GenerateOptions::default()).expect("renders").tokens;
    let row = prefill(&mut model, 0, &tokens, 0, None).expect("fits");
    let options = GenerateOptions {
        temperature: Some(0.0),
        repeat_penalty: Some(10.0),
        presence_penalty: Some(2.0),
        frequency_penalty: Some(2.0),
        ..GenerateOptions::default()
    };
    let mut penalized = model.context.sampler(&options, None).expect("in range");
    let first = model.context.sample(row, &mut *penalized).expect("has logits");
    let later: Vec<_> = (0..5).map(|_| model.context.sample(row, &mut *penalized).expect("has logits")).collect();
    assert!(later.iter().any(|token| *token != first), "the same logits, but the first choice is penalized now");
    let mut plain = greedy(&model);
    let same: Vec<_> = (0..5).map(|_| model.context.sample(row, &mut *plain).expect("has logits")).collect();
    assert_eq!(same, vec![first; 5]);
}

#[test]
fn what_llama_cpp_would_assert_is_an_error() {
    let mut model = load(&config());
    let row = |sequence, token, position| Row { sequence, position, token, wants_logits: true };
    for rows in [
        vec![],
        vec![row(16, 5, 0)],
        vec![row(0, -1, 0)],
        vec![row(0, 768, 0)],
        vec![row(0, 5, 0); 513],
        (0..17).map(|position| row(0, 5, position)).collect(),
    ] {
        assert!(matches!(model.context.decode(&rows, None), Err(DecodeError::Failed(_))), "{} rows", rows.len());
    }
    assert_eq!(model.context.decode(&[row(0, 5, 1_024)], None), Err(DecodeError::Full));
    assert_eq!(model.context.length(99), 0);
    assert!(!model.context.truncate(99, 0));
    model.context.clear(99);
    assert!(model.context.sample(0, &mut *greedy(&model)).is_err());
    assert!(model.context.text(-1).is_empty());
    assert!(!model.context.is_end(768));
}

#[test]
fn a_sequence_holds_exactly_the_context_size() {
    let mut model =
        load(&llama_rs_core::protocol::ModelConfig { context_size: Some(300), max_resident: Some(2), ..config() });
    assert_eq!((model.info.context_size, model.info.max_resident), (300, 2));
    for sequence in 0..2 {
        prefill(&mut model, sequence, &[5; 300], 0, None).expect("as long as was asked for");
        assert_eq!(prefill(&mut model, sequence, &[5], 300, None), Err(DecodeError::Full));
    }
}

#[test]
fn prompts_render_on_other_threads_while_the_model_decodes() {
    let mut model = load(&config());
    let messages = [message(Role::User, "What is my name?")];
    let expected = model.prompter.render(&messages, &GenerateOptions::default()).expect("renders");
    let prompter = std::sync::Arc::clone(&model.prompter);
    std::thread::scope(|scope| {
        let renderers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..25)
                        .map(|_| prompter.render(&messages, &GenerateOptions::default()).expect("renders"))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for position in (0..800).step_by(100) {
            prefill(&mut model, 0, &[5; 100], position, None).expect("fits");
        }
        for renderer in renderers {
            assert!(renderer.join().expect("no panic").iter().all(|prompt| *prompt == expected));
        }
    });
}

#[test]
fn the_number_of_threads_changes_between_decodes() {
    let mut model = load(&config());
    let mut turn = Turn::new(0);
    turn.ask(&mut model, "My name is Alice");
    model.context.set_threads(1);
    assert!(turn.ask(&mut model, "What is my name?").contains("Alice"));
}
