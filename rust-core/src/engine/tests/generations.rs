//! One generation: its text, its end, its numbers, and what it leaves when it fails.

use super::*;
use crate::engine::scripted::Point;

#[test]
fn an_answer_streams_and_its_numbers_are_true() {
    let script = Script::new();
    script.answer("hello there", "hi you two");
    let mut harness = Harness::loaded(&script);
    let finished = harness.ask(turn("a", "hello there"));
    assert_eq!((finished.answer.text.as_str(), finished.reason), ("hi you two", FinishReason::Stop));
    // <user> hello there <end> <assistant>
    let usage = Usage { prompt_tokens: 5, cached_tokens: 0, prefilled_tokens: 5, output_tokens: 3 };
    assert_eq!(finished.usage, usage);
    let timings = finished.timings;
    assert!(timings.prefill_ms > 0.0 && timings.decode_ms > 0.0 && timings.queued_ms >= 0.0);
    assert!((timings.first_token_ms - timings.queued_ms - timings.prefill_ms).abs() < 0.001);
    assert_eq!(harness.cached("a"), Some(8));
    let reported: Vec<&str> = harness.log[12..].iter().map(String::as_str).collect();
    let wanted =
        ["prefilling hello there 0/5", "prefilling hello there 5/5", "cached a Some(8)", "finished hello there Stop"];
    assert_eq!(reported, wanted);
}

#[test]
fn characters_cut_between_tokens_arrive_whole() {
    let script = Script::new();
    script.answer_in_pieces("hello", &[b"caf\xc3", b"\xa9 ", b"\xf0\x9f", b"\x98\x80"]);
    let finished = Harness::loaded(&script).ask(turn("a", "hello"));
    assert_eq!((finished.answer.text.as_str(), finished.usage.output_tokens), ("café 😀", 4));
}

#[test]
fn stop_texts_of_caller_and_template_end_the_answer() {
    for (own, template) in [(vec!["END".to_owned()], vec![]), (vec![], vec!["END".to_owned()])] {
        let script = Script::new();
        script.answer_in_pieces("hello", &[b"one", b" E", b"N", b"D two"]);
        let mut question = turn("a", "hello").options(|options| options.stop = own);
        question.stop = template;
        let finished = Harness::loaded(&script).ask(question);
        assert_eq!((finished.answer.text.as_str(), finished.reason), ("one ", FinishReason::Stop));
    }
}

#[test]
fn text_held_back_for_a_stop_text_is_delivered_at_the_end() {
    let script = Script::new();
    script.answer_in_pieces("hello", &[b"one", b" EN"]);
    let question = turn("a", "hello").options(|options| options.stop = vec!["END".into()]);
    assert_eq!(Harness::loaded(&script).ask(question).answer.text, "one EN");
}

#[test]
fn the_logprob_of_each_token_is_reported_if_asked_for() {
    let script = Script::new();
    script.answer_in_pieces("hello", &[b"one", b" E", b"N", b"D two"]);
    let mut harness = Harness::loaded(&script);
    let ask = |harness: &mut Harness, scope, logprobs| {
        let mut question = turn(scope, "hello").options(|options| options.logprobs = logprobs);
        question.stop = vec!["END".into()];
        let sent = harness.send(question);
        let finished = harness.finished(&sent);
        (sent.sink.logprobs(), finished.usage.output_tokens)
    };
    // Tokens that became a stop text are reported too.
    let told = |others| ["one", " E", "N", "D two"].map(|text| (text.to_owned(), others)).to_vec();
    assert_eq!(ask(&mut harness, "a", Some(2)), (told(2), 4));
    assert_eq!(ask(&mut harness, "b", Some(0)), (told(0), 4));
    assert_eq!(ask(&mut harness, "c", None), (vec![], 4));
    // The token that ends an answer is no part of it.
    script.answer("bye", "bye");
    let sent = harness.send(turn("d", "bye").options(|options| options.logprobs = Some(0)));
    harness.finished(&sent);
    assert_eq!(sent.sink.logprobs(), [("bye".to_owned(), 0)]);
}

#[test]
fn the_output_limit_ends_with_length() {
    let script = Script::new();
    script.answer("hello", "one two three");
    let mut harness = Harness::loaded(&script);
    let finished = harness.ask(turn("a", "hello").options(|options| options.max_output_tokens = Some(2)));
    assert_eq!((finished.answer.text.as_str(), finished.reason), ("one two", FinishReason::Length));
    assert_eq!(script.counts().decode_calls, 1, "the last token needs no decode");
    // A limit of one token needs no decode at all.
    let finished = harness.ask(turn("b", "hello").options(|options| options.max_output_tokens = Some(1)));
    assert_eq!((finished.answer.text.as_str(), script.counts().decode_calls), ("one", 1));
}

#[test]
fn a_prompt_longer_than_the_context_fails_before_anything_is_computed() {
    let script = Script::new();
    let mut harness = Harness::loaded_with(&script, |config| config.context_size = Some(5));
    let finished = harness.ask(turn("a", "one two three"));
    assert_eq!(code(&finished), Some(ErrorCode::ContextFull));
    assert_eq!((script.counts().prefilled_rows, finished.usage), (0, Usage::default()));
    // A prompt that just fits leaves room for one token.
    let finished = harness.ask(turn("a", "one two").options(|options| options.max_output_tokens = Some(1)));
    assert_eq!((finished.answer.text.as_str(), finished.reason), ("you", FinishReason::Length));
}

#[test]
fn a_prompt_without_tokens_is_refused() {
    let harness = Harness::loaded(&Script::new());
    let (mut job, _) = harness.job(turn("a", "hello"));
    job.prompt.tokens.clear();
    assert!(harness.engine.send(EngineCommand::Generate(job)).is_ok());
    let mut harness = harness;
    harness.until(|report| matches!(report, EngineReport::Finished(_)));
    assert_eq!(harness.log.last().map(String::as_str), Some("finished hello TemplateFailed"));
}

#[test]
fn an_answer_that_fills_the_context_fails_and_goes_back() {
    let script = Script::new();
    script.answer("hello", "1 2 3 4 5 6 7 8");
    for (keep_partial, left) in [(false, 0), (true, 6)] {
        let mut harness = Harness::loaded_with(&script, |config| config.context_size = Some(6));
        let mut question = turn("a", "hello").options(|options| options.keep_partial = keep_partial);
        question.overflow = Overflow::Error;
        let finished = harness.ask(question);
        assert_eq!((finished.answer.text.as_str(), code(&finished)), ("1 2 3", Some(ErrorCode::ContextFull)));
        assert_eq!(harness.cached("a"), Some(left));
    }
}

#[test]
fn an_answer_that_fills_the_context_ends_with_its_length_under_the_default_overflow() {
    let script = Script::new();
    script.answer("hello", "1 2 3 4 5 6 7 8");
    let mut harness = Harness::loaded_with(&script, |config| config.context_size = Some(6));
    let finished = harness.ask(turn("a", "hello"));
    assert_eq!((finished.answer.text.as_str(), finished.reason), ("1 2 3", FinishReason::Length));
    assert_eq!(harness.cached("a"), Some(6));
}

#[test]
fn a_memory_that_is_full_in_a_prefill_fails_the_turn_under_any_overflow() {
    for overflow in [Overflow::DropOldest, Overflow::Error] {
        let script = Script::new();
        script.full_at(Point::Prefilled(2));
        let mut harness = Harness::loaded(&script);
        let mut question = turn("a", "hello");
        question.overflow = overflow;
        assert_eq!(code(&harness.ask(question)), Some(ErrorCode::ContextFull));
    }
}

#[test]
fn a_full_memory_ends_the_longest_stream_alone() {
    let script = Script::new();
    script.full_at(Point::Decode(2));
    let mut harness = Harness::loaded(&script);
    let mut question = turn("a", "a rather long question");
    question.overflow = Overflow::Error;
    let long = harness.send(question);
    let short = harness.send(turn("b", "short"));
    assert_eq!(code(&harness.finished(&long)), Some(ErrorCode::ContextFull));
    assert_eq!(harness.finished(&short).answer.text, "you said: short");
}

#[test]
fn a_cancelled_turn_goes_back_to_where_it_began() {
    let script = Script::new();
    let mut harness = Harness::loaded(&script);
    script.answer("one", "first answer");
    harness.ask(turn("a", "one"));
    let before = harness.cached("a");
    for point in [Point::Prefilled(6), Point::Decode(4)] {
        let gate = script.gate(point);
        let sent = harness.send(turn("a", "two").after("one", "first answer"));
        gate.wait();
        sent.cancel.cancel();
        gate.open();
        assert_eq!(harness.finished(&sent).reason, FinishReason::Cancelled);
        assert_eq!(harness.cached("a"), before, "{point:?}");
    }
}

#[test]
fn a_cancelled_turn_keeps_the_delivered_text_if_asked_to() {
    let script = Script::new();
    script.answer("hello", "one two three four");
    let gate = script.gate(Point::Decode(2));
    let mut harness = Harness::loaded(&script);
    let sent = harness.send(turn("a", "hello").options(|options| options.keep_partial = true));
    gate.wait();
    sent.cancel.cancel();
    gate.open();
    let finished = harness.finished(&sent);
    assert_eq!((finished.answer.text.as_str(), finished.reason), ("one two three", FinishReason::Cancelled));
    assert_eq!(harness.cached("a"), Some(6), "<user> hello <end> <assistant> one two");
    let next = harness.ask(turn("a", "go on").after("hello", "one two three"));
    assert_eq!((next.usage.cached_tokens, next.answer.text.as_str()), (6, "you said: go on"));
}

#[test]
fn a_cancelled_prefill_keeps_its_rows_if_asked_to() {
    let script = Script::new();
    let gate = script.gate(Point::Prefilled(3));
    let mut harness = Harness::loaded(&script);
    let sent = harness.send(turn("a", "one two three four").options(|options| options.keep_partial = true));
    gate.wait();
    sent.cancel.cancel();
    gate.open();
    let finished = harness.finished(&sent);
    assert_eq!((finished.reason, finished.usage.prefilled_tokens), (FinishReason::Cancelled, 3));
    assert_eq!(harness.cached("a"), Some(3));
    assert_eq!(harness.ask(turn("a", "one two three four")).usage.cached_tokens, 3);
}

#[test]
fn a_failed_decode_fails_its_streams_and_drops_their_memory() {
    let script = Script::new();
    script.fail_at(Point::Decode(2), "the backend said no");
    let mut harness = Harness::loaded(&script);
    let sent = harness.send(turn("a", "hello").options(|options| options.keep_partial = true));
    let finished = harness.finished(&sent);
    assert_eq!(code(&finished), Some(ErrorCode::InferenceFailed));
    assert!(finished.error.is_some_and(|error| error.detail.contains("the backend said no")));
    assert_eq!(harness.cached("a"), Some(0));
    assert_eq!(harness.ask(turn("a", "again")).answer.text, "you said: again");
}

#[test]
fn a_failed_prefill_or_sample_fails_its_turn_alone() {
    for point in [Point::Prefilled(2), Point::Sample(1)] {
        let script = Script::new();
        script.fail_at(point, "no");
        let mut harness = Harness::loaded(&script);
        assert_eq!(code(&harness.ask(turn("a", "hello"))), Some(ErrorCode::InferenceFailed), "{point:?}");
        assert_eq!(harness.cached("a"), Some(0));
        assert_eq!(harness.ask(turn("a", "again")).answer.text, "you said: again");
    }
}
