//! Chooses the slot or copy that a new conversation takes its prefix from. Pure: it sees token lists and decides; the
//! scheduler copies.

use crate::engine::backend::Token;

/// For a shorter prefix, copying saves no time over prefilling.
const LEAST_COMMON: usize = 32;
/// Copying costs by the source's whole length, and is over 50 times cheaper than prefilling as many tokens. At a third
/// of that factor the copy is sure to gain.
const MOST_TIMES_LONGER: usize = 16;

/// The prefix source, and how many tokens it shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PrefixSource {
    /// Its index among the candidates.
    pub(super) index: usize,
    /// Tokens that it shares with the prompt, from the first on.
    pub(super) common: usize,
}

/// The candidate with the longest prefix of `prompt`; of equals the shortest, because less is copied; of those the
/// first. None if no copy is worth its cost. At least the prompt's last token is left to decode. A candidate that would
/// have to be shortened by `uncuttable` tokens or more is left out.
pub(super) fn choose<'a>(
    prompt: &[Token],
    candidates: impl Iterator<Item = &'a [Token]>,
    uncuttable: usize,
) -> Option<PrefixSource> {
    let worth_it = |common: usize, length: usize| {
        common >= LEAST_COMMON && common * MOST_TIMES_LONGER >= length && length - common < uncuttable
    };
    candidates
        .enumerate()
        .map(|(index, tokens)| (PrefixSource { index, common: common(prompt, tokens) }, tokens.len()))
        .filter(|(source, length)| worth_it(source.common, *length))
        .min_by_key(|(source, length)| (std::cmp::Reverse(source.common), *length))
        .map(|(source, _)| source)
}

/// Whether a prompt that is being prefilled will hold a prefix of `prompt` that is long enough beyond the `now` tokens
/// available at once. Each of `coming` is such a prompt, and how many of its tokens are in memory.
pub(super) fn worth_waiting<'a>(
    prompt: &[Token],
    now: usize,
    mut coming: impl Iterator<Item = (&'a [Token], usize)>,
) -> bool {
    coming.any(|(tokens, held)| {
        let common = common(prompt, tokens);
        common >= now + LEAST_COMMON && held < common
    })
}

fn common(prompt: &[Token], tokens: &[Token]) -> usize {
    let same = prompt.iter().zip(tokens).take_while(|(one, other)| one == other).count();
    same.min(prompt.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first `common` tokens of every prompt here, then `other` tokens of another conversation.
    fn tokens(common: usize, other: usize) -> Vec<Token> {
        (0..common).chain((0..other).map(|index| 10_000 + index)).map(|token| token as Token).collect()
    }

    #[test]
    fn the_source_with_the_longest_common_prefix_is_copied_if_that_pays() {
        type Case = (&'static str, usize, &'static [(usize, usize)], usize, Option<(usize, usize)>);
        const ANY: usize = usize::MAX;
        let cases: &[Case] = &[
            ("no source", 100, &[], ANY, None),
            ("an empty source", 100, &[(0, 0)], ANY, None),
            ("nothing in common", 100, &[(0, 100)], ANY, None),
            ("too little in common", 100, &[(31, 0)], ANY, None),
            ("just enough", 100, &[(32, 0)], ANY, Some((0, 32))),
            ("the longest", 100, &[(40, 5), (60, 5), (50, 5)], ANY, Some((1, 60))),
            ("of equals the shortest", 100, &[(40, 90), (40, 5), (40, 50)], ANY, Some((1, 40))),
            ("of equals the first", 100, &[(0, 9), (40, 5), (40, 5)], ANY, Some((1, 40))),
            ("longer, though it costs more", 100, &[(40, 0), (41, 500)], ANY, Some((1, 41))),
            ("as long as it may be", 100, &[(40, 15 * 40)], ANY, Some((0, 40))),
            ("too long to be copied for so little", 100, &[(40, 15 * 40 + 1)], ANY, None),
            ("too long, but another will do", 100, &[(40, 601), (32, 0)], ANY, Some((1, 32))),
            ("all of the prompt but its last token", 100, &[(100, 0)], ANY, Some((0, 99))),
            ("a prompt that is too short itself", 32, &[(32, 0)], ANY, None),
            ("more than the memory can be cut by", 100, &[(40, 8)], 8, None),
            ("less than that", 100, &[(40, 7)], 8, Some((0, 40))),
            ("a memory that cannot be cut at all", 100, &[(40, 1), (32, 0)], 1, Some((1, 32))),
        ];
        for (name, length, sources, uncuttable, wanted) in cases {
            let prompt = tokens(*length, 0);
            let sources: Vec<Vec<Token>> = sources.iter().map(|(common, other)| tokens(*common, *other)).collect();
            let found = choose(&prompt, sources.iter().map(Vec::as_slice), *uncuttable);
            assert_eq!(found.map(|source| (source.index, source.common)), *wanted, "{name}");
        }
    }

    #[test]
    fn a_prompt_waits_for_one_that_is_being_prefilled_if_that_saves_it_enough() {
        // Tokens available now; then the prompts being prefilled: common, other and held tokens.
        type Case = (&'static str, usize, &'static [(usize, usize, usize)], bool);
        let cases: &[Case] = &[
            ("no prompt", 0, &[], false),
            ("nothing held yet", 0, &[(50, 20, 0)], true),
            ("too little in common", 0, &[(31, 20, 0)], false),
            ("almost there", 0, &[(50, 20, 49)], true),
            ("there already", 0, &[(50, 20, 50)], false),
            ("beyond it", 0, &[(50, 20, 60)], false),
            ("little more than is available now", 40, &[(71, 20, 40)], false),
            ("much more than is available now", 40, &[(72, 20, 40)], true),
            ("one of several", 0, &[(0, 90, 0), (50, 0, 0)], true),
        ];
        for (name, now, coming, wanted) in cases {
            let coming: Vec<_> = coming.iter().map(|(common, other, held)| (tokens(*common, *other), *held)).collect();
            let coming = coming.iter().map(|(tokens, held)| (tokens.as_slice(), *held));
            assert_eq!(worth_waiting(&tokens(100, 0), *now, coming), *wanted, "{name}");
        }
    }
}
