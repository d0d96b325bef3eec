//! Cuts of conversations, under a template that gives each message as many tokens as its text says.

use std::cell::RefCell;

use super::prompt_fitting::{Fitted, TokenBudget, fit};
use crate::engine::Prompt;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{Message, Overflow, Role};

/// `s` for a system message, `u` for a user's, `a` for an answer; then the tokens it has.
fn talk(messages: &str) -> Vec<Message> {
    let message = |word: &str| {
        let (role, tokens) = word.split_at(1);
        let role = match role {
            "s" => Role::System,
            "u" => Role::User,
            _ => Role::Assistant,
        };
        Message::new(role, tokens)
    };
    messages.split(' ').map(message).collect()
}

fn render(messages: &[Message]) -> Result<Prompt> {
    let tokens = messages.iter().map(|message| message.content.parse::<usize>().expect("a number")).sum();
    Ok(Prompt { tokens: vec![0; tokens], stop: vec![], format: None })
}

/// Messages dropped and tokens left, in a context of 100, a quarter of which the answer may fill.
fn fitted_to_100(messages: &str, dropped: usize) -> Result<(usize, usize)> {
    fit(&talk(messages), dropped, Overflow::DropOldest, TokenBudget::new(100, Some(25)), render).map(shape)
}

fn shape(fitted: Fitted) -> (usize, usize) {
    (fitted.dropped, fitted.prompt.tokens.len())
}

#[test]
fn the_oldest_turns_go_until_half_of_the_context_is_free() {
    let cases = [
        // It fits, with a quarter to spare.
        ("u10 a10 u55", 0, (0, 75)),
        // One token more, and the oldest turns go.
        ("u10 a10 u10 a10 u36", 0, (4, 36)),
        ("u10 a16 u10 a10 u30", 0, (2, 50)),
        // The system prompt stays, however many messages it has.
        ("s10 u20 a20 u20 a20 u20", 0, (4, 30)),
        ("s5 s5 u20 a20 u20 a20 u20", 0, (4, 30)),
        // A system message in the midst of a conversation goes with its turn.
        ("s10 u20 s10 a20 u20 a20 u10", 0, (5, 20)),
        // A greeting belongs to the first turn.
        ("s10 a20 u20 a20 u20", 0, (3, 30)),
        ("s10 a20 u40 a20 u10", 0, (3, 20)),
        // Two questions in a row are two turns.
        ("u40 u40 a5 u5", 0, (1, 50)),
        // The last turn stays, and it runs as long as it fits.
        ("u30 a30 u60", 0, (2, 60)),
        ("s20 u30 a30 u80", 0, (2, 100)),
        ("u100", 0, (0, 100)),
        // A conversation begins where it began before, or later.
        ("s10 u90 a90 u20 a20 u20", 2, (2, 70)),
        ("s10 u90 a90 u20 a20 u20 a20 u20", 2, (6, 30)),
        // A number that is no cut, for example from a damaged file, moves to the cut before it.
        ("s10 u20 a20 u20", 1, (0, 70)),
        ("s10 u20 a20 u20", 9, (2, 30)),
        ("u20", 1, (0, 20)),
    ];
    for (messages, dropped, wanted) in cases {
        assert_eq!(fitted_to_100(messages, dropped), Ok(wanted), "{messages} without {dropped}");
    }
}

#[test]
fn a_last_turn_that_is_too_long_alone_is_an_error_with_the_numbers() {
    let detail = "the last message and the system prompt have 101 tokens, contextSize is 100 - shorten them or load \
                  the model with a larger contextSize";
    for messages in ["u101", "s21 u80", "s21 u10 a10 u10 a10 u80"] {
        assert_eq!(fitted_to_100(messages, 0), Err(Error::new(ErrorCode::ContextFull, detail)), "{messages}");
    }
}

#[test]
fn the_answer_gets_what_it_may_use_and_a_quarter_at_most_or_an_eighth_without_a_limit() {
    for (most, tokens, drops) in [
        (Some(10), 90, false),
        (Some(10), 91, true),
        (Some(25), 75, false),
        (Some(1_000_000), 75, false),
        (Some(1_000_000), 76, true),
        (None, 88, false),
        (None, 89, true),
    ] {
        let messages = talk(&format!("u{} a1 u1", tokens - 2));
        let fitted = fit(&messages, 0, Overflow::DropOldest, TokenBudget::new(100, most), render).expect("it fits");
        assert_eq!(fitted.dropped > 0, drops, "{most:?} beside {tokens}");
    }
}

#[test]
fn with_overflow_error_nothing_more_is_dropped() {
    let error = |messages: &str, dropped| {
        shape(
            fit(&talk(messages), dropped, Overflow::Error, TokenBudget::new(100, None), render)
                .expect("the engine decides"),
        )
    };
    assert_eq!(error("s10 u50 a50 u50", 0), (0, 160));
    assert_eq!(error("s10 u50 a50 u50", 2), (2, 60));
}

#[test]
fn a_thousand_turns_are_rendered_a_few_times_only() {
    let messages = talk(&vec!["u3 a3"; 1_000].join(" "));
    let renders = RefCell::new(0);
    let counted = |messages: &[Message]| {
        *renders.borrow_mut() += 1;
        render(messages)
    };
    let fitted =
        fit(&messages, 0, Overflow::DropOldest, TokenBudget::new(100, None), counted).expect("the last ones fit");
    assert_eq!(shape(fitted), (1_984, 48));
    assert!(renders.take() <= 11);
}

#[test]
fn a_cut_that_the_template_refuses_is_passed_over() {
    let refuse = |refused: fn(usize) -> bool| {
        move |messages: &[Message]| match refused(messages.len()) {
            true => Err(Error::new(ErrorCode::TemplateFailed, "so it is")),
            false => render(messages),
        }
    };
    let cut = |messages: &str, refused: fn(usize) -> bool| {
        fit(&talk(messages), 0, Overflow::DropOldest, TokenBudget::new(100, None), refuse(refused)).map(shape)
    };
    let long = "u30 a30 u10 a10 u10 a10 u20";
    assert_eq!(cut(long, |_| false), Ok((4, 40)));
    assert_eq!(cut(long, |left| left == 3), Ok((6, 20)), "the next one will do");
    assert_eq!(cut("u20 a20 u20 a20 u10", |left| left < 5), Ok((0, 90)), "uncut it fits, if tightly");
    assert_eq!(cut(long, |left| left < 7).map_err(|error| error.code), Err(ErrorCode::TemplateFailed));
}

#[test]
fn another_error_of_the_template_ends_the_search() {
    let dead = |messages: &[Message]| match messages.len() {
        3 => render(messages),
        _ => Err(Error::new(ErrorCode::InferenceFailed, "so it is")),
    };
    let ended = fit(&talk("u50 a50 u10"), 0, Overflow::DropOldest, TokenBudget::new(100, None), dead);
    assert_eq!(ended.map_err(|error| error.code), Err(ErrorCode::InferenceFailed));
}
