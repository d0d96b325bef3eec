//! Busy neighbours: processes that keep one core each busy, in scheduling sessions of their own like other apps.

use std::io::Read;
use std::process::{Child, Command, Stdio};

use crate::Result;

/// The argument that turns this program into a busy neighbour.
pub const ARGUMENT: &str = "--busy-neighbour";

unsafe extern "C" {
    /// POSIX: makes the caller the leader of a new session. Returns -1 if it leads one already.
    safe fn setsid() -> i32;
}

/// Running neighbours. They end when this is dropped, and whenever this process ends.
pub struct Neighbours(Vec<Child>);

impl Neighbours {
    pub fn start(count: usize) -> Result<Self> {
        let mut neighbours = Self(Vec::with_capacity(count));
        for _ in 0..count {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn()?;
            // One byte signals that the child is in its session and busy.
            if let Some(ready) = child.stdout.as_mut() {
                ready.read_exact(&mut [0])?;
            }
            neighbours.0.push(child);
        }
        Ok(neighbours)
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // The child may have ended by itself; either way it is reaped.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The neighbour's main function: busy until its parent has gone.
pub fn be_busy() {
    setsid();
    std::thread::spawn(|| {
        loop {
            std::hint::black_box(0);
        }
    });
    println!();
    let _ = std::io::stdin().read(&mut [0]);
}
