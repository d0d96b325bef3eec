//! A conversation beside seven others with every other kind of sampling computes what it computes alone, except for the
//! order of additions in a batch.

#![cfg(feature = "llama")]

mod llama_common;

use llama_common::{config, greedy, load, message, prefill};
use llama_rs_core::engine::{LoadedModel, Row, Sampler, Sequence, Token};
use llama_rs_core::protocol::{GenerateOptions, LogitBias, ModelConfig, ResponseFormat, Role};

const NEIGHBOURS: usize = 7;
const STEPS: u32 = 24;
/// A token of plain text.
const ANY: Token = 300;
/// Largest rounding difference of batched sums, for logits that span about thirty.
const TOLERANCE: f32 = 0.25;

fn model() -> LoadedModel {
    load(&ModelConfig {
        max_resident: Some(1 + NEIGHBOURS as u32),
        context_size: Some(256),
        threads: Some(2),
        ..config()
    })
}

fn neighbour(number: usize) -> GenerateOptions {
    let gbnf = |gbnf: &str| Some(ResponseFormat::Grammar { gbnf: gbnf.to_owned(), triggers: vec![] });
    let plain = GenerateOptions { seed: Some(number as u32), ..GenerateOptions::default() };
    match number {
        0 => GenerateOptions { response_format: gbnf("root ::= ([a-z]+ \" \")*"), ..plain },
        1 => GenerateOptions { response_format: gbnf("root ::= [0-9]*"), temperature: Some(2.0), ..plain },
        2 => GenerateOptions { response_format: Some(ResponseFormat::Json { schema: None }), ..plain },
        3 => GenerateOptions { mirostat: Some(2), ..plain },
        4 => GenerateOptions { mirostat: Some(1), ..plain },
        5 => GenerateOptions { dry_multiplier: Some(0.8), xtc_probability: Some(0.5), typical_p: Some(0.9), ..plain },
        _ => GenerateOptions { logit_bias: vec![LogitBias { token: 300, bias: 5.0 }], top_k: Some(0), ..plain },
    }
}

struct Talk {
    sampler: Box<dyn Sampler>,
    next: Token,
    position: u32,
}

/// Prefills a sequence with a conversation and samples its first token.
fn begin(model: &mut LoadedModel, sequence: Sequence, text: &str, options: Option<&GenerateOptions>) -> Talk {
    let asked = options.cloned().unwrap_or_default();
    let prompt = model.prompter.render(&[message(Role::User, text)], &asked).expect("the template takes this");
    let mut sampler = match options {
        Some(options) => model.context.sampler(options, prompt.format.as_ref()).expect("options in range"),
        None => greedy(model),
    };
    let row = prefill(model, sequence, &prompt.tokens, 0, None).expect("the prompt fits");
    let next = model.context.sample(row, &mut *sampler).expect("the row has logits");
    Talk { sampler, next, position: prompt.tokens.len() as u32 }
}

/// The logits of the first sequence after each of its greedy tokens, and the tokens.
fn logits(neighbours: usize) -> (Vec<Vec<f32>>, Vec<Token>) {
    let mut model = model();
    let mut talks = vec![begin(&mut model, 0, "my name is alice", None)];
    for number in 0..neighbours {
        let text = format!("tell me story number {number}");
        talks.push(begin(&mut model, 1 + number as Sequence, &text, Some(&neighbour(number))));
    }
    let (mut seen, mut tokens) = (Vec::new(), Vec::new());
    for _ in 0..STEPS {
        if model.context.is_end(talks[0].next) {
            break;
        }
        tokens.push(talks[0].next);
        let rows: Vec<Row> = talks
            .iter()
            .enumerate()
            .map(|(sequence, talk)| Row {
                sequence: sequence as Sequence,
                position: talk.position,
                token: talk.next,
                wants_logits: true,
            })
            .collect();
        model.context.decode(&rows, None).expect("they fit");
        seen.push(model.context.logits(0).expect("the row has logits"));
        for (row, talk) in talks.iter_mut().enumerate() {
            talk.next = model.context.sample(row, &mut *talk.sampler).expect("something is left to choose");
            talk.position += 1;
        }
        for talk in talks.iter_mut().skip(1).filter(|talk| model.context.is_end(talk.next)) {
            // A finished neighbour starts over, so that there are always seven.
            (talk.next, talk.sampler) = (ANY, greedy(&model));
        }
    }
    (seen, tokens)
}

#[test]
fn seven_neighbours_with_other_samplers_and_grammars_change_nothing() {
    let (alone, tokens) = logits(0);
    let (beside, same) = logits(NEIGHBOURS);
    let steps = beside.len().min(alone.len());
    assert!(steps >= 4, "{steps} steps were shared");
    assert_eq!(tokens[..steps], same[..steps], "the facts of the tiny model are exact");
    for (step, (alone, beside)) in alone.iter().zip(&beside).enumerate() {
        let apart = alone.iter().zip(beside).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
        assert!(apart <= TOLERANCE, "{apart} apart at step {step}");
    }
}
