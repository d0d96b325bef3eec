//! Finds how much of a sequence a new prompt can reuse. A generated text may tokenize differently when it returns in a
//! prompt, so the texts are compared, not only the tokens.

use crate::engine::backend::Token;

/// Where a prompt continues a sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reuse {
    /// Cached tokens to keep; the sequence forgets the rest.
    pub(super) keep: usize,
    /// Index of the first prompt token to decode.
    pub(super) from: usize,
}

/// Finds the last boundary that both tokenizations share and up to which they spell the same bytes. At least the
/// prompt's last token is left to decode, so that there are logits to sample from.
///
/// `bytes` gives a token's bytes in a prompt, and nothing for a control token. Control tokens match by id alone,
/// because a user may type the text of one.
pub(super) fn reuse(cached: &[Token], prompt: &[Token], bytes: impl Fn(Token) -> Option<Vec<u8>>) -> Reuse {
    let mut best = Reuse::default();
    let (mut kept, mut from) = (0, 0);
    let (mut cached_rest, mut prompt_rest): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    loop {
        if cached_rest.is_empty() && prompt_rest.is_empty() {
            if from < prompt.len() {
                best = Reuse { keep: kept, from };
            }
            let same = cached[kept..].iter().zip(&prompt[from..]).take_while(|(one, other)| one == other).count();
            if same > 0 {
                (kept, from) = (kept + same, from + same);
                // A match up to the prompt's end leaves its last token to decode.
                let spare = usize::from(from == prompt.len());
                best = Reuse { keep: kept - spare, from: from - spare };
            }
        }
        if cached_rest.is_empty() && !refill(&mut cached_rest, cached, &mut kept, &bytes) {
            return best;
        }
        if prompt_rest.is_empty() && !refill(&mut prompt_rest, prompt, &mut from, &bytes) {
            return best;
        }
        let common = cached_rest.len().min(prompt_rest.len());
        if cached_rest[..common] != prompt_rest[..common] {
            return best;
        }
        cached_rest.drain(..common);
        prompt_rest.drain(..common);
    }
}

/// Takes the next token's bytes. False at the end, at a control token, and at a token without bytes.
fn refill(rest: &mut Vec<u8>, tokens: &[Token], index: &mut usize, bytes: &impl Fn(Token) -> Option<Vec<u8>>) -> bool {
    let Some(next) = tokens.get(*index).and_then(|token| bytes(*token)) else {
        return false;
    };
    *index += 1;
    *rest = next;
    !rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Control tokens are negative; the others spell a list of words.
    const WORDS: [&str; 9] = ["he", "llo", "hello", " wor", "ld", " world", "", "<end>", "l"];
    const END: Token = -1;

    fn bytes(token: Token) -> Option<Vec<u8>> {
        usize::try_from(token).ok().map(|index| WORDS[index].as_bytes().to_vec())
    }

    #[test]
    fn the_last_common_boundary_is_kept() {
        type Case = (&'static str, &'static [Token], &'static [Token], (usize, usize));
        let cases: &[Case] = &[
            ("nothing cached", &[], &[2, 5], (0, 0)),
            ("a longer prompt goes on at the end", &[2, 5], &[2, 5, END, 2], (2, 2)),
            ("the same prompt decodes its last token again", &[2, 5], &[2, 5], (1, 1)),
            ("a prompt of one token, cached already", &[2, 5], &[2], (0, 0)),
            ("a shorter prompt", &[2, 5, END, 2], &[2, 5], (1, 1)),
            ("a difference in the middle", &[2, 5, END, 2], &[2, 5, 0, 2], (2, 2)),
            ("nothing in common", &[2, 5], &[5, 2], (0, 0)),
            ("generated in pieces, tokenized whole", &[0, 1, 5], &[2, 5, END], (3, 2)),
            ("generated whole, tokenized in pieces", &[2, 5], &[0, 1, 3, 4, END], (2, 4)),
            ("pieces that cross each other never meet", &[0, 8], &[2, 5], (0, 0)),
            ("pieces meet, then differ", &[0, 1, 3], &[2, 5, END], (2, 1)),
            ("pieces meet exactly at the prompt's end", &[0, 1], &[2], (0, 0)),
            ("a control token matches by id", &[2, END], &[2, END, 5], (2, 2)),
            ("a typed control text is no control token", &[2, END, 5], &[2, 7, 5], (1, 1)),
            ("a control token ends a text in pieces", &[0, END], &[2, END], (0, 0)),
            ("tokens without bytes match by id", &[2, 6, 5], &[2, 6, 5, 0], (3, 3)),
            ("a token without bytes against another", &[2, 6, 5], &[2, 5, 0], (1, 1)),
        ];
        for (name, cached, prompt, (keep, from)) in cases {
            assert_eq!(reuse(cached, prompt, bytes), Reuse { keep: *keep, from: *from }, "{name}");
        }
    }

    #[test]
    fn what_is_kept_spells_what_is_skipped_for_every_small_pair() {
        let spell = |tokens: &[Token]| tokens.iter().flat_map(|token| bytes(*token).unwrap_or(vec![0])).collect();
        let alphabet = [0, 1, 2, 8, END];
        let sequences: Vec<Vec<Token>> = (0..alphabet.len().pow(4))
            .map(|number| (0..4).map(|digit| alphabet[number / alphabet.len().pow(digit) % alphabet.len()]).collect())
            .collect();
        for cached in &sequences {
            for prompt in &sequences {
                let reuse = reuse(cached, prompt, bytes);
                let (kept, skipped): (Vec<u8>, Vec<u8>) = (spell(&cached[..reuse.keep]), spell(&prompt[..reuse.from]));
                assert!(kept == skipped && reuse.from < prompt.len(), "{cached:?} {prompt:?} {reuse:?}");
            }
        }
    }
}
