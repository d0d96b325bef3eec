//! How likely a token was by the model itself: the logarithm of the softmax of its logits, before any sampler.

use crate::engine::backend::Token;
use crate::protocol::{Logprob, TokenLogprob};

/// Stands for minus infinity, which JSON lacks.
const IMPOSSIBLE: f32 = -9_999.0;

/// The logprob of `token`, and of the `others` likeliest tokens. `logits` has one number for each token of the
/// vocabulary.
pub(in crate::engine) fn token_logprob(
    logits: &[f32],
    token: Token,
    others: usize,
    text: impl Fn(Token) -> String,
) -> TokenLogprob {
    // Subtracting the largest logit keeps the sum from overflowing.
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
    let logprob = |token: Token| {
        let logit = usize::try_from(token).ok().and_then(|index| logits.get(index));
        let logprob = logit.map_or(IMPOSSIBLE, |logit| (f64::from(logit - largest) - sum.ln()) as f32);
        Logprob { token, text: text(token), logprob: logprob.max(IMPOSSIBLE) }
    };
    TokenLogprob { chosen: logprob(token), top: likeliest(logits, others).into_iter().map(logprob).collect() }
}

/// The tokens of the largest logits, the largest first; of equal ones the smaller token first.
fn likeliest(logits: &[f32], most: usize) -> Vec<Token> {
    let mut best: Vec<(f32, usize)> = Vec::with_capacity(most + 1);
    for (token, logit) in logits.iter().copied().enumerate() {
        if best.len() == most && best.last().is_none_or(|(least, _)| logit <= *least) {
            continue;
        }
        best.insert(best.partition_point(|(other, _)| *other >= logit), (logit, token));
        best.truncate(most);
    }
    best.into_iter().map(|(_, token)| token as Token).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The chosen token and the top ones, as probabilities in percent.
    fn percents(logits: &[f32], token: Token, others: usize) -> (i32, Vec<(Token, i32)>) {
        let percent = |logprob: f32| (logprob.exp() * 100.0).round() as i32;
        let told = token_logprob(logits, token, others, |token| format!("<{token}>"));
        assert_eq!(told.chosen.text, format!("<{token}>"));
        (percent(told.chosen.logprob), told.top.iter().map(|top| (top.token, percent(top.logprob))).collect())
    }

    #[test]
    fn probabilities_are_the_softmax_of_the_logits() {
        let quarters = [1.0, 2.0, 1.0].map(|share: f32| share.ln());
        assert_eq!(percents(&quarters, 0, 2), (25, vec![(1, 50), (0, 25)]));
        assert_eq!(percents(&quarters, 2, 0), (25, vec![]));
        assert_eq!(percents(&quarters, 1, 20), (50, vec![(1, 50), (0, 25), (2, 25)]));
        // Far from zero, where exponentials overflow.
        assert_eq!(percents(&quarters.map(|logit| logit + 5_000.0), 1, 1), (50, vec![(1, 50)]));
    }

    #[test]
    fn what_is_impossible_is_a_number_too() {
        let told = token_logprob(&[0.0, f32::NEG_INFINITY], 1, 2, |_| String::new());
        assert_eq!((told.chosen.logprob, told.top[0].logprob, told.top[1].logprob), (IMPOSSIBLE, 0.0, IMPOSSIBLE));
        assert_eq!(token_logprob(&[0.0], 7, 0, |_| String::new()).chosen.logprob, IMPOSSIBLE);
    }

    #[test]
    fn the_likeliest_are_those_of_a_whole_sort() {
        let logits: Vec<f32> = (0..500_u32).map(|index| ((index * 7_919) % 251) as f32).collect();
        let mut sorted: Vec<Token> = (0..500).collect();
        sorted.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b)));
        for most in [0, 1, 5, 20] {
            assert_eq!(likeliest(&logits, most), sorted[..most], "{most}");
        }
    }
}
