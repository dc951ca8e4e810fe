//! A test in a process of its own: for what all threads of a process share, such as descriptors and their limit.

use std::env;
use std::process::Command;

/// Runs the test of this name (`module::function`) in a process where nothing else runs.
pub(crate) fn alone(name: &str, test: impl FnOnce()) {
    const MARK: &str = "PAPILIO_TEST_ALONE";
    if env::var_os(MARK).is_some() {
        return test();
    }
    let child = command()
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{name}, alone: {}\n{said}\n{}",
        child.status,
        String::from_utf8_lossy(&child.stderr)
    );
}

/// This program, with few descriptors where that can be arranged.
fn command() -> Command {
    let exe = env::current_exe().unwrap();
    if !cfg!(unix) {
        return Command::new(exe);
    }
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -n 256; exec \"$0\" \"$@\""])
        .arg(exe);
    shell
}

/// How many descriptors this process has open; `None` where that cannot be seen.
pub(crate) fn descriptors() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}
