//! A small BERT with random weights: writes its file, and computes its outputs plainly from the paper (Devlin et al.
//! 2018), with the tanh GELU of the published code.

use std::collections::BTreeMap;
use std::path::Path;

use super::random_model::gguf_file::{F32, GgufFile};
use super::random_model::{Random, Value};

/// Tokens of the longest text.
pub const CONTEXT: usize = 160;

const WIDTH: usize = 64;
const HEADS: usize = 4;
const WIDE: usize = 128;
const LAYERS: usize = 2;
const EPSILON: f64 = 1e-12;

const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const UNKNOWN: i32 = 1;
const FIRST: i32 = 2;
const LAST: i32 = 3;

/// Word pieces after a word's start carry a `+`.
const WORDS: &str = "my name is alice bob what who are you the a quick brown fox jump +s +ed +ing over lazy dog and then it does so \
                     once more until nobody look any longer set timer for five minute query passage : . , ? !";

pub struct EncoderModel {
    tokens: Vec<String>,
    weights: BTreeMap<String, (Vec<u32>, Vec<f32>)>,
}

impl EncoderModel {
    /// The same seed gives the same weights.
    pub fn new(seed: u64) -> Self {
        let words = WORDS.split_whitespace().map(|word| match word.strip_prefix('+') {
            Some(rest) => rest.to_owned(),
            None => format!("\u{2581}{word}"),
        });
        let tokens: Vec<String> = SPECIAL.iter().map(|name| (*name).to_owned()).chain(words).collect();
        let mut model = Self { tokens, weights: BTreeMap::new() };
        let mut random = Random(seed);
        let vocabulary = model.tokens.len();
        for (name, outputs) in [("token_embd", vocabulary), ("token_types", 2), ("position_embd", CONTEXT)] {
            model.fill(&format!("{name}.weight"), &[WIDTH, outputs], 0.0, 1.0, &mut random);
        }
        model.norm("token_embd_norm", &mut random);
        for layer in 0..LAYERS {
            for (name, inputs, outputs) in [
                ("attn_q", WIDTH, WIDTH),
                ("attn_k", WIDTH, WIDTH),
                ("attn_v", WIDTH, WIDTH),
                ("attn_output", WIDTH, WIDTH),
                ("ffn_up", WIDTH, WIDE),
                ("ffn_down", WIDE, WIDTH),
            ] {
                // Large enough that attention and activation matter.
                model.fill(&format!("blk.{layer}.{name}.weight"), &[inputs, outputs], 0.0, 0.25, &mut random);
                model.fill(&format!("blk.{layer}.{name}.bias"), &[outputs], 0.0, 0.25, &mut random);
            }
            model.norm(&format!("blk.{layer}.attn_output_norm"), &mut random);
            model.norm(&format!("blk.{layer}.layer_output_norm"), &mut random);
        }
        model
    }

    fn norm(&mut self, name: &str, random: &mut Random) {
        self.fill(&format!("{name}.weight"), &[WIDTH], 1.0, 0.5, random);
        self.fill(&format!("{name}.bias"), &[WIDTH], 0.0, 0.5, random);
    }

    /// Random values within `spread` of `middle`.
    fn fill(&mut self, name: &str, size: &[usize], middle: f32, spread: f32, random: &mut Random) {
        let unit = |bits: u64| (bits >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
        let values = (0..size.iter().product()).map(|_| middle + spread * unit(random.next())).collect();
        let size = size.iter().map(|size| u32::try_from(*size).expect("small")).collect();
        self.weights.insert(name.to_owned(), (size, values));
    }

    /// Writes the file with additional keys in its header.
    pub fn write(&self, path: &Path, header: &[(&str, Value)]) {
        let number = |value: usize| u32::try_from(value).expect("small");
        let mut file = GgufFile::default();
        file.text("general.architecture", "bert");
        for (name, value) in [
            ("context_length", CONTEXT),
            ("embedding_length", WIDTH),
            ("block_count", LAYERS),
            ("feed_forward_length", WIDE),
            ("attention.head_count", HEADS),
        ] {
            file.number(&format!("bert.{name}"), number(value));
        }
        file.float("bert.attention.layer_norm_epsilon", EPSILON as f32);
        file.truth("bert.attention.causal", false);
        for (name, value) in header {
            match value {
                Value::Number(value) => file.number(name, *value),
                Value::Truth(value) => file.truth(name, *value),
            }
        }
        file.text("tokenizer.ggml.model", "bert");
        file.texts("tokenizer.ggml.tokens", &self.tokens);
        // Control tokens come first, then words.
        let types: Vec<i32> = (0..self.tokens.len()).map(|id| if id < SPECIAL.len() { 3 } else { 1 }).collect();
        file.integers("tokenizer.ggml.token_type", &types);
        file.number("tokenizer.ggml.token_type_count", 2);
        for (name, id) in [("padding", 0), ("unknown", 1), ("bos", 2), ("cls", 2), ("seperator", 3), ("mask", 4)] {
            file.number(&format!("tokenizer.ggml.{name}_token_id"), id);
        }
        for (name, (size, values)) in &self.weights {
            file.tensor(name, size, F32, values.iter().flat_map(|value| value.to_le_bytes()).collect());
        }
        file.write(path);
    }

    /// Tokenizes a text of words separated by spaces, with `+` before word pieces: `jump +ing`.
    pub fn tokens(&self, text: &str) -> Vec<i32> {
        let token = |word: &str| {
            let wanted = word.strip_prefix('+').map_or_else(|| format!("\u{2581}{word}"), str::to_owned);
            let place = self.tokens.iter().position(|token| *token == wanted);
            place.map_or(UNKNOWN, |place| i32::try_from(place).expect("small"))
        };
        [&[FIRST][..], &text.split(' ').map(token).collect::<Vec<i32>>(), &[LAST]].concat()
    }

    /// The output of each token of a text.
    pub fn outputs(&self, tokens: &[i32]) -> Vec<Vec<f64>> {
        let embedded = tokens.iter().enumerate().map(|(position, token)| {
            let row = |name: &str, row: usize| self.values(name)[row * WIDTH..(row + 1) * WIDTH].to_vec();
            let word = row("token_embd.weight", usize::try_from(*token).expect("a token"));
            let place = row("position_embd.weight", position);
            let kind = row("token_types.weight", 0);
            let sum: Vec<f64> =
                (0..WIDTH).map(|at| f64::from(word[at]) + f64::from(place[at]) + f64::from(kind[at])).collect();
            self.normalized("token_embd_norm", &sum)
        });
        (0..LAYERS).fold(embedded.collect(), |states, layer| self.layer(layer, &states))
    }

    fn layer(&self, layer: usize, states: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let name = |part: &str| format!("blk.{layer}.{part}");
        let all = |part: &str| states.iter().map(|state| self.linear(&name(part), state)).collect::<Vec<_>>();
        let (queries, keys, values) = (all("attn_q"), all("attn_k"), all("attn_v"));
        states
            .iter()
            .zip(&queries)
            .map(|(state, query)| {
                let attended = self.linear(&name("attn_output"), &attention(query, &keys, &values));
                let state = self.normalized(&name("attn_output_norm"), &sum(state, &attended));
                let wide: Vec<f64> = self.linear(&name("ffn_up"), &state).into_iter().map(gelu).collect();
                let narrow = self.linear(&name("ffn_down"), &wide);
                self.normalized(&name("layer_output_norm"), &sum(&state, &narrow))
            })
            .collect()
    }

    fn values(&self, name: &str) -> &[f32] {
        &self.weights[name].1
    }

    fn linear(&self, name: &str, input: &[f64]) -> Vec<f64> {
        let (weight, bias) = (self.values(&format!("{name}.weight")), self.values(&format!("{name}.bias")));
        let row = |(row, bias): (&[f32], &f32)| {
            f64::from(*bias) + row.iter().zip(input).map(|(weight, value)| f64::from(*weight) * value).sum::<f64>()
        };
        weight.chunks(input.len()).zip(bias).map(row).collect()
    }

    fn normalized(&self, name: &str, input: &[f64]) -> Vec<f64> {
        let (weight, bias) = (self.values(&format!("{name}.weight")), self.values(&format!("{name}.bias")));
        let mean = input.iter().sum::<f64>() / input.len() as f64;
        let variance = input.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / input.len() as f64;
        let scale = 1.0 / (variance + EPSILON).sqrt();
        let one = |at: usize| (input[at] - mean) * scale * f64::from(weight[at]) + f64::from(bias[at]);
        (0..input.len()).map(one).collect()
    }
}

/// Attention of one token over all tokens of its text, later ones included.
fn attention(query: &[f64], keys: &[Vec<f64>], values: &[Vec<f64>]) -> Vec<f64> {
    let size = WIDTH / HEADS;
    let mut result = Vec::new();
    for head in 0..HEADS {
        let part = head * size..(head + 1) * size;
        let likeness = |key: &Vec<f64>| {
            let dot = query[part.clone()].iter().zip(&key[part.clone()]).map(|(one, other)| one * other).sum::<f64>();
            (dot / (size as f64).sqrt()).exp()
        };
        let shares: Vec<f64> = keys.iter().map(likeness).collect();
        let whole: f64 = shares.iter().sum();
        result.extend(
            part.map(|at| shares.iter().zip(values).map(|(share, value)| share / whole * value[at]).sum::<f64>()),
        );
    }
    result
}

fn sum(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter().zip(other).map(|(one, other)| one + other).collect()
}

fn gelu(value: f64) -> f64 {
    let inner = (2.0 / std::f64::consts::PI).sqrt() * (value + 0.044_715 * value.powi(3));
    0.5 * value * (1.0 + inner.tanh())
}
