//! A thousand random steps of all commands that move a scope, from a printed seed: every answer is right, every job and
//! every reply ends exactly once. The answers depend on every token that a slot holds, so a token of another scope
//! shows.

use std::collections::HashSet;

use super::*;
use crate::engine::scripted::signed;

const STEPS: usize = 1_000;
const SCOPES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// SplitMix64: small, seeded, and good enough to wander.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn scope(&mut self) -> &'static str {
        SCOPES[self.below(SCOPES.len())]
    }
}

struct Walk {
    harness: Harness,
    random: Random,
    /// Each scope's questions and answers, as if every turn had ended well.
    transcripts: HashMap<&'static str, Vec<(String, String)>>,
    /// Each with the right answer.
    sent: Vec<(Sent, String)>,
    replies: Vec<(&'static str, Replies<()>)>,
    copies: Vec<(&'static str, Replies<Option<Arc<KvSnapshot>>>)>,
    prefills: Vec<(CancelFlag, Replies<Prefilled>)>,
    /// The last copy of each scope.
    files: HashMap<&'static str, Arc<KvSnapshot>>,
    suspended: bool,
    /// Tokens of prefill jobs that were computed to the end.
    prefilled: u32,
}

impl Walk {
    fn step(&mut self, number: usize) {
        let scope = self.random.scope();
        match self.random.below(13) {
            0..=3 => self.generate(scope, number),
            4 => self.cancel(),
            5 => {
                let reply = self.harness.post(|reply| EngineCommand::Park { scope: scope.into(), reply });
                self.replies.push(("park", reply));
            }
            6 => {
                let reply = self.harness.post(|reply| EngineCommand::Restore { scope: scope.into(), reply });
                self.replies.push(("restore", reply));
            }
            7 => {
                let reply = self.harness.post(|reply| EngineCommand::Copy { scope: scope.into(), reply });
                self.copies.push((scope, reply));
            }
            8 => {
                if let Some(file) = self.files.get(scope) {
                    self.harness.command(EngineCommand::Keep(file.clone()));
                }
            }
            9 => {
                self.harness.command(EngineCommand::DropScope(scope.into()));
                self.transcripts.remove(scope);
                self.files.remove(scope);
            }
            10 => {
                let reply = self.harness.post(|reply| EngineCommand::Suspend { reply });
                self.replies.push(("suspend", reply));
                self.suspended = true;
            }
            11 => self.prefill_ahead(scope, number),
            _ => self.resume(),
        }
        // Now and then everything that was begun comes to its end.
        if self.random.below(8) == 0 {
            self.settle();
        }
    }

    /// The scope's next turn, after its transcript.
    fn turn(&mut self, scope: &'static str, question: &str) -> (Box<GenerationJob>, Sent) {
        let mut turn = turn(scope, question);
        turn.options.keep_partial = self.random.below(2) == 0;
        let transcript = self.transcripts.entry(scope).or_default();
        let earlier = transcript
            .iter()
            .flat_map(|(question, answer)| [message(Role::User, question), message(Role::Assistant, answer)]);
        let system = message(Role::System, &"the rules are the same for everybody ".repeat(6));
        turn.messages.splice(0..0, std::iter::once(system).chain(earlier));
        self.harness.job(turn)
    }

    /// A job that matches a later turn up to any word, or differs in the last one.
    fn prefill_ahead(&mut self, scope: &'static str, number: usize) {
        let coming = number + 1 + self.random.below(3);
        let (job, sent) = self.turn(scope, &format!("{scope} asks {coming}"));
        let mut tokens = job.prompt.tokens;
        tokens.truncate(tokens.len() - 2 - self.random.below(3));
        let (sender, receiver) = channel();
        let reply = Box::new(move |result| drop(sender.send(result)));
        let job = PrefillJob { scope: scope.into(), tokens, cancel: sent.cancel.clone(), reply };
        self.harness.command(EngineCommand::Prefill(Box::new(job)));
        self.prefills.push((sent.cancel, receiver));
    }

    fn generate(&mut self, scope: &'static str, number: usize) {
        let question = format!("{scope} asks {number}");
        let (job, sent) = self.turn(scope, &question);
        let answer = signed(&question, &job.prompt.tokens);
        let transcript = self.transcripts.entry(scope).or_default();
        // Some conversations are edited, and some begin again.
        match self.random.below(8) {
            0 => transcript.clear(),
            1 => drop(transcript.pop()),
            _ => transcript.push((question, answer.clone())),
        }
        self.harness.command(EngineCommand::Generate(job));
        self.sent.push((sent, answer));
    }

    fn cancel(&mut self) {
        if !self.sent.is_empty() {
            let index = self.random.below(self.sent.len());
            self.sent[index].0.cancel.cancel();
            self.harness.command(EngineCommand::Wake);
        }
        if !self.prefills.is_empty() {
            let index = self.random.below(self.prefills.len());
            self.prefills[index].0.cancel();
            self.harness.command(EngineCommand::Wake);
        }
    }

    fn resume(&mut self) {
        self.harness.command(EngineCommand::Resume);
        self.suspended = false;
    }

    /// Waits for every answer, and checks it.
    fn settle(&mut self) {
        if self.suspended {
            self.resume();
        }
        for (sent, answer) in std::mem::take(&mut self.sent) {
            let finished = self.harness.finished(&sent);
            match finished.reason {
                FinishReason::Stop => assert_eq!(finished.answer.text, answer),
                FinishReason::Cancelled => assert!(answer.starts_with(&finished.answer.text), "{finished:?}"),
                FinishReason::Length | FinishReason::ToolCalls | FinishReason::Failed => panic!("{finished:?}"),
            }
        }
        for (command, reply) in std::mem::take(&mut self.replies) {
            match (command, only(reply).map_err(|error| error.code)) {
                (_, Ok(())) | ("park", Err(ErrorCode::Busy)) => {}
                ("restore", Err(ErrorCode::Busy | ErrorCode::NotCached)) => {}
                (command, Err(code)) => panic!("{command} failed: {code:?}"),
            }
        }
        for (_, reply) in std::mem::take(&mut self.prefills) {
            match only(reply) {
                Ok(prefilled) => self.prefilled += prefilled.prefilled_tokens,
                Err(error) => assert_eq!(error.code, ErrorCode::Cancelled),
            }
        }
        for (scope, reply) in std::mem::take(&mut self.copies) {
            if let Some(copy) = only(reply).expect("this memory can be saved") {
                let state = copy.open(scope).expect("it is whole, and the scope's own");
                let held = state.as_chunks().0.iter().map(|word| Token::from_le_bytes(*word));
                assert!(held.eq(copy.tokens().iter().copied()), "a copy holds what it says");
                self.files.insert(scope, copy);
            }
        }
        // Parked scopes are not kept for ever.
        let kept = self.harness.kept.as_mut().expect("this harness keeps");
        if kept.len() > 4 {
            kept.clear();
        }
    }
}

/// The one reply; a second one fails.
fn only<T>(reply: Replies<T>) -> Result<T> {
    let first = reply.recv_timeout(PATIENCE).expect("the engine replies");
    assert!(reply.recv().is_err(), "one reply is enough");
    first
}

#[test]
fn random_moves_never_give_a_wrong_answer() {
    for seed in [1, 2, 3] {
        let script = Script::new();
        script.sign();
        let mut walk = Walk {
            harness: Harness::loaded_with(&script, |config| config.max_resident = Some(3)).keeping(),
            random: Random(seed),
            transcripts: HashMap::new(),
            sent: vec![],
            replies: vec![],
            copies: vec![],
            prefills: vec![],
            files: HashMap::new(),
            suspended: false,
            prefilled: 0,
        };
        for number in 0..STEPS {
            walk.step(number);
        }
        walk.settle();
        let counts = script.counts();
        assert!(counts.restores > 100 && counts.saves > 100, "seed {seed} moved little: {counts:?}");
        assert!(walk.prefilled > 100, "seed {seed} prefilled little: {}", walk.prefilled);
        let journal = walk.harness.journal();
        let ended: Vec<&String> = journal.iter().filter(|line| line.starts_with("finished")).collect();
        let jobs: HashSet<&str> = ended.iter().filter_map(|line| line.rsplit_once(' ')).map(|(job, _)| job).collect();
        assert_eq!(jobs.len(), ended.len(), "seed {seed}: a job ended twice");
        assert_eq!(walk.harness.stop().last().map(String::as_str), Some("exited"));
    }
}
