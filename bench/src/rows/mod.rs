//! The rows of the table, one group per file. Each group measures ours and bare in turn, so that a disturbance affects
//! both alike.

mod cancel;
mod contention;
mod decode;
mod download;
mod header;
mod memory;
mod neighbours;
mod parking;
mod prefill;
mod prepared;
mod reading;
mod remount;
mod saving;
mod sharing;
mod stall;
mod switch;

use std::time::{Duration, Instant};

use llama_rs_core::protocol::{FinishReason, ModelInfo, Usage};

use crate::Result;
use crate::bare::Bare;
use crate::ours::{Answer, Ours};
use crate::quiet::{self, Mark};
use crate::scale::Scale;
use crate::table::Row;

/// Scopes that the widest row needs: one active beside eight idle ones.
const SLOTS: u32 = 9;
/// A random model ends answers by chance. A row tries this many prompts.
const ATTEMPTS: usize = 5;

type Measure = fn(&mut Bench) -> Result<Vec<Row>>;

/// How often a disturbed measurement is repeated.
const DISTURBED: usize = 4;

/// Answers that the governor gets to recover: several seconds.
const RECOVERIES: usize = 8;

/// The groups, in order.
pub const ALL: [(&str, Measure); 22] = [
    ("remount", remount::measure),
    ("second turn", switch::second_turn),
    ("switch", switch::measure),
    ("prefill", prefill::measure),
    ("decode x1", decode::one),
    ("decode x4", decode::four),
    ("decode x8", decode::eight),
    ("four at once", decode::four_against_one),
    ("batches", decode::batches),
    ("reading", reading::measure),
    ("neighbours", neighbours::measure),
    ("cancel", cancel::measure),
    ("contention", contention::measure),
    ("parking", parking::measure),
    ("shared prompt", sharing::measure),
    ("prepared", prepared::measure),
    ("saving", saving::measure),
    ("stall", stall::measure),
    ("memory", memory::measure),
    ("memory of moved scopes", memory::moved),
    ("download", download::measure),
    ("header", header::measure),
];

/// The context of all rows: both sides in one process, with weights and contexts of their own.
pub struct Bench {
    pub ours: Ours,
    pub bare: Bare,
    pub scale: Scale,
    pub path: String,
    pub info: ModelInfo,
    texts: u32,
}

impl Bench {
    pub fn open(path: &str, scale: Scale) -> Result<Self> {
        let ours = Ours::open(path, scale.context_size, SLOTS)?;
        let info = ours.info()?;
        let bare = Bare::open(path, &info)?;
        Ok(Self { ours, bare, scale, path: path.into(), info, texts: 0 })
    }

    /// The model and the machine, in one line.
    pub fn title(&self) -> String {
        let ModelInfo { description, context_size, max_resident, threads, .. } = &self.info;
        let devices = self.ours.snapshot().devices;
        let features = devices.first().map_or_else(String::new, |device| device.features.join(" "));
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        format!("{name} ({description}), {max_resident} scopes of {context_size} tokens, {threads} threads, {features}")
    }

    /// Measures in a quiet moment, and repeats the measurement if it was disturbed.
    fn undisturbed<T>(&mut self, mut measure: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        let mut attempts = 0;
        loop {
            quiet::wait(self.scale.patience);
            self.recover()?;
            let mark = Mark::now();
            let measured = measure(self)?;
            attempts += 1;
            if mark.was_quiet() || attempts == DISTURBED || self.scale.patience.is_zero() {
                return Ok(measured);
            }
        }
    }

    /// Decodes until the governor has noticed that its cores are free again, or gives up.
    fn recover(&mut self) -> Result<()> {
        for _ in 0..RECOVERIES {
            if self.ours.info()?.threads >= self.info.threads {
                break;
            }
            self.answers(1, self.scale.short_prompt, self.scale.answer / 2, Duration::MAX)?;
        }
        Ok(())
    }

    /// New words, with this many characters in total.
    fn text(&mut self, characters: usize) -> String {
        self.texts += 1;
        let mut state = self.texts;
        let letters = (0..characters).map(|index| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if index % 6 == 5 { ' ' } else { char::from(b'a' + (state >> 24) as u8 % 26) }
        });
        letters.collect()
    }

    /// Generates whole answers in new scopes concurrently, up to `time` of decoding. Returns the answers, and the time
    /// from sending to the end of the last one.
    fn answers(&mut self, scopes: usize, characters: usize, answer: u32, time: Duration) -> Result<Answers> {
        let mut attempts = 0;
        loop {
            let turns: Vec<(String, String)> =
                (0..scopes).map(|scope| (format!("scope-{scope}"), self.text(characters))).collect();
            let began = Instant::now();
            let ids: Vec<String> = turns.iter().map(|(scope, text)| self.ours.begin(scope, text, answer)).collect();
            let answers = self.ours.finish(&ids, time)?;
            let ended = answers.iter().map(|answer| answer.finished_at).max().unwrap_or(began);
            for (scope, _) in &turns {
                self.ours.dispose(scope)?;
            }
            attempts += 1;
            let whole = answers.iter().all(|answer| answer.outcome.reason != FinishReason::Stop);
            if whole || attempts == ATTEMPTS {
                return Ok(Answers { answers, took: ended - began });
            }
        }
    }
}

/// The result of `Bench::answers`.
struct Answers {
    answers: Vec<Answer>,
    took: Duration,
}

impl Answers {
    /// Tokens of the longest prompt.
    fn prompt_tokens(&self) -> usize {
        self.answers.iter().map(|answer| answer.outcome.usage.prompt_tokens as usize).max().unwrap_or(0)
    }

    /// Tokens of the longest answer.
    fn output_tokens(&self) -> u32 {
        self.answers.iter().map(|answer| answer.outcome.usage.output_tokens).max().unwrap_or(0)
    }

    fn all_output_tokens(&self) -> u32 {
        self.answers.iter().map(|answer| answer.outcome.usage.output_tokens).sum()
    }
}

/// Cached tokens that a turn dropped and computed again, from the scope's size before and after it.
fn prefilled_again(before: u32, after: u32, answer: &Answer) -> u32 {
    let Usage { prefilled_tokens, output_tokens, .. } = answer.outcome.usage;
    // The token at an answer's length limit was sampled but is not in memory.
    let undecoded = u32::from(answer.outcome.reason == FinishReason::Length);
    let kept = (after + undecoded).saturating_sub(prefilled_tokens + output_tokens);
    before.saturating_sub(kept)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
