//! Reruns a test in a process of its own, on a small file system of its own that ends with it.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::Path;
use std::process::{Command, Output};

/// Set in the process with the small file system: its path.
pub const DISK: &str = "LLAMA_RS_SMALL_DISK";

/// Runs `test` with a file system of 2 MB and its path. `wrapped` is the name of the calling test.
pub fn on_a_small_disk(wrapped: &str, test: impl FnOnce(&Path)) {
    if let Some(disk) = std::env::var_os(DISK) {
        return test(Path::new(&disk));
    }
    let disk = tempfile::tempdir().expect("a folder");
    // Root needs only a mount namespace, other users a user namespace as well.
    let script = "mount -t tmpfs -o size=2m small \"$0\" && exec \"$1\" --exact \"$2\" --nocapture";
    let can = |flags: &str| Command::new("unshare").args([flags, "true"]).status().is_ok_and(|status| status.success());
    let flags = ["-m", "-Urm"]
        .into_iter()
        .find(|flags| can(flags))
        .expect("a namespace of mounts: run as root, or allow users' namespaces");
    let output = Command::new("unshare")
        .args([flags, "sh", "-c", script])
        .arg(disk.path())
        .arg(std::env::current_exe().expect("tests know their path"))
        .arg(wrapped)
        .env(DISK, disk.path())
        .output()
        .expect("unshare runs, as it just did");
    assert_passed(&output);
}

/// Checks that exactly one test ran and passed: running none would be a success too.
pub fn assert_passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{wrong}");
}
