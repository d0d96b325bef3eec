//! Runs this test program a second time, as a process that writes until it is killed, and reports before and after each
//! change.

use std::io::{BufRead, BufReader, Lines, Stdout, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Set in the process to kill: the directory, and the first version that it writes.
const DIRECTORY: &str = "LLAMA_RS_VICTIM_IN";
const VERSION: &str = "LLAMA_RS_VICTIM_FROM";
/// Marks the process's reports among the test harness's lines.
const MARK: &str = "victim ";

/// In the process to kill: its directory and first version. `None` in the test itself.
pub fn orders() -> Option<(PathBuf, u64)> {
    let (directory, version) = (std::env::var_os(DIRECTORY)?, std::env::var(VERSION).ok()?);
    Some((directory.into(), version.parse().expect("a number")))
}

/// Reports to the test.
pub struct Voice(Stdout);

impl Voice {
    pub fn new() -> Self {
        let mut stdout = std::io::stdout();
        // The harness may have started a line.
        writeln!(stdout).expect("the parent listens");
        Self(stdout)
    }

    pub fn say(&mut self, words: &str) {
        writeln!(self.0, "{MARK}{words}").expect("the parent listens");
    }
}

/// The process to kill.
pub struct Victim {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Victim {
    /// Runs `test` of this program as the process to kill.
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

    /// Waits for the next report; `None` at the end.
    fn words(&mut self) -> Option<Vec<String>> {
        let mut said = self.lines.by_ref().map(|line| line.expect("text"));
        said.find_map(|line| Some(line.strip_prefix(MARK)?.split(' ').map(str::to_owned).collect()))
    }

    fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it was ours");
    }
}

/// A panic must not leave the process running.
impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Measures how long one change takes here, so that kills fall within changes on any machine.
#[derive(Default)]
pub struct Pace(Duration);

impl Pace {
    /// Kills a process after this many reports and `thousandths` of the time of two more. Passes all its reports to
    /// `hear`.
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

    /// Notes that a report came `took` after the one before.
    fn heard(&mut self, took: Duration) {
        self.0 = (self.0 * 7 + took.min(self.0 * 4 + Duration::from_millis(1))) / 8;
    }
}
