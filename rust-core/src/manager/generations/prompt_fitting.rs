//! Fits a conversation that outgrows its context: the model sees the system prompt and the newest turns. A pure rule;
//! the template is a parameter.

use crate::engine::Prompt;
use crate::error::{Error, ErrorCode, Result};
use crate::manager::scopes::system_messages;
use crate::protocol::{Message, Overflow, Role};

/// A prompt, and the number of messages after the system prompt that it leaves out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fitted {
    pub(crate) prompt: Prompt,
    pub(crate) dropped: usize,
}

/// Tokens for a prompt and its answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::manager) struct TokenBudget {
    context_size: usize,
    /// Tokens that are kept free for the answer, as long as older turns can be dropped.
    reserve: usize,
}

impl TokenBudget {
    /// The reserve is the answer's limit, but at most a quarter of the context. Without a limit it is an eighth, so
    /// that a scope is recorded as nearly full before messages are dropped.
    pub(in crate::manager) fn new(context_size: u32, max_output_tokens: Option<u32>) -> Self {
        let reserve = max_output_tokens.map_or(context_size / 8, |most| most.min(context_size / 4));
        Self { context_size: context_size as usize, reserve: reserve as usize }
    }
}

/// Renders a conversation without its `dropped` oldest messages. If too little room is left and `overflow` allows it,
/// further turns are dropped, oldest first, until half of the context is free. The next turns then fit without another
/// cut, and without another full prefill. The last turn always stays.
///
/// Renders at most 2 + log2(turns) times. A cut that the template refuses counts as too long, so that later cuts are
/// tried. `ContextFull` if system prompt and last turn alone exceed the context; `TemplateFailed` if the template
/// refused a cut and no other prompt fits.
pub(in crate::manager) fn fit(
    messages: &[Message],
    dropped: usize,
    overflow: Overflow,
    budget: TokenBudget,
    render: impl Fn(&[Message]) -> Result<Prompt>,
) -> Result<Fitted> {
    let system = system_messages(messages);
    let (before, later) = cuts(messages, system, dropped);
    let render_without = |dropped: usize| {
        let seen = [&messages[..system], &messages[system + dropped..]].concat();
        render(&seen).map(|prompt| Fitted { prompt, dropped })
    };
    let whole = render_without(before)?;
    match overflow {
        // The engine refuses a prompt that is too long.
        Overflow::Error => Ok(whole),
        Overflow::DropOldest if length(&whole) + budget.reserve <= budget.context_size => Ok(whole),
        Overflow::DropOldest => shorten(whole, &later, budget, render_without),
    }
}

/// The possible cuts, as numbers of messages to drop after the system prompt: the largest cut up to `dropped`, and all
/// larger ones. A cut is in front of a turn, which is a user message and everything up to the next user message.
fn cuts(messages: &[Message], system: usize, dropped: usize) -> (usize, Vec<usize>) {
    let talk = messages[system..].iter().enumerate().skip(1);
    let turns = talk.filter(|(_, message)| message.role == Role::User).map(|(index, _)| index);
    let (before, later): (Vec<usize>, Vec<usize>) = turns.partition(|cut| *cut <= dropped);
    (before.last().copied().unwrap_or(0), later)
}

/// Finds the first cut that frees half of the context, or else the shortest prompt.
fn shorten(
    whole: Fitted,
    cuts: &[usize],
    budget: TokenBudget,
    render_without: impl Fn(usize) -> Result<Fitted>,
) -> Result<Fitted> {
    let (mut best, mut shortest, mut refusal) = (None, whole, None);
    let (mut low, mut high) = (0, cuts.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match render_without(cuts[middle]) {
            Ok(fitted) if length(&fitted) <= budget.context_size / 2 => {
                best = Some(fitted);
                high = middle;
                continue;
            }
            Ok(fitted) if length(&fitted) < length(&shortest) => shortest = fitted,
            Ok(_no_shorter) => {}
            Err(error) if error.code == ErrorCode::TemplateFailed => refusal = Some(error),
            Err(error) => return Err(error),
        }
        low = middle + 1;
    }
    match best {
        Some(best) => Ok(best),
        None if length(&shortest) <= budget.context_size => Ok(shortest),
        None => Err(refusal.unwrap_or_else(|| too_long(length(&shortest), budget))),
    }
}

fn length(fitted: &Fitted) -> usize {
    fitted.prompt.tokens.len()
}

fn too_long(tokens: usize, budget: TokenBudget) -> Error {
    let detail = format!(
        "the last message and the system prompt have {tokens} tokens, contextSize is {} - shorten them or load the \
         model with a larger contextSize",
        budget.context_size
    );
    Error::new(ErrorCode::ContextFull, detail)
}
