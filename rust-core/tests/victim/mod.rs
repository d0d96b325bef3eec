//! This test program once more, as a process that writes until it is killed, and says before and after each thing what it is.

use std::io::{BufRead, BufReader, Lines, Stdout, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Set for the process that is to be killed: the directory, and the first version that it writes.
const DIRECTORY: &str = "LLAMA_RS_VICTIM_IN";
const VERSION: &str = "LLAMA_RS_VICTIM_FROM";
/// Marks the lines that the victim says from those of the test harness.
const MARK: &str = "victim ";

/// In the process that is to be killed, where it writes and from which version on. None in the test itself.
pub fn orders() -> Option<(PathBuf, u64)> {
    let (directory, version) = (std::env::var_os(DIRECTORY)?, std::env::var(VERSION).ok()?);
    Some((directory.into(), version.parse().expect("a number")))
}

/// How the victim is heard.
pub struct Voice(Stdout);

impl Voice {
    pub fn new() -> Self {
        let mut stdout = std::io::stdout();
        // The harness may have begun a line.
        writeln!(stdout).expect("the parent listens");
        Self(stdout)
    }

    pub fn say(&mut self, words: &str) {
        writeln!(self.0, "{MARK}{words}").expect("the parent listens");
    }
}

/// The process that is to be killed.
pub struct Victim {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Victim {
    /// Runs `test` of this program with orders.
    pub fn start(test: &str, directory: &Path, version: u64) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("tests know their path"))
            .args(["--exact", test, "--nocapture"])
            .env(DIRECTORY, directory)
            .env(VERSION, version.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this very program runs");
        let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        Self { process, lines }
    }

    /// Waits for the next thing that it says; `None` at the end.
    fn words(&mut self) -> Option<Vec<String>> {
        let mut said = self.lines.by_ref().map(|line| line.expect("text"));
        said.find_map(|line| Some(line.strip_prefix(MARK)?.split(' ').map(str::to_owned).collect()))
    }

    fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it was ours");
    }
}

/// A panic must not leave a process behind that writes for ever.
impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How long one thing takes here, from what victims say: so that kills are in the middle of things, on any machine.
#[derive(Default)]
pub struct Pace(Duration);

impl Pace {
    /// Lets a victim say so many things, and kills it so many `thousandths` of the time that two take after them. `hear` is told
    /// all that it has said.
    pub fn kill(&mut self, mut victim: Victim, things: usize, thousandths: usize, mut hear: impl FnMut(&[String])) {
        let mut said_at = Instant::now();
        for _ in 0..things {
            hear(&victim.words().expect("a victim does not end by itself"));
            self.heard(said_at.elapsed());
            said_at = Instant::now();
        }
        let moment = said_at + self.0.mul_f64(thousandths as f64 / 500.0);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        victim.kill();
        while let Some(words) = victim.words() {
            hear(&words);
        }
    }

    /// Something was heard `took` after the thing before.
    fn heard(&mut self, took: Duration) {
        self.0 = (self.0 * 7 + took.min(self.0 * 4 + Duration::from_millis(1))) / 8;
    }
}
