//! The engine on a scripted model, observed by its reports, its sinks and the calls that it makes.

mod bench_run;
mod embeddings;
mod encoder;
mod generations;
mod lifecycle;
mod prefill_ahead;
mod prefix_reuse;
mod scheduling;
mod scopes;
mod suspension;
mod swap;
mod swap_random;

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::scripted::{Gate, Script, Vocabulary};
use super::*;
use crate::error::{Error, ErrorCode, Result};
use crate::kv::KvSnapshot;
use crate::protocol::{FinishReason, GenerateOptions, Message, ModelConfig, Overflow, Role, TokenLogprob, Usage};

const PATIENCE: Duration = Duration::from_secs(20);

/// Collects the output of a job.
#[derive(Default)]
struct Collected {
    text: Mutex<String>,
    logprobs: Mutex<Vec<TokenLogprob>>,
}

impl AnswerSink for Collected {
    fn text(&self, text: &str) {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    fn reasoning(&self, text: &str) {
        unreachable!("a script does not think: {text}");
    }

    fn tool_call(&self, _: usize, _: &str, name: &str, _: &str) {
        unreachable!("a script calls no tools: {name}");
    }

    fn logprob(&self, token: TokenLogprob) {
        self.logprobs.lock().unwrap_or_else(PoisonError::into_inner).push(token);
    }
}

impl Collected {
    fn get(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The text of each reported token, and the number of others reported with it.
    fn logprobs(&self) -> Vec<(String, usize)> {
        let told = self.logprobs.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().map(|told| (told.chosen.text.clone(), told.top.len())).collect()
    }
}

/// One turn to send. The question is the generation's id.
struct Turn {
    scope: &'static str,
    messages: Vec<Message>,
    options: GenerateOptions,
    overflow: Overflow,
    stop: Vec<String>,
}

fn message(role: Role, content: &str) -> Message {
    Message::new(role, content)
}

/// A turn of one user message.
fn turn(scope: &'static str, question: &str) -> Turn {
    Turn {
        scope,
        messages: vec![message(Role::User, question)],
        options: GenerateOptions::default(),
        overflow: Overflow::default(),
        stop: vec![],
    }
}

impl Turn {
    /// Puts an earlier exchange before the question.
    fn after(mut self, question: &str, answer: &str) -> Self {
        let at = self.messages.len() - 1;
        self.messages.insert(at, message(Role::Assistant, answer));
        self.messages.insert(at, message(Role::User, question));
        self
    }

    fn options(mut self, change: impl FnOnce(&mut GenerateOptions)) -> Self {
        change(&mut self.options);
        self
    }
}

/// A test's handle on a turn that it sent.
struct Sent {
    generation: String,
    cancel: CancelFlag,
    sink: Arc<Collected>,
}

/// Receives the reply to a command, and then the end of the channel.
type Replies<T> = Receiver<Result<T>>;

type Journal = Arc<Mutex<Vec<String>>>;

fn write(journal: &Journal, line: String) {
    journal.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

struct Harness {
    engine: Engine,
    reports: Receiver<EngineReport>,
    /// Everything reported so far, in order, as short lines.
    log: Vec<String>,
    ended: Vec<Finished>,
    /// The last report of each scope's cached tokens that no test has asked for yet.
    held: HashMap<String, Option<u32>>,
    /// Reports and replies, in the order in which the engine gave them.
    journal: Journal,
    /// Parked scopes, in a harness that keeps them alive.
    kept: Option<HashMap<String, Arc<KvSnapshot>>>,
    prompter: Option<Arc<dyn Prompter>>,
    cancel_load: CancelFlag,
}

impl Harness {
    /// Starts an engine without waiting for its load.
    fn start(script: &Script, configure: impl FnOnce(&mut ModelConfig)) -> Self {
        let mut config = ModelConfig::new("script.gguf");
        configure(&mut config);
        let (sender, reports) = channel();
        let cancel_load = CancelFlag::default();
        let journal = Journal::default();
        let theirs = journal.clone();
        let report = move |report| {
            write(&theirs, line(&report));
            // A test that has seen enough may be gone.
            let _ = sender.send(report);
        };
        let engine = Engine::start(script.loader(), config, cancel_load.clone(), report);
        let (log, ended, held) = (vec![], vec![], HashMap::new());
        Self { engine, reports, log, ended, held, journal, kept: None, prompter: None, cancel_load }
    }

    fn loaded(script: &Script) -> Self {
        Self::loaded_with(script, |_| {})
    }

    fn loaded_with(script: &Script, configure: impl FnOnce(&mut ModelConfig)) -> Self {
        let mut harness = Self::start(script, configure);
        harness.until(|report| matches!(report, EngineReport::Loaded { .. }));
        harness
    }

    fn job(&self, turn: Turn) -> (Box<GenerationJob>, Sent) {
        let generation = turn.messages.last().expect("a turn has a message").content.clone();
        let render = |prompter: &dyn Prompter| {
            prompter.render(&turn.messages, &turn.options).expect("the script renders everything")
        };
        let mut prompt = match &self.prompter {
            Some(prompter) => render(&**prompter),
            None => render(&Vocabulary::default()),
        };
        prompt.stop = turn.stop;
        let sent = Sent {
            generation: generation.clone(),
            cancel: CancelFlag::default(),
            sink: Arc::new(Collected::default()),
        };
        let job = GenerationJob {
            generation,
            scope: turn.scope.into(),
            prompt,
            options: turn.options,
            overflow: turn.overflow,
            cancel: sent.cancel.clone(),
            sink: sent.sink.clone(),
            requested_at: Instant::now(),
        };
        (Box::new(job), sent)
    }

    fn send(&self, turn: Turn) -> Sent {
        let (job, sent) = self.job(turn);
        assert!(self.engine.send(EngineCommand::Generate(job)).is_ok(), "the mailbox has room");
        sent
    }

    /// Sends a turn and waits for its end.
    fn ask(&mut self, turn: Turn) -> Finished {
        let sent = self.send(turn);
        self.finished(&sent)
    }

    fn finished(&mut self, sent: &Sent) -> Finished {
        let place = loop {
            if let Some(place) = self.ended.iter().position(|ended| ended.generation == sent.generation) {
                break place;
            }
            self.until(|report| matches!(report, EngineReport::Finished(_)));
        };
        let finished = self.ended.remove(place);
        assert_eq!(finished.answer.text, sent.sink.get(), "the text is what went into the sink");
        assert_eq!(finished.error.is_some(), finished.reason == FinishReason::Failed);
        finished
    }

    /// Keeps parked scopes alive from now on.
    fn keeping(mut self) -> Self {
        self.kept = Some(HashMap::new());
        self
    }

    /// Sends a command with a reply.
    fn post<T: Send + 'static>(&self, make: impl FnOnce(EngineReply<T>) -> EngineCommand) -> Replies<T> {
        let (sender, receiver) = channel();
        let journal = self.journal.clone();
        let reply = Box::new(move |result: Result<T>| {
            write(&journal, result.as_ref().map_or_else(|error| format!("reply {:?}", error.code), |_| "reply".into()));
            let _ = sender.send(result);
        });
        assert!(self.engine.send(make(reply)).is_ok(), "the mailbox has room");
        receiver
    }

    fn call<T: Send + 'static>(&self, make: impl FnOnce(EngineReply<T>) -> EngineCommand) -> Result<T> {
        self.post(make).recv_timeout(PATIENCE).expect("the engine replies")
    }

    fn park(&self, scope: &str) -> Result<()> {
        self.call(|reply| EngineCommand::Park { scope: scope.into(), reply })
    }

    fn copy(&self, scope: &str) -> Result<Option<Arc<KvSnapshot>>> {
        self.call(|reply| EngineCommand::Copy { scope: scope.into(), reply })
    }

    fn restore(&self, scope: &str) -> Result<()> {
        self.call(|reply| EngineCommand::Restore { scope: scope.into(), reply })
    }

    fn suspend(&self) {
        self.call(|reply| EngineCommand::Suspend { reply }).expect("an engine can be suspended");
    }

    fn command(&self, command: EngineCommand) {
        assert!(self.engine.send(command).is_ok(), "the mailbox has room");
    }

    fn journal(&self) -> Vec<String> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last lines of the journal.
    fn last(&self, lines: usize) -> Vec<String> {
        let journal = self.journal();
        journal[journal.len() - lines..].to_vec()
    }

    /// A scope's cached tokens, from the last report or else the next.
    fn cached(&mut self, wanted: &str) -> Option<u32> {
        if let Some(tokens) = self.held.remove(wanted) {
            return tokens;
        }
        self.until(|report| matches!(report, EngineReport::Cached { scope, .. } if scope == wanted));
        self.held.remove(wanted).flatten()
    }

    fn until(&mut self, wanted: impl Fn(&EngineReport) -> bool) -> EngineReport {
        loop {
            let report = self.reports.recv_timeout(PATIENCE).expect("the engine reports");
            self.log.push(line(&report));
            if let EngineReport::Loaded { prompter, .. } = &report {
                self.prompter = Some(prompter.clone());
            }
            if let (EngineReport::Parked { parked, .. }, Some(kept)) = (&report, &mut self.kept) {
                kept.insert(parked.scope().to_owned(), parked.clone());
            }
            if let EngineReport::Cached { scope, tokens } = &report {
                self.held.insert(scope.clone(), *tokens);
            }
            if let EngineReport::Finished(finished) = &report {
                self.ended.push(finished.clone());
            }
            if wanted(&report) {
                return report;
            }
        }
    }

    /// Stops the engine, and gives all reports that were not read yet.
    fn stop(self) -> Vec<String> {
        self.engine.stop();
        self.rest()
    }

    /// Waits for the thread's end, and gives all reports that were not read yet.
    fn rest(self) -> Vec<String> {
        let Self { engine, reports, .. } = self;
        engine.join();
        reports.into_iter().map(|report| line(&report)).collect()
    }
}

fn line(report: &EngineReport) -> String {
    match report {
        EngineReport::Progress(LoadProgress::Reading(share)) => format!("progress {share}"),
        EngineReport::Progress(LoadProgress::Downloading(progress)) => format!("downloaded {}", progress.bytes),
        EngineReport::Loaded { .. } => "loaded".into(),
        EngineReport::Prefilling { generation, done, total } => format!("prefilling {generation} {done}/{total}"),
        EngineReport::Finished(finished) => match &finished.error {
            None => format!("finished {} {:?}", finished.generation, finished.reason),
            Some(error) => format!("finished {} {:?}", finished.generation, error.code),
        },
        EngineReport::Parked { parked, .. } => format!("parked {} {}", parked.scope(), parked.tokens().len()),
        EngineReport::Restored { scope, result } => format!("restored {scope} {result:?}"),
        EngineReport::Cached { scope, tokens } => format!("cached {scope} {tokens:?}"),
        EngineReport::ThreadsChanged { from, to, .. } => format!("threads {from} {to}"),
        EngineReport::Exited(Ok(())) => "exited".into(),
        EngineReport::Exited(Err(error)) => format!("exited {:?}", error.code),
    }
}

fn code(finished: &Finished) -> Option<ErrorCode> {
    finished.error.as_ref().map(|error| error.code)
}
