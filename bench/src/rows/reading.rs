//! Cost of parsing an answer for reasoning and tool calls while it is written, early and late in it. The cost per token
//! must not grow with the answer.

use llama_rs_core::protocol::{FinishReason, GenerateOptions, Message, Role, Tool};

use super::{ATTEMPTS, Bench};
use crate::Result;
use crate::stats::median;
use crate::table::Row;

/// The late cost may be this many times the early one.
const BAR: f64 = 1.2;

/// A template with tool calls, which the random model does not have.
const TEMPLATE: &str = include_str!("../../../models/tiny-chat/chat_template.jinja");

pub fn measure(bench: &mut Bench) -> Result<Vec<Row>> {
    let (mut early, mut late) = (Vec::new(), Vec::new());
    let (short, long) = (bench.scale.answer, bench.scale.long_answer);
    // The first answer with a template parses the template, and the very first answer finds everything cold.
    slowdown(bench, short)?;
    for _ in 0..bench.scale.rounds.min(3) {
        let (first, second) = bench.undisturbed(|bench| Ok((slowdown(bench, short)?, slowdown(bench, long)?)))?;
        early.push(first);
        late.push(second);
    }
    let ratio = median(&late) / median(&early);
    let against = format!("{long} tokens take {:.3} x as long, {short} tokens {:.3} x", median(&late), median(&early));
    Ok(vec![Row::at_most("reading for tools, late to early", ratio, BAR, against)])
}

/// Ratio of the time per token in a parsed answer to that in an unparsed one.
fn slowdown(bench: &mut Bench, tokens: u32) -> Result<f64> {
    let tool = Tool { name: "warmth".into(), description: "How warm it is.".into(), parameters: Default::default() };
    let reads = GenerateOptions { tools: vec![tool], ..plain() };
    // Forward and backward, so that drift affects both sides alike.
    let [before, first, second, after] =
        [plain(), reads.clone(), reads, plain()].map(|options| milliseconds_per_token(bench, tokens, options));
    Ok((first? + second?) / (before? + after?))
}

fn plain() -> GenerateOptions {
    GenerateOptions { chat_template: Some(TEMPLATE.into()), ..GenerateOptions::default() }
}

fn milliseconds_per_token(bench: &mut Bench, tokens: u32, options: GenerateOptions) -> Result<f64> {
    let mut attempts = 0;
    loop {
        let text = bench.text(bench.scale.short_prompt);
        let generation = bench.ours.begin_asking("read", vec![Message::new(Role::User, text)], tokens, options.clone());
        let outcome = bench.ours.finish_one(generation)?.outcome;
        bench.ours.dispose("read")?;
        attempts += 1;
        if outcome.reason == FinishReason::Length || attempts == ATTEMPTS {
            return Ok(outcome.timings.decode_ms / f64::from(outcome.usage.output_tokens.max(1)));
        }
    }
}
