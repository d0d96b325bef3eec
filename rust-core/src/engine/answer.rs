//! What an answer is made of, as it is written. Where a template has the model think, call tools or write in a form of its
//! own, its raw text is parsed, and what the parts have gained is delivered.
//!
//! A parser reads the text from its beginning, each time; so the time between two readings is a frame at least and grows with
//! the time that a reading takes: reading is a twentieth of the work at most, however long the answer.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{AnswerSink, Token};
use crate::error::Result;
use crate::protocol::ToolCall;

/// The parts of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What was thought before it.
    pub reasoning: String,
    /// What is said.
    pub text: String,
    /// The tools to be called.
    pub tool_calls: Vec<ToolCall>,
}

impl Answer {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.reasoning.is_empty() && self.text.is_empty() && self.tool_calls.is_empty()
    }

    /// Without calls that were cut short, by a stop text, a limit or a cancel: nobody can carry them out, and a template could not
    /// render them.
    #[must_use]
    pub fn without_cut_calls(mut self) -> Self {
        self.tool_calls.retain(ToolCall::is_whole);
        self
    }
}

/// How the answers to one prompt are written: given by the template, with what its tools and its form of answer came to.
pub trait AnswerFormat: Send + Sync {
    /// The parts of an answer. `complete`: nothing follows, and an error says that it is not in this format; before that, a part
    /// whose end has not come is left open or left out.
    fn parse(&self, raw: &str, complete: bool) -> Result<Answer>;

    /// Whether a control token is part of the raw text, such as one that begins a call.
    fn shows(&self, token: Token) -> bool;

    /// For the implementation behind `InferenceContext::sampler`, which knows its own formats.
    fn as_any(&self) -> &dyn Any;
}

/// A format that prompts share. Two are equal when they are the same one.
#[derive(Clone)]
pub struct Format(pub Arc<dyn AnswerFormat>);

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Format(…)")
    }
}

/// Between two readings of an answer: a frame.
const LEAST_PAUSE: Duration = Duration::from_millis(16);

/// A reading may take this share of the time until the next one.
const READING_SHARE: u32 = 20;

/// Reads one answer in its format while it is written, and delivers what each part has gained.
pub(super) struct Reader {
    format: Format,
    /// Of this generation, in front of the numbers of its calls.
    generation: String,
    raw: String,
    delivered: Answer,
    next: Option<Instant>,
}

impl Reader {
    pub(super) fn shows(&self, token: Token) -> bool {
        self.format.0.shows(token)
    }

    pub(super) fn new(format: Format, generation: String) -> Self {
        Self { format, generation, raw: String::new(), delivered: Answer::default(), next: None }
    }

    /// Takes a piece of the raw answer, and delivers what can be told by now, if it is time to look.
    pub(super) fn push(&mut self, raw: &str, sink: &dyn AnswerSink, now: Instant) {
        self.raw.push_str(raw);
        if self.next.is_some_and(|next| now < next) {
            return;
        }
        let began = Instant::now();
        let parsed = self.format.0.parse(&self.raw, false);
        self.next = Some(now + LEAST_PAUSE.max(began.elapsed() * READING_SHARE));
        if let Ok(answer) = parsed {
            self.deliver(answer, sink);
        }
    }

    /// Delivers the rest, and gives what was delivered, but for calls that were cut short. An answer that was cut short, or that its
    /// model wrote in another format, is what can be made out of it; in the worst case its raw text.
    pub(super) fn finish(mut self, sink: &dyn AnswerSink) -> Answer {
        let whole = self.format.0.parse(&self.raw, true).map(|mut answer| {
            // A tool without parameters may be called without a word. One that was cut short has none yet.
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

    /// A part that is not what was delivered with something behind it stays as it was delivered.
    fn deliver(&mut self, answer: Answer, sink: &dyn AnswerSink) {
        let delivered = &mut self.delivered;
        if let Some(gained) = gained(&mut delivered.reasoning, &answer.reasoning) {
            sink.reasoning(gained);
        }
        if let Some(gained) = gained(&mut delivered.text, &answer.text) {
            sink.text(gained);
        }
        for (index, call) in answer.tool_calls.into_iter().enumerate() {
            // Its name may still grow while nothing follows it.
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

/// What a part has more than before, if that is its beginning.
fn gained<'a>(before: &mut String, now: &'a str) -> Option<&'a str> {
    let gained = now.strip_prefix(before.as_str()).filter(|gained| !gained.is_empty())?;
    before.push_str(gained);
    Some(gained)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::error::{Error, ErrorCode};
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
            unreachable!("a reader knows no tokens: {token:?}");
        }
    }

    fn reader() -> Reader {
        Reader::new(Format(Arc::new(Brackets)), "g".to_owned())
    }

    /// What is told after each piece, with a frame and more between them, and at the end.
    fn told(pieces: &[&str]) -> (Vec<Vec<String>>, Answer) {
        let (mut reader, sink) = (reader(), Told::default());
        let mut now = Instant::now();
        let mut told = Vec::new();
        for piece in pieces {
            now += Duration::from_secs(10);
            reader.push(piece, &sink, now);
            told.push(sink.take());
        }
        let answer = reader.finish(&sink);
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
        let (mut reader, sink) = (reader(), Told::default());
        let now = Instant::now();
        for piece in ["a", "b", "c"] {
            reader.push(piece, &sink, now);
        }
        assert_eq!(sink.take(), ["says a"]);
        reader.push("d", &sink, now + Duration::from_secs(10));
        assert_eq!(sink.take(), ["says bcd"]);
        assert_eq!(reader.finish(&sink).text, "abcd");
    }

    #[test]
    fn the_format_says_which_control_tokens_are_shown() {
        assert_eq!([6, 7].map(|token| reader().shows(token)), [false, true]);
    }

    /// Never reads anything.
    struct Illiterate;

    impl AnswerFormat for Illiterate {
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
        let (mut reader, sink) = (Reader::new(Format(Arc::new(Illiterate)), "g".to_owned()), Told::default());
        reader.push("what", &sink, Instant::now());
        assert_eq!(reader.finish(&sink).text, "what");
        assert_eq!(sink.take(), ["says what"]);
    }
}
