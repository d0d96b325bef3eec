//! Parses an answer while it is written. Where a template has the model think, call tools or write in a format of its
//! own, the raw text is parsed, and each part's new text is delivered.
//!
//! A parser reads the text from its beginning each time. So the pause between two parses is a frame at least, and grows
//! with the time that a parse takes: parsing is at most a twentieth of the work, however long the answer.

use std::time::{Duration, Instant};

use crate::engine::backend::{Answer, Format, Token};
use crate::engine::command::AnswerSink;
use crate::protocol::ToolCall;

/// The shortest pause between two parses: a frame.
const LEAST_PAUSE: Duration = Duration::from_millis(16);

/// The pause after a parse is this many times as long as the parse.
const PAUSE_FACTOR: u32 = 20;

/// The parser of one answer.
pub(in crate::engine) struct AnswerParser {
    format: Format,
    /// The generation's id: the prefix of ids for calls that have none.
    generation: String,
    raw: String,
    delivered: Answer,
    /// The time of the next parse.
    next: Option<Instant>,
}

impl AnswerParser {
    pub(in crate::engine) fn shows(&self, token: Token) -> bool {
        self.format.0.shows(token)
    }

    pub(in crate::engine) fn new(format: Format, generation: String) -> Self {
        Self { format, generation, raw: String::new(), delivered: Answer::default(), next: None }
    }

    /// Takes a piece of the raw answer, and delivers each part's new text if it is time to parse.
    pub(in crate::engine) fn push(&mut self, raw: &str, sink: &dyn AnswerSink, now: Instant) {
        self.raw.push_str(raw);
        if self.next.is_some_and(|next| now < next) {
            return;
        }
        let began = Instant::now();
        let parsed = self.format.0.parse(&self.raw, false);
        self.next = Some(now + LEAST_PAUSE.max(began.elapsed() * PAUSE_FACTOR));
        if let Ok(answer) = parsed {
            self.deliver(answer, sink);
        }
    }

    /// Delivers the rest, and returns all that was delivered except for calls that were cut short. If the answer was
    /// cut short, or its model left the format, the parts that can be told apart are delivered; if there are none, the
    /// raw text.
    pub(in crate::engine) fn finish(mut self, sink: &dyn AnswerSink) -> Answer {
        let whole = self.format.0.parse(&self.raw, true).map(|mut answer| {
            // A tool without parameters may be called without arguments. A call that was cut short fails this parse.
            for call in answer.tool_calls.iter_mut().filter(|call| call.arguments.is_empty()) {
                call.arguments = "{}".to_owned();
            }
            answer
        });
        match whole.or_else(|_| self.format.0.parse(&self.raw, false)) {
            Ok(answer) if !answer.is_empty() => self.deliver(answer, sink),
            Ok(_) | Err(_) if self.delivered.is_empty() => {
                self.deliver(Answer { text: self.raw.clone(), ..Answer::default() }, sink);
            }
            Ok(_) | Err(_) => {}
        }
        self.delivered.without_cut_calls()
    }

    /// A part that does not continue its delivered text stays as it was delivered.
    fn deliver(&mut self, answer: Answer, sink: &dyn AnswerSink) {
        let delivered = &mut self.delivered;
        if let Some(gained) = gained(&mut delivered.reasoning, &answer.reasoning) {
            sink.reasoning(gained);
        }
        if let Some(gained) = gained(&mut delivered.text, &answer.text) {
            sink.text(gained);
        }
        for (index, call) in answer.tool_calls.into_iter().enumerate() {
            // Until arguments follow it, a name may still grow.
            if call.name.is_empty() || call.arguments.is_empty() {
                break;
            }
            if delivered.tool_calls.len() == index {
                let is_taken = delivered.tool_calls.iter().any(|other| other.id == call.id);
                let id = if call.id.is_empty() || is_taken { format!("{}-{index}", self.generation) } else { call.id };
                delivered.tool_calls.push(ToolCall { id, name: call.name, arguments: String::new() });
            }
            let known = &mut delivered.tool_calls[index];
            if let Some(gained) = gained(&mut known.arguments, &call.arguments) {
                sink.tool_call(index, &known.id, &known.name, gained);
            }
        }
    }
}

/// The text that `now` adds to `before`, if it begins with `before`.
fn gained<'a>(before: &mut String, now: &'a str) -> Option<&'a str> {
    let gained = now.strip_prefix(before.as_str()).filter(|gained| !gained.is_empty())?;
    before.push_str(gained);
    Some(gained)
}

#[cfg(test)]
mod tests {
    use std::any::Any;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::engine::backend::AnswerFormat;
    use crate::error::{Error, ErrorCode, Result};
    use crate::protocol::TokenLogprob;

    /// `(thought)text[name arguments]`, of which any end may be missing until the answer is complete.
    struct Brackets;

    impl AnswerFormat for Brackets {
        fn parse(&self, raw: &str, complete: bool) -> Result<Answer> {
            let mut answer = Answer::default();
            let mut rest = raw;
            if let Some(thought) = raw.strip_prefix('(') {
                let (thought, after) = thought.split_once(')').unwrap_or((thought, ""));
                (answer.reasoning, rest) = (thought.to_owned(), after);
            }
            let mut parts = rest.split('[');
            answer.text = parts.next().unwrap_or_default().to_owned();
            for call in parts {
                if complete && !call.ends_with(']') {
                    return Err(Error::new(ErrorCode::InferenceFailed, "a call has no end"));
                }
                let (name, arguments) = call.trim_end_matches(']').split_once(' ').unwrap_or((call, ""));
                let (name, arguments) = (name.trim_end_matches(']').to_owned(), arguments.to_owned());
                answer.tool_calls.push(ToolCall { id: String::new(), name, arguments });
            }
            Ok(answer)
        }

        fn shows(&self, token: Token) -> bool {
            token == 7
        }

        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl Told {
        fn say(&self, what: String) {
            self.0.lock().expect("one thread").push(what);
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().expect("one thread"))
        }
    }

    impl AnswerSink for Told {
        fn text(&self, text: &str) {
            self.say(format!("says {text}"));
        }

        fn reasoning(&self, text: &str) {
            self.say(format!("thinks {text}"));
        }

        fn tool_call(&self, index: usize, id: &str, name: &str, arguments: &str) {
            self.say(format!("calls {index} {id} {name} {arguments}"));
        }

        fn logprob(&self, token: TokenLogprob) {
            unreachable!("a parser knows no tokens: {token:?}");
        }
    }

    fn parser() -> AnswerParser {
        AnswerParser::new(Format(Arc::new(Brackets)), "g".to_owned())
    }

    /// The lines that the sink gets after each piece, with more than a frame between pieces, and at the end.
    fn told(pieces: &[&str]) -> (Vec<Vec<String>>, Answer) {
        let (mut parser, sink) = (parser(), Told::default());
        let mut now = Instant::now();
        let mut told = Vec::new();
        for piece in pieces {
            now += Duration::from_secs(10);
            parser.push(piece, &sink, now);
            told.push(sink.take());
        }
        let answer = parser.finish(&sink);
        told.push(sink.take());
        (told, answer)
    }

    #[test]
    fn each_part_is_delivered_as_it_grows() {
        let (told, answer) = told(&["(I won", "der)He", "llo[get", "_x {\"a\"", ":1}]", "[b ]"]);
        assert_eq!(
            told,
            [
                vec!["thinks I won"],
                vec!["thinks der", "says He"],
                vec!["says llo"],
                vec!["calls 0 g-0 get_x {\"a\""],
                vec!["calls 0 g-0 get_x :1}"],
                vec![],
                vec!["calls 1 g-1 b {}"],
            ]
        );
        assert_eq!(
            (answer.reasoning.as_str(), answer.text.as_str(), answer.tool_calls.len()),
            ("I wonder", "Hello", 2)
        );
        assert_eq!(answer.tool_calls[0].arguments, "{\"a\":1}");
    }

    #[test]
    fn an_answer_that_was_cut_short_is_what_can_be_made_of_it() {
        let (told, answer) = told(&["Hello[a {\"b", "\":"]);
        assert_eq!(told.concat(), ["says Hello", "calls 0 g-0 a {\"b", "calls 0 g-0 a \":"]);
        assert_eq!(answer, Answer { text: "Hello".to_owned(), ..Answer::default() });
    }

    #[test]
    fn a_call_that_was_cut_short_is_none_and_those_before_it_are() {
        for cut in ["[b", "[b ", "[b {", "[b {\"c\":", "[b [1]"] {
            let (_, answer) = told(&["[a {}]", cut]);
            let names: Vec<_> = answer.tool_calls.iter().map(|call| call.name.as_str()).collect();
            assert_eq!(names, ["a"], "{cut}");
        }
    }

    #[test]
    fn pieces_that_come_within_a_frame_wait_for_it() {
        let (mut parser, sink) = (parser(), Told::default());
        let now = Instant::now();
        for piece in ["a", "b", "c"] {
            parser.push(piece, &sink, now);
        }
        assert_eq!(sink.take(), ["says a"]);
        parser.push("d", &sink, now + Duration::from_secs(10));
        assert_eq!(sink.take(), ["says bcd"]);
        assert_eq!(parser.finish(&sink).text, "abcd");
    }

    #[test]
    fn the_format_says_which_control_tokens_are_shown() {
        assert_eq!([6, 7].map(|token| parser().shows(token)), [false, true]);
    }

    /// Never parses anything.
    struct Unparsable;

    impl AnswerFormat for Unparsable {
        fn parse(&self, _: &str, _: bool) -> Result<Answer> {
            Err(Error::new(ErrorCode::InferenceFailed, "not in its format"))
        }

        fn shows(&self, _: Token) -> bool {
            false
        }

        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    #[test]
    fn what_is_in_no_format_is_text() {
        let (mut parser, sink) = (AnswerParser::new(Format(Arc::new(Unparsable)), "g".to_owned()), Told::default());
        parser.push("what", &sink, Instant::now());
        assert_eq!(parser.finish(&sink).text, "what");
        assert_eq!(sink.take(), ["says what"]);
    }
}
