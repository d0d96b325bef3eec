//! Turns token bytes into answer text: whole characters only, and no part of a stop text.

/// Assembles one answer. Bytes that may still become part of a stop text, or of a character, are held back.
pub(in crate::engine) struct Assembler {
    stops: Vec<Vec<u8>>,
    held: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Found {
    Nothing,
    /// A stop text is complete; the answer ends before it.
    Stop,
}

impl Assembler {
    /// Empty stop texts are ignored.
    pub(in crate::engine) fn new<'a>(stops: impl Iterator<Item = &'a String>) -> Self {
        let stops = stops.filter(|stop| !stop.is_empty()).map(|stop| stop.as_bytes().to_vec()).collect();
        Self { stops, held: Vec::new() }
    }

    /// Takes a token's bytes, and adds the deliverable text to `out`.
    pub(in crate::engine) fn push(&mut self, bytes: &[u8], out: &mut String) -> Found {
        if self.stops.is_empty()
            && self.held.is_empty()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            out.push_str(text);
            return Found::Nothing;
        }
        self.held.extend_from_slice(bytes);
        if let Some(end) = self.stops.iter().filter_map(|stop| find(&self.held, stop)).min() {
            self.held.truncate(end);
            self.flush(out);
            return Found::Stop;
        }
        let safe = self.held.len() - self.possible_stop();
        let delivered = deliver(&self.held[..safe], out);
        self.held.drain(..delivered);
        Found::Nothing
    }

    /// Delivers the bytes that were held back. A character that was never completed is left out.
    pub(in crate::engine) fn flush(&mut self, out: &mut String) {
        deliver(&self.held, out);
        self.held.clear();
    }

    /// The length of the longest suffix of `held` that begins a stop text.
    fn possible_stop(&self) -> usize {
        let longest = |stop: &Vec<u8>| {
            let most = self.held.len().min(stop.len() - 1);
            (1..=most).rev().find(|length| self.held.ends_with(&stop[..*length])).unwrap_or(0)
        };
        self.stops.iter().map(longest).max().unwrap_or(0)
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// Adds whole characters to `out`, invalid bytes as U+FFFD, and returns how many bytes that took: all but an unfinished
/// character at the end.
fn deliver(bytes: &[u8], out: &mut String) -> usize {
    let mut done = 0;
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        done += chunk.valid().len();
        let invalid = chunk.invalid();
        let unfinished = done + invalid.len() == bytes.len()
            && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        if unfinished {
            break;
        }
        if !invalid.is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
            done += invalid.len();
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text delivered after each piece, and after the end; `|` marks the stop.
    fn run(stops: &[&str], pieces: &[&[u8]]) -> Vec<String> {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut assembler = Assembler::new(stops.iter());
        let mut parts = Vec::new();
        for piece in pieces {
            let mut out = String::new();
            let found = assembler.push(piece, &mut out);
            if found == Found::Stop {
                out.push('|');
                parts.push(out);
                return parts;
            }
            parts.push(out);
        }
        let mut out = String::new();
        assembler.flush(&mut out);
        parts.push(out);
        parts
    }

    #[test]
    fn characters_are_delivered_whole() {
        assert_eq!(run(&[], &[b"a", "é".as_bytes()]), ["a", "é", ""]);
        assert_eq!(run(&[], &[b"a\xc3", b"\xa9b"]), ["a", "éb", ""]);
        assert_eq!(run(&[], &[b"\xf0", b"\x9f", b"\x98", b"\x80"]), ["", "", "", "😀", ""]);
        assert_eq!(run(&["x"], &[b"\xf0\x9f", b"\x98\x80!"]), ["", "😀!", ""]);
    }

    #[test]
    fn invalid_bytes_are_replaced_and_an_unfinished_character_is_left_out() {
        assert_eq!(run(&[], &[b"a\xffb"]), ["a\u{fffd}b", ""]);
        assert_eq!(run(&[], &[b"\xc3", b"a"]), ["", "\u{fffd}a", ""]);
        assert_eq!(run(&[], &[b"a\xe2\x82"]), ["a", ""]);
    }

    #[test]
    fn nothing_of_a_stop_text_is_delivered() {
        assert_eq!(run(&["STOP"], &[b"go STOP now"]), ["go |"]);
        assert_eq!(run(&["STOP"], &[b"go S", b"TO", b"P"]), ["go ", "", "|"]);
        assert_eq!(run(&["TO", "STOP"], &[b"S", b"TOP"]), ["", "|"]);
        assert_eq!(run(&["STOP", "TO"], &[b"S", b"TO", b"P"]), ["", "S|"]);
        assert_eq!(run(&["é"], &[b"a\xc3", b"\xa9"]), ["a", "|"]);
        assert_eq!(run(&["aab"], &[b"aa", b"a", b"b"]), ["", "a", "|"]);
    }

    #[test]
    fn what_was_held_back_in_vain_is_delivered() {
        assert_eq!(run(&["STOP"], &[b"ST", b"AY"]), ["", "STAY", ""]);
        assert_eq!(run(&["STOP"], &[b"go STO"]), ["go ", "STO"]);
        assert_eq!(run(&["<end>", "<e"], &[b"1 <", b"2"]), ["1 ", "<2", ""]);
    }

    #[test]
    fn empty_stop_texts_are_ignored() {
        assert_eq!(run(&[""], &[b"a"]), ["a", ""]);
    }
}
