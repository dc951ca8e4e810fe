//! A test in a process of its own: for what all threads of a process share, such as descriptors, memory, the environment
//! or the level of the log.

use std::env;
use std::process::{Command, Output};

/// Whether this process runs the test of this name (`module::function`, with or without the crate in front of it) and no
/// other; if not, such a process is started and has to succeed. It may have few descriptors open, so that leaks show.
#[track_caller]
pub(crate) fn alone(test: &str, environment: &[(&str, &str)]) -> bool {
    said_alone(test, environment).is_none()
}

/// The same, for a test about what a program prints: `None` in the process of the test's own, and in the other what that
/// one said.
#[track_caller]
pub(crate) fn said_alone(test: &str, environment: &[(&str, &str)]) -> Option<Output> {
    const MARK: &str = "PAPILIO_TEST_ALONE";
    let test = test
        .strip_prefix(concat!(env!("CARGO_CRATE_NAME"), "::"))
        .unwrap_or(test);
    if env::var_os(MARK).is_some_and(|name| name == test) {
        return None;
    }
    let output = command()
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(MARK, test)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{test}, alone: {}\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output)
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
