//! A model made of a script: words are tokens, answers are looked up, and the model stops where a test tells it to.
//! Every policy above the seam is tested with it; races are tested by order, never by sleep.
//!
//! ```text
//! let script = Script::new();
//! script.answer("hello", "hi there");
//! let gate = script.gate(Point::Decode(2));      // stops before the second decode step
//! let engine = Engine::start(script.loader(), ModelConfig::new("any.gguf"), …);
//! gate.wait();                                   // the engine stands there now
//! …cancel, stop, send more…
//! gate.open();
//! ```
//!
//! The answer depends only on the tokens that the sequence holds, so a wrong prefix reuse gives a wrong answer.

mod bench_context;
mod context;
mod embedding_context;
mod encoder;
mod loader;
mod vocabulary;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::Duration;

pub(crate) use self::bench_context::BENCH_BATCH;
pub(crate) use self::embedding_context::{bidirectional_output, causal_output};
pub(crate) use self::vocabulary::Vocabulary;
use super::backend::{DecodeError, Loaded, LoadedModel, ModelLoader, Sequence, Token};
use crate::error::{Error, ErrorCode};
use crate::protocol::ModelConfig;

/// How long a test waits for the engine before it fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tokens of an encoder's longest text.
pub(crate) const ENCODER_CONTEXT: u32 = 512;

/// A place in the script where a test can plan an action, once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Point {
    /// In a load, before this share (0 to 1, in steps of a tenth) is reported.
    Load(f32),
    /// In a prefill, after this many rows have been prefilled since the script was made. The rows are in memory; the
    /// abort flag is read next.
    Prefilled(u32),
    /// Before the n-th decode step since the script was made, counted from 1. Prefill calls do not count.
    Decode(u32),
    /// Before the n-th sampled token since the script was made, counted from 1.
    Sample(u32),
    /// Before the n-th sequence is saved since the script was made, counted from 1.
    Save(u32),
    /// Before the n-th sequence is restored since the script was made, counted from 1.
    Restore(u32),
    /// Before the n-th call of an embedding context since the script was made, counted from 1.
    Embed(u32),
    /// Before the n-th call of a bench context since the script was made, counted from 1.
    Bench(u32),
    /// While weights and context are being freed.
    Free,
    /// While a file's header is read for an estimate: by `canLoad`, or as a load begins.
    Estimate,
}

enum Action {
    Stop { reached: mpsc::Sender<()>, opened: mpsc::Receiver<()> },
    Panic,
    Fail(String),
    Full,
}

/// A test's handle on a place where the engine stops. Dropping it lets the engine go on.
pub(crate) struct Gate {
    reached: mpsc::Receiver<()>,
    open: mpsc::Sender<()>,
}

impl Gate {
    /// Blocks until the engine stands at the gate. Panics after 20 s. An async test waits in `spawn_blocking`, which
    /// also keeps paused time from jumping.
    pub(crate) fn wait(&self) {
        self.reached.recv_timeout(PATIENCE).expect("the engine reaches the gate");
    }

    /// Lets the engine go on.
    pub(crate) fn open(self) {
        // The engine may have ended, for example by a panic elsewhere.
        let _ = self.open.send(());
    }
}

/// What has happened so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Loads begun, failed ones included.
    pub(crate) loads: u32,
    /// Models in memory now.
    pub(crate) live: u32,
    pub(crate) prefilled_rows: u32,
    pub(crate) prefill_calls: u32,
    pub(crate) decode_calls: u32,
    pub(crate) sampled: u32,
    /// Times that compute threads were given back.
    pub(crate) rests: u32,
    /// Sequences taken out of the memory.
    pub(crate) saves: u32,
    /// Sequences put back.
    pub(crate) restores: u32,
    /// Embedding contexts made so far.
    pub(crate) embedding_contexts: u32,
    /// Embedding contexts in memory now.
    pub(crate) live_embedding_contexts: u32,
    /// Their decode calls.
    pub(crate) embedding_calls: u32,
    /// Bench contexts in memory now.
    pub(crate) live_bench_contexts: u32,
    /// Their calls.
    pub(crate) bench_calls: u32,
}

/// One decode call as the context saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) prefill: bool,
    /// The sequence of each row.
    pub(crate) sequences: Vec<Sequence>,
}

#[derive(Default)]
struct State {
    answers: Vec<(String, Vec<Vec<u8>>)>,
    actions: Vec<(Point, Action)>,
    failing_loads: Vec<Error>,
    failing_estimates: Vec<Error>,
    /// By path.
    needs: HashMap<String, Needs>,
    available_memory: Option<u64>,
    signs: bool,
    cannot_cut: bool,
    cannot_save: bool,
    restores_badly: bool,
    makes_no_embeddings: bool,
    /// Paths of models that make embeddings and nothing else.
    encoders: HashSet<String>,
    refuses_embedding_contexts: bool,
    embedding_threads: Vec<u32>,
    refuses_bench_contexts: bool,
    bench_threads: Vec<u32>,
    counts: Counts,
    calls: Vec<Call>,
    threads: Vec<u32>,
    vocabulary: Vocabulary,
}

/// The memory of a model, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) weights: u64,
    /// For each token of each slot.
    pub(crate) kv_per_token: u64,
    pub(crate) compute: u64,
}

/// The test's handle on a scripted model. Clones share one script.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

impl Script {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The loader for an engine or a manager. Every load, of any path, gives a model of this script. The defaults are a
    /// context of 4,096 tokens, 4 slots and 1 thread.
    pub(crate) fn loader(&self) -> Arc<dyn ModelLoader> {
        Arc::new(self.clone())
    }

    /// The last user message `question` is answered with `answer`, a word per token. Without a script the answer is
    /// "you said: " and the question.
    pub(crate) fn answer(&self, question: &str, answer: &str) {
        let pieces: Vec<Vec<u8>> = vocabulary::words(answer).map(|word| word.as_bytes().to_vec()).collect();
        self.lock().answers.push((question.to_owned(), pieces));
    }

    /// From now on an answer without a script ends in a word that depends on every token of its prompt: see `signed`.
    pub(crate) fn sign(&self) {
        self.lock().signs = true;
    }

    /// Like `answer`, with the bytes of each token: text cut within a word or within a character.
    pub(crate) fn answer_in_pieces(&self, question: &str, pieces: &[&[u8]]) {
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        self.lock().answers.push((question.to_owned(), pieces));
    }

    /// Stops the engine at a point, once.
    pub(crate) fn gate(&self, point: Point) -> Gate {
        let (standing, reached) = mpsc::channel();
        let (open, opened) = mpsc::channel();
        self.lock().actions.push((point, Action::Stop { reached: standing, opened }));
        Gate { reached, open }
    }

    /// Panics at a point, once.
    pub(crate) fn panic_at(&self, point: Point) {
        self.lock().actions.push((point, Action::Panic));
    }

    /// Lets the call at a point fail, once: a decode with `detail`, any other call as `InferenceFailed`.
    pub(crate) fn fail_at(&self, point: Point, detail: &str) {
        self.lock().actions.push((point, Action::Fail(detail.to_owned())));
    }

    /// Lets the decode call at a point find the KV memory full, once.
    pub(crate) fn full_at(&self, point: Point) {
        self.lock().actions.push((point, Action::Full));
    }

    /// Lets the next `times` loads fail, for example as `OutOfMemory`.
    pub(crate) fn fail_loads(&self, times: usize, code: ErrorCode) {
        let error = Error::new(code, "the script says so");
        self.lock().failing_loads.extend(std::iter::repeat_n(error, times));
    }

    /// Lets the next estimate fail. The estimate that a load makes for itself counts too.
    pub(crate) fn fail_estimate(&self, code: ErrorCode) {
        self.lock().failing_estimates.push(Error::new(code, "the script says so"));
    }

    /// Sets the estimate of a path from now on. Without it: 1,000 bytes of weights, and nothing else.
    pub(crate) fn needs(&self, path: &str, needs: Needs) {
        self.lock().needs.insert(path.to_owned(), needs);
    }

    /// Sets the free memory of the system from now on, in bytes. Without it the system does not say.
    pub(crate) fn has_memory(&self, available: u64) {
        self.lock().available_memory = Some(available);
    }

    /// From now on the memory cannot be cut, like that of a recurrent model.
    pub(crate) fn forbid_cutting(&self) {
        self.lock().cannot_cut = true;
    }

    /// From now on no sequence can be saved.
    pub(crate) fn forbid_saving(&self) {
        self.lock().cannot_save = true;
    }

    /// From now on the model makes no embeddings.
    pub(crate) fn forbid_embeddings(&self) {
        self.lock().makes_no_embeddings = true;
    }

    /// From now on the model at this path makes embeddings and nothing else, of texts of `ENCODER_CONTEXT` tokens at
    /// most.
    pub(crate) fn encodes(&self, path: &str) {
        self.lock().encoders.insert(path.to_owned());
    }

    /// Loads a model that holds conversations, for a test without an engine.
    pub(crate) fn load_chat(&self, config: &ModelConfig) -> LoadedModel {
        match self.load(config, &mut |_| true) {
            Ok(Loaded::Chat(model)) => model,
            Ok(Loaded::Encoder(_)) => panic!("the script encodes {}", config.path),
            Err(error) => panic!("the script loads: {error}"),
        }
    }

    fn context_size(&self, config: &ModelConfig) -> u32 {
        let asked = config.context_size.unwrap_or(4096);
        if self.lock().encoders.contains(&config.path) { asked.min(ENCODER_CONTEXT) } else { asked }
    }

    /// Lets the next embedding context find no memory.
    pub(crate) fn refuse_embedding_context(&self) {
        self.lock().refuses_embedding_contexts = true;
    }

    /// The thread counts that embedding contexts were given after they were made.
    pub(crate) fn embedding_threads(&self) -> Vec<u32> {
        self.lock().embedding_threads.clone()
    }

    /// Lets the next bench context find no memory.
    pub(crate) fn refuse_bench_context(&self) {
        self.lock().refuses_bench_contexts = true;
    }

    /// The thread counts that bench contexts were given after they were made.
    pub(crate) fn bench_threads(&self) -> Vec<u32> {
        self.lock().bench_threads.clone()
    }

    /// Lets the next restore silently lose a token.
    pub(crate) fn restore_badly(&self) {
        self.lock().restores_badly = true;
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().counts.clone()
    }

    /// Every decode call so far, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The thread counts that were set, in order.
    pub(crate) fn threads(&self) -> Vec<u32> {
        self.lock().threads.clone()
    }

    /// Carries out the action that a test planned for this point.
    fn pass(&self, reached: Point) -> std::result::Result<(), DecodeError> {
        let action = {
            let mut state = self.lock();
            let planned = state.actions.iter().position(|(point, _)| *point == reached);
            planned.map(|index| state.actions.remove(index).1)
        };
        match action {
            None => Ok(()),
            Some(Action::Stop { reached, opened }) => {
                // A dropped gate is open.
                let _ = reached.send(());
                let _ = opened.recv();
                Ok(())
            }
            Some(Action::Panic) => panic!("the script says so"),
            Some(Action::Fail(detail)) => Err(DecodeError::Failed(detail)),
            Some(Action::Full) => Err(DecodeError::Full),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

/// The answer of a script that signs.
pub(crate) fn signed(question: &str, prompt: &[Token]) -> String {
    let mut hash = DefaultHasher::new();
    prompt.hash(&mut hash);
    format!("you said: {question} #{:x}", hash.finish())
}

/// A scripted panic leaves no broken state: it is consistent between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
