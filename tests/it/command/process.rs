//! The command as a process: arguments, environment and standard input in; streams and exit code out.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// A run of the command, not yet started. The environment is the test's own, without what the command listens to.
pub(super) fn papilio<A: AsRef<str>>(arguments: impl IntoIterator<Item = A>) -> Run {
    let mut command = Command::new(BINARY);
    for argument in arguments {
        command.arg(argument.as_ref());
    }
    prepare(command)
}

/// A script for the shell, in which `$0` is the command and `$1` the argument; `papilio` is found too.
#[cfg(unix)]
pub(super) fn shell(script: &str, argument: &str) -> Run {
    let mut command = Command::new("sh");
    command.args(["-c", script, BINARY, argument]);
    let mut path = PathBuf::from(BINARY)
        .parent()
        .unwrap()
        .as_os_str()
        .to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    prepare(command).env("PATH", path)
}

fn prepare(mut command: Command) -> Run {
    for name in ["RUST_LOG", "NO_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(name);
    }
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.env("TERM", "xterm");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Run {
        command,
        stdin: Vec::new(),
    }
}

const BINARY: &str = env!("CARGO_BIN_EXE_papilio");

/// See [`papilio`].
pub(super) struct Run {
    pub(super) command: Command,
    stdin: Vec<u8>,
}

impl Run {
    pub(super) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// What the command finds on standard input; nothing unless set.
    pub(super) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Runs to the end.
    pub(super) fn run(self) -> Ran {
        let mut running = self.start();
        let stdout = running.take_stdout();
        let stderr = running.take_stderr();
        let stdout = thread::spawn(move || read_all(stdout));
        let stderr = thread::spawn(move || read_all(stderr));
        let status = running.wait();
        Ran {
            code: status.code(),
            stdout: stdout.join().unwrap(),
            stderr: String::from_utf8(stderr.join().unwrap()).unwrap(),
        }
    }

    /// Starts it, for tests that meddle while it runs.
    pub(super) fn start(mut self) -> Running {
        let mut child = self.command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // Whether anybody reads it is the test's question.
        drop(stdin.write_all(&self.stdin));
        Running(child)
    }
}

/// A run that is under way; ended with the test at the latest.
pub(super) struct Running(pub(super) Child);

impl Running {
    pub(super) fn take_stdout(&mut self) -> impl Read + Send + 'static {
        self.0.stdout.take().unwrap()
    }

    pub(super) fn take_stderr(&mut self) -> impl Read + Send + 'static {
        self.0.stderr.take().unwrap()
    }

    /// Waits for the end; one that does not come within 20 seconds fails the test.
    #[track_caller]
    pub(super) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the command does not end");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What came of it.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

impl Ran {
    /// Exit code, standard output and standard error, to the byte.
    #[track_caller]
    pub(super) fn is(&self, code: i32, stdout: impl AsRef<[u8]>, stderr: &str) {
        let expected = stdout.as_ref().escape_ascii().to_string();
        let stdout = self.stdout.escape_ascii().to_string();
        assert_eq!(
            (self.code, stdout, self.stderr.as_str()),
            (Some(code), expected, stderr)
        );
    }

    /// Wrong use: nothing but a usage line and this complaint, which may go on.
    #[track_caller]
    pub(super) fn is_usage_error(&self, complaint: &str) {
        let expected = format!(
            "Usage: papilio <URL> [OPTIONS]\nTry 'papilio --help' for help.\n\nError: {complaint}"
        );
        assert!(self.stderr.starts_with(&expected), "{}", self.stderr);
        assert!(self.stderr.ends_with('\n'), "{}", self.stderr);
        self.is(2, "", &self.stderr);
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }
}

/// The path of a file that is not there yet.
pub(super) fn new_path() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, SeqCst);
    let name = format!("command-{}-{number}", std::process::id());
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Reads to the end; an error is one, too, for a terminal says so when nobody holds its other side.
pub(super) fn read_all(mut stream: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes));
    bytes
}

/// Reads up to these bytes, and not one more.
pub(super) fn read_until(stream: &mut impl Read, end: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(end) {
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    bytes
}
